// One queue, live: its depth, its limits, its newest jobs.
import { html, useRef, useState } from './vendor/preact.js';
import { may } from './api.js';
import { beat, recent } from './activity.js';
import { Chart } from './chart.js';
import { useLive } from './live.js';
import { Panel, Trouble, Empty, Skeleton, State, Time, useFetch, useFollow, amount } from './ui.js';
import { Counts, StateActs, AskState } from './page_jobs_queues.js';
import { Limits } from './page_jobs_limits.js';
import { Enqueue } from './page_jobs_enqueue.js';
import { JobTable, address } from './page_jobs_table.js';

const seconds = 60;
const lines = ['ready', 'running', 'scheduled', 'retrying'];

// useDepth keeps the depth of each second since the page was opened.
function useDepth(queue) {
  const rows = useRef();
  const newest = useRef(0);
  rows.current ??= Object.fromEntries(lines.map((state) => [state, new Array(seconds).fill(null)]));
  beat.value;
  const now = Math.floor(Date.now() / 1000);
  if (queue) {
    const steps = newest.current ? Math.min(now - newest.current, seconds) : 1;
    for (const state of lines) {
      const row = rows.current[state];
      for (let i = 0; i < steps; i++) row.push(i === steps - 1 ? queue.jobs[state] : row.at(-1));
      row.splice(0, row.length - seconds);
      row[seconds - 1] = queue.jobs[state];
    }
    newest.current = now;
  }
  return { times: Array.from({ length: seconds }, (_, i) => now - seconds + 1 + i), rows: rows.current };
}

const says = { live: 'live', polling: 'read every second', connecting: 'connecting', ended: 'ended' };

// Pulse says how what is shown comes to be shown.
export const Pulse = ({ how }) => html`<span class="pulse-text"><i class="pulse" data-live=${how === 'polling' ? 'live' : how}></i>${says[how] ?? 'connecting'}</span>`;

export function QueuePage({ name, go }) {
  const live = useLive(may('scheduler:read') && name ? `/v1/queues/${encodeURIComponent(name)}` : '', 'queue');
  const [ask, setAsk] = useState();
  const { data: queue, problem, loading, how, again } = live;
  if (problem?.status === 404) {
    return html`<${Panel} title="Queue"><${Empty} title=${`There is no queue ${name}`}><p>The first job that is enqueued to this name makes it.</p><//><//>
      <${Enqueue} queue=${name} onDone=${(job) => go(`/console/jobs/${job.id}`)} />`;
  }
  return html`<${Trouble} problem=${problem} what="This queue cannot be shown" />
    ${loading && html`<${Skeleton} rows=${6} />`}
    ${queue && html`<${Depths} queue=${queue} how=${how} ask=${setAsk} />
      <div class="split"><${Limits} name=${name} /><div class="stack"><${Newest} name=${name} /><${Enqueue} queue=${name} onDone=${(job) => go(`/console/jobs/${job.id}`)} /></div></div>
      ${ask && html`<${AskState} ...${ask} onClose=${() => setAsk()} onDone=${again} />`}`}`;
}

function Depths({ queue, how, ask }) {
  const { times, rows } = useDepth(queue);
  const shown = lines.filter((state, i) => i < 2 || rows[state].some((n) => n > 0));
  const r = queue.per_second;
  return html`<${Panel} title="Depth" aside=${html`<${Pulse} how=${how} />`}>
    <div class="standing"><${State} of=${queue.state} />${queue.note && html`<span class="note">${queue.note}</span>`}<${StateActs} of=${queue} ask=${ask} /></div>
    <${Counts} of=${queue} />
    <${Chart} times=${times} series=${shown.map((state) => ({ label: state, values: rows[state] }))} height=${200} label=${`Jobs in ${queue.name} by state, over the last minute`} />
    <p class="fine">A second, over the last minute: <span class="mono">${amount(r.enqueued)}</span> enqueued · <span class="mono">${amount(r.started)}</span> attempts started · <span class="mono">${amount(r.done)}</span> done · <span class="mono">${amount(r.dead)}</span> dead.
      ${queue.oldest && html` Of those that are ready the oldest became so <${Time} at=${queue.oldest} />.`}</p>
  <//>`;
}

function Newest({ name }) {
  const { data, problem, loading, reload } = useFetch(`/v1/jobs?limit=12&queue=${encodeURIComponent(name)}`);
  useFollow(recent.value.find((e) => e.capability === 'scheduler')?.turn, reload);
  return html`<${Panel} title="Newest jobs" aside=${html`<a class="fine" href=${address({ queue: name })}>All of its jobs</a>`}>
    <${Trouble} problem=${problem} />
    ${loading && !data && html`<${Skeleton} rows=${5} />`}
    ${data && (data.items.length ? html`<${JobTable} jobs=${data.items} brief=${true} />` : html`<${Empty} title="No jobs in this queue"><p>Enqueue one with the form below.</p><//>`)}
  <//>`;
}
