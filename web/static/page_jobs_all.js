// Every job: filtered, page by page, and many at once.
import { html, useEffect, useState } from './vendor/preact.js';
import { may } from './api.js';
import { recent } from './activity.js';
import { Panel, Text, Choice, Do, Call, Trouble, Empty, Skeleton, useFetch, useFollow, useParam, amount } from './ui.js';
import { useQueues } from './page_jobs_queues.js';
import { BulkActs, Operations } from './page_jobs_bulk.js';
import { JobTable, states } from './page_jobs_table.js';

const pageSize = 25;
const fields = ['attempt', 'priority', 'created_at', 'finished_at', 'key', 'schedule'];

// useSelection is what is looked for; it stands in the address.
export function useSelection() {
  const [queue, setQueue] = useParam('queue', '');
  const [state, setState] = useParam('state', '');
  const [tag, setTag] = useParam('tag', '');
  const [filter, setFilter] = useParam('filter', '');
  const chosen = state.split(',').filter((s) => states.includes(s));
  return { queue, states: chosen, tag, filter, setQueue, setTag, setFilter, setStates: (list) => setState(states.filter((s) => list.includes(s)).join(',')) };
}

// pathOf is the list of the jobs that a selection finds.
export function pathOf({ queue, states: chosen, tag, filter }, cursor, limit = pageSize) {
  const params = new URLSearchParams({ limit });
  for (const [name, value] of Object.entries({ queue, state: chosen.join(','), tag, filter, cursor })) if (value) params.set(name, value);
  return `/v1/jobs?${params}`;
}

export function AllJobs() {
  const selection = useSelection();
  const [begun, setBegun] = useState();
  const list = useJobs(selection);
  const queues = useQueues();
  if (!may('scheduler:read')) return null;
  return html`<${Panel} title="Find">
      <${FilterBar} selection=${selection} queues=${queues} problem=${list.problem} />
      <${BulkActs} selection=${selection} of=${['cancel', 'retry', 'purge']} onStart=${(o) => setBegun(o.id)} />
    <//>
    <${Operations} begun=${begun} onEnd=${() => { list.reload(); queues.reload(); }} />
    <${Found} list=${list} selection=${selection} />`;
}

// useJobs reads one page of the list and leads from page to page.
export function useJobs(selection) {
  const [cursors, setCursors] = useState([]); // of the pages before this one, the first has none
  const first = pathOf(selection);
  useEffect(() => setCursors([]), [first]);
  const path = pathOf(selection, cursors.at(-1));
  const list = useFetch(may('scheduler:read') ? path : '');
  useFollow(!cursors.length && recent.value.find((e) => e.capability === 'scheduler')?.turn, list.reload);
  const older = list.data?.next && (() => setCursors((c) => [...c, list.data.next]));
  const newer = cursors.length > 0 && (() => setCursors((c) => c.slice(0, -1)));
  return { ...list, path, page: cursors.length + 1, older, newer };
}

// FilterBar changes a selection. Tag and filter count once they are entered.
export function FilterBar({ selection, queues, problem, fixed }) {
  const [tag, setTag] = useState(selection.tag);
  const [filter, setFilter] = useState(selection.filter);
  const enter = (e) => {
    e?.preventDefault();
    selection.setTag(tag.trim());
    selection.setFilter(filter.trim());
  };
  const list = queues.data?.items ?? [];
  const names = [...new Set([...list.map((q) => q.name), selection.queue].filter(Boolean))];
  return html`<form class="filter" onSubmit=${enter}>
    <div class="filter-row"><${Choice} label="Queue" value=${selection.queue} options=${[['', 'Every queue'], ...names.map((n) => [n])]} onChange=${selection.setQueue} />
      <${Text} label="Tag" value=${tag} onChange=${setTag} placeholder="any" fault=${problem?.at('query.tag')} />
      <${Text} label="Filter" class="grow" value=${filter} onChange=${setFilter} placeholder="attempt >= 3 and key = 'customer-7'" fault=${problem?.at('query.filter')} hint=${html`Over ${fields.map((f, i) => html`${i > 0 && ', '}<code>${f}</code>`)} and more.`} />
      <button class="act second" type="submit">Apply</button></div>
    ${!fixed && html`<${StateChips} selection=${selection} queues=${selection.queue ? list.filter((q) => q.name === selection.queue) : list} />`}
  </form>`;
}

// StateChips chooses states; none chosen means all of them.
function StateChips({ selection, queues }) {
  const toggle = (s) => selection.setStates(selection.states.includes(s) ? selection.states.filter((x) => x !== s) : [...selection.states, s]);
  return html`<fieldset class="field"><legend>States</legend><div class="state-chips">${states.map((s) => html`<label class="state-chip"><input type="checkbox" aria-label=${s} checked=${selection.states.includes(s)} onChange=${() => toggle(s)} />
    <span><i class="state" data-state=${s}></i>${s} <span class="mono">${amount(queues.reduce((sum, q) => sum + q.jobs[s], 0))}</span></span></label>`)}</div></fieldset>`;
}

export function Found({ list, selection, title = 'Jobs', none }) {
  const { data, problem, loading, page, older, newer, path } = list;
  const any = selection.queue || selection.states.length || selection.tag || selection.filter;
  return html`<${Panel} title=${title} aside=${data && html`<${Paging} page=${page} older=${older} newer=${newer} />`}>
    <${Trouble} problem=${problem} what="The jobs cannot be listed" shown=${['query.filter', 'query.tag']} />
    ${problem?.at('query.filter') && html`<${Empty} title="The filter cannot be read"><p>What is wrong with it stands under its field.</p><//>`}
    ${loading && !data && html`<${Skeleton} rows=${8} />`}
    ${data && (data.items.length ? html`<${JobTable} jobs=${data.items} />` : older
      ? html`<${Empty} title="None on this page"><p>Among the jobs that were looked at none matches. Older ones may: go on.</p><//>`
      : none ?? html`<${Empty} title=${any ? 'No job matches' : 'No jobs yet'}><p>${any ? 'Choose other states, or a wider filter.' : 'Enqueue the first on the page of the queues.'}</p><//>`)}
    ${data && html`<${Call} request=${{ path }} />`}
  <//>`;
}

const Paging = ({ page, older, newer }) => (older || newer ? html`<nav class="paging" aria-label="Pages of the list"><${Do} plain=${true} disabled=${!newer} onClick=${newer}>Newer<//><span class="fine">page ${page}</span><${Do} plain=${true} disabled=${!older} onClick=${older}>Older<//></nav>` : null);
