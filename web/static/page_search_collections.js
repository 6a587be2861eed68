// The collections, and what each holds.
import { html } from './vendor/preact.js';
import { recent } from './activity.js';
import { Panel, Call, Trouble, Empty, Skeleton, useFetch, useFollow, amount, bytes } from './ui.js';

const sample = [{ method: 'PUT', path: '/v1/collections/articles', body: {} }, { method: 'POST', path: '/v1/collections/articles/documents', body: [
  { id: 'd1', title: 'Layering for winter', text: 'Wool, down and a windproof shell keep you warm below zero.' },
  { id: 'd2', title: 'Sourdough at home', text: 'Flour, water, salt and a patient starter.' },
  { id: 'd3', title: 'Tuning a bicycle', text: 'True the wheels, oil the chain, set the brakes.' },
] }];

export function Collections() {
  const { data, problem, loading, reload } = useFetch('/v1/collections?limit=1000');
  // Searches happen all the time, and change none of this.
  useFollow(recent.value.find((e) => e.capability === 'search' && e.type !== 'search.answered')?.turn, reload);
  return html`<${Panel} title="Collections">
    <${Trouble} problem=${problem} what="The collections cannot be listed" />
    ${loading && !data && html`<${Skeleton} rows=${4} />`}
    ${data && (data.items.length ? html`<div class="table-wrap" tabindex="0" role="region" aria-label="Collections"><table class="rows fold">
      <thead><tr><th>Collection</th><th class="num">Documents</th><th class="num">With a vector</th><th class="num">Stored</th><th class="num">In memory</th><th class="num">Segments</th></tr></thead>
      <tbody>${data.items.map((c) => html`<tr key=${c.name}><td data-name=""><a href=${`/console/search/${c.name}`}>${c.name}</a></td>
        <td class="num" data-name="Documents">${amount(c.documents)}</td><td class="num" data-name="With a vector">${amount(c.vectors)}</td>
        <td class="num" data-name="Stored">${bytes(c.bytes)}</td><td class="num" data-name="In memory">${bytes(c.memory)}</td><td class="num" data-name="Segments">${amount(c.segments)}</td></tr>`)}</tbody></table></div>
      ${data.next && html`<p class="fine">These are the first ${amount(data.items.length)} by name.</p>`}`
    : html`<${Empty} title="No collection yet"><p>Define one and send documents: without a definition of its fields they are read off the documents.</p><${Call} request=${sample} label="Try it" /><//>`)}
  <//>`;
}
