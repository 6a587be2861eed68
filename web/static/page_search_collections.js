// The collections: what each holds, and how one comes to be.
import { html, useState } from './vendor/preact.js';
import { may } from './api.js';
import { Panel, Do, Call, Trouble, Empty, Skeleton, useFetch, useParam, amount, bytes } from './ui.js';
import { Aliases } from './page_search_aliases.js';
import { Define } from './page_search_define.js';
import { AskUpload } from './page_search_restore.js';
import { useNews } from './search_news.js';

const sample = [{ method: 'PUT', path: '/v1/collections/articles', body: {} }, { method: 'POST', path: '/v1/collections/articles/documents', body: [
  { id: 'd1', title: 'Layering for winter', text: 'Wool, down and a windproof shell keep you warm below zero.' },
  { id: 'd2', title: 'Sourdough at home', text: 'Flour, water, salt and a patient starter.' },
  { id: 'd3', title: 'Tuning a bicycle', text: 'True the wheels, oil the chain, set the brakes.' },
] }];

export function Collections({ go }) {
  const list = useFetch('/v1/collections?limit=1000');
  const [form, setForm] = useParam('form', '');
  useNews(list.reload);
  const made = (name, page = '') => go(`/console/search/${name}${page}`);
  const leave = () => { setForm(''); document.getElementById('title')?.focus(); };
  return html`${form === 'define' && html`<${Define} onClose=${leave} onDone=${(name) => made(name, '/documents')} />`}
    <${List} list=${list} define=${form !== 'define' && (() => setForm('define'))} made=${made} />
    ${list.data?.items.length > 0 && html`<${Aliases} collections=${list.data.items} />`}`;
}

function List({ list, define, made }) {
  const { data, problem, loading } = list;
  const [upload, setUpload] = useState(false);
  const acts = may('search:write') && html`<span class="row-acts">${data?.items.length !== 0 && define && html`<${Do} onClick=${define}>Define a collection<//>`}<${Do} onClick=${() => setUpload(true)}>Restore from a file…<//></span>`;
  return html`<${Panel} title="Collections" aside=${acts} class="listing">
    <${Trouble} problem=${problem} what="The collections cannot be listed" />
    ${loading && !data && html`<${Skeleton} rows=${4} />`}
    ${data && (data.items.length ? html`<${Table} items=${data.items} />
      ${data.next && html`<p class="fine">These are the first ${amount(data.items.length)} by name.</p>`}`
    : html`<${Empty} title="No collection yet"><p>Define one and send documents: without a definition of its fields they are read off the documents.</p>
      ${may('search:write') && define && html`<div class="acts"><${Do} onClick=${define}>Define a collection<//></div>`}<${Call} request=${sample} label="Try it" /><//>`)}
    ${upload && html`<${AskUpload} onClose=${() => setUpload(false)} onDone=${made} />`}
  <//>`;
}

const Table = ({ items }) => html`<div class="table-wrap" tabindex="0" role="region" aria-label="Collections"><table class="rows fold">
  <thead><tr><th>Collection</th><th class="num">Documents</th><th class="num">With a vector</th><th class="num">Stored</th><th class="num">In memory</th><th class="num">Segments</th></tr></thead>
  <tbody>${items.map((c) => html`<${Row} key=${c.name} of=${c} />`)}</tbody></table></div>`;

// Row shows of a collection whose index is not in memory what is known without it.
function Row({ of: c }) {
  const known = (text) => (c.loaded ? text : '–');
  return html`<tr><td data-name=""><a href=${`/console/search/${c.name}`}>${c.name}</a></td>
    <td class="num" data-name="Documents">${amount(c.documents)}</td><td class="num" data-name="With a vector">${known(amount(c.vectors))}</td>
    <td class="num" data-name="Stored">${known(bytes(c.bytes))}</td><td class="num" data-name="In memory">${c.loaded ? bytes(c.memory) : html`<span class="fine" title="It is loaded at its next use">not loaded</span>`}</td>
    <td class="num" data-name="Segments">${known(amount(c.segments))}</td></tr>`;
}
