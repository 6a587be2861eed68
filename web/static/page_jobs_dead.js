// Dead letters: where they are, why, and the way back.
import { html, useEffect, useState } from './vendor/preact.js';
import { may, send } from './api.js';
import { Panel, Trouble, Empty, Skeleton, Time, Do, amount } from './ui.js';
import { useQueues } from './page_jobs_queues.js';
import { AskBulk, BulkActs, Operations } from './page_jobs_bulk.js';
import { FilterBar, Found, useJobs, useSelection } from './page_jobs_all.js';
import { JobLink } from './page_jobs_table.js';

export function DeadLetters() {
  const selection = { ...useSelection(), states: ['dead'] };
  const [begun, setBegun] = useState();
  const list = useJobs(selection);
  const queues = useQueues();
  if (!may('scheduler:read')) return null;
  const start = (o) => setBegun(o.id);
  return html`<${ByQueue} queues=${queues} onStart=${start} />
    <${Operations} of=${['redrive', 'purge']} begun=${begun} onEnd=${() => { list.reload(); queues.reload(); }} />
    <${Panel} title="Redrive or purge some"><${FilterBar} selection=${selection} queues=${queues} problem=${list.problem} fixed=${true} />
      <${BulkActs} selection=${selection} of=${['redrive', 'purge']} onStart=${start} /><//>
    <${Found} list=${list} selection=${selection} title="Letters" none=${html`<${Empty} title="No dead letters"><p>Nothing is there, or nothing matches. A job that fails as often as it may is kept here for two weeks.</p><//>`} />`;
}

function ByQueue({ queues, onStart }) {
  const { data, problem, loading } = queues;
  const [ask, setAsk] = useState();
  const dead = data?.items.filter((q) => q.jobs.dead > 0);
  return html`<${Panel} title="By queue">
    <${Trouble} problem=${problem} />
    ${loading && !data && html`<${Skeleton} rows=${3} />`}
    ${dead && (dead.length ? html`<div class="table-wrap" tabindex="0" role="region" aria-label="Queues with dead letters"><table class="rows fold"><thead><tr><th>Queue</th><th class="num">Dead</th><th>Newest error</th><th class="num">When</th><th><span class="hidden">Acts</span></th></tr></thead>
      <tbody>${dead.map((q) => html`<${Row} key=${q.name} of=${q} ask=${setAsk} />`)}</tbody></table></div>`
    : html`<${Empty} title="No queue has dead letters"><p>A job whose last attempt fails ends here, with what it failed with, until it is redriven, purged, or two weeks old.</p><//>`)}
    ${ask && html`<${AskBulk} ...${ask} onStart=${onStart} onClose=${() => setAsk()} />`}
  <//>`;
}

// useNewest reads the newest dead letter of a queue, and anew when their number
// has changed.
function useNewest(queue, dead) {
  const [job, setJob] = useState();
  useEffect(() => {
    let gone = false;
    const read = async () => {
      const { data } = await send({ path: `/v1/jobs?limit=1&state=dead&queue=${encodeURIComponent(queue)}` });
      if (!gone) setJob(data.items[0]);
    };
    read().catch(() => { /* the next count tells */ });
    return () => { gone = true; };
  }, [queue, dead]);
  return job;
}

function Row({ of: q, ask }) {
  const newest = useNewest(q.name, q.jobs.dead);
  const act = (kind) => () => ask({ kind, selection: { queue: q.name, states: ['dead'] } });
  return html`<tr><td data-name=""><a href=${`/console/jobs/queues/${q.name}`}>${q.name}</a></td><td class="num" data-name="Dead">${amount(q.jobs.dead)}</td>
    <td class="said" data-name="Newest error">${newest && html`${newest.last_error ?? 'none was told'} <${JobLink} id=${newest.id} />`}</td>
    <td class="num" data-name="When">${newest && html`<${Time} at=${newest.finished_at} />`}</td>
    <td class="end"><span class="row-acts"><${Do} plain=${true} scope="scheduler:write" aria-label=${`Redrive ${q.name}`} onClick=${act('redrive')}>Redrive…<//><${Do} plain=${true} scope="scheduler:write" aria-label=${`Purge ${q.name}`} onClick=${act('purge')}>Purge…<//></span></td></tr>`;
}
