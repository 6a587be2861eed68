// The searches of a collection that took long.
import { html } from './vendor/preact.js';
import { Panel, Do, Call, Trouble, Empty, Skeleton, Time, useFetch, amount, milliseconds } from './ui.js';

export function SlowSearches({ of: c }) {
  const path = `/v1/collections/${c.name}/slow-searches`;
  const { data, problem, loading, reload } = useFetch(path);
  return html`<${Panel} title="Slow searches" aside=${data && html`<${Do} plain=${true} onClick=${reload} aria-label="Read again: slow searches">Read again<//>`}>
    <${Trouble} problem=${problem} what="They cannot be listed" />
    ${loading && !data && html`<${Skeleton} rows=${3} />`}
    ${data && (data.items.length ? html`<${Table} items=${data.items} /><${Call} request=${{ path }} />`
      : html`<${Empty} title="No search was slow"><p>None took longer since the start than the setting <code>search.slow</code>: 500 ms where it is not set otherwise.</p><//>`)}
  <//>`;
}

const Table = ({ items }) => html`<div class="table-wrap" tabindex="0" role="region" aria-label="Slow searches"><table class="rows fold">
  <thead><tr><th>Query</th><th>Filter</th><th>Mode</th><th class="num">Found</th><th class="num">Took</th><th class="num">When</th></tr></thead>
  <tbody>${items.map((s) => html`<tr><td class="said" data-name="">${s.q || html`<span class="fine">no words</span>`}</td>
    <td class="said" data-name="Filter">${s.filter ? html`<code>${s.filter}</code>` : html`<span class="fine">none</span>`}</td><td data-name="Mode">${s.mode}</td>
    <td class="num" data-name="Found">${amount(s.found)}</td><td class="num" data-name="Took">${milliseconds(s.took_ms)}</td><td class="num" data-name="When"><${Time} at=${s.time} /></td></tr>`)}</tbody></table></div>`;
