// Search a collection.
import { html, useEffect } from './vendor/preact.js';
import { may } from './api.js';
import { Page, Panel, Text, Choice, Segments, Act, Call, Trouble, Needs, Empty, Skeleton, Json, useFetch, useCall, useParam, amount, milliseconds } from './ui.js';

const modes = [['hybrid', 'Hybrid'], ['keyword', 'Keyword'], ['semantic', 'Semantic']];
const sample = [{ method: 'PUT', path: '/v1/collections/articles', body: {} }, { method: 'POST', path: '/v1/collections/articles/documents', body: [
  { id: 'd1', title: 'Layering for winter', text: 'Wool, down and a windproof shell keep you warm below zero.' },
  { id: 'd2', title: 'Sourdough at home', text: 'Flour, water, salt and a patient starter.' },
  { id: 'd3', title: 'Tuning a bicycle', text: 'True the wheels, oil the chain, set the brakes.' },
] }];

export function Search() {
  const collections = useFetch(may('search:read') ? '/v1/collections?limit=1000' : '');
  const [chosen, setChosen] = useParam('in', '');
  const [q, setQ] = useParam('q', '');
  const [mode, setMode] = useParam('mode', 'hybrid');
  const [filter, setFilter] = useParam('filter', '');
  const call = useCall();

  const list = collections.data?.items ?? [];
  const collection = list.find((c) => c.name === chosen) ?? list[0];
  const request = {
    method: 'POST', path: `/v1/collections/${collection?.name ?? 'articles'}/search`,
    body: { q, mode, limit: 10, ...(filter.trim() && { filter: filter.trim() }) },
  };
  const ask = (quiet) => call.run(request, quiet);
  useEffect(() => { if (collection && q) ask(true); }, [collection?.name]);

  return html`<${Page} of="search" title="Search" about="By meaning, by word, or by both at once">
    <${Needs} scopes=${['search:read']} />
    <div class="split">
      <${Panel} title="Query">
        ${collections.loading && !collections.data ? html`<${Skeleton} rows=${5} />` : html`
        <form onSubmit=${(e) => { e.preventDefault(); ask(); }}>
          <${Choice} label="Collection" value=${collection?.name ?? ''} options=${list.length ? list.map((c) => [c.name, c.documents === undefined ? c.name : `${c.name} (${amount(c.documents)})`]) : [['', 'None yet']]} onChange=${setChosen} />
          <${Text} label="Query" type="search" value=${q} onChange=${setQ} placeholder="warm winter clothes" required />
          <${Segments} label="Mode" value=${mode} options=${modes} onChange=${setMode} />
          <${Text} label="Filter" value=${filter} onChange=${setFilter} placeholder=${exampleFilter(collection)} hint=${collection?.fields ? html`Over ${collection.fields.filter((f) => f.type !== 'text').slice(0, 5).map((f, i) => html`${i > 0 && ', '}<code>${f.name}</code>`)}` : 'Over the fields of the collection.'} />
          <div class="acts"><${Act} busy=${call.busy} disabled=${!collection}>Search<//></div>
        </form>`}
        ${collection && html`<${Call} request=${request} />`}
      <//>
      <${Outcome} call=${call} problem=${collections.problem} empty=${collections.data && !collection} />
    </div>
  <//>`;
}

// exampleFilter shows the form of a filter by a field that there is.
function exampleFilter(collection) {
  const field = collection?.fields?.find((f) => f.type === 'int' || f.type === 'float') ?? collection?.fields?.find((f) => f.type === 'keyword');
  if (!field) return 'year >= 2020';
  return field.type === 'keyword' ? `${field.name} = '…'` : `${field.name} >= 100`;
}

function Outcome({ call, problem, empty }) {
  const { answer } = call, found = answer?.data;
  const aside = found && html`<span class="fine">${amount(found.found ?? found.hits.length)} found${found.mode && html` · ${found.mode}`}${found.degraded && ' · degraded'} · ${milliseconds(found.took_ms ?? answer.ms)}</span>`;
  return html`<${Panel} title="Hits" aside=${aside} class="result">
    <${Trouble} problem=${problem ?? call.problem} what="The search was refused" />
    ${empty && html`<${Empty} title="No collection yet"><p>Define one and send documents: without a definition of its fields they are read off the documents.</p><${Call} request=${sample} label="Try it" /><//>`}
    ${!answer && call.busy && html`<${Skeleton} rows=${6} />`}
    ${!answer && !call.busy && !call.problem && !problem && !empty && html`<${Empty} title="Ask in your own words"><p>Hybrid finds what has your words and what means the same, and ranks both together.</p><//>`}
    ${found && (found.hits.length ? html`<ol class="hits">${found.hits.map((hit) => html`<${Hit} key=${hit.id} hit=${hit} top=${found.hits[0].score} />`)}</ol>`
      : html`<${Empty} title="Nothing found"><p>Try other words, another mode, or a wider filter.</p><//>`)}
  <//>`;
}

// Hit shows a document by its first text, and by what else it holds.
function Hit({ hit, top }) {
  const texts = Object.entries(hit.document ?? {}).filter(([name, v]) => typeof v === 'string' && name !== 'id');
  const [, head] = texts.find(([name]) => name === 'title' || name === 'name') ?? [];
  const [, body] = texts.filter(([, v]) => v !== head).sort((a, b) => b[1].length - a[1].length)[0] ?? [];
  const parts = Object.entries(hit.scores ?? {}).filter(([, v]) => typeof v === 'number');
  return html`<li><div class="hit-head"><b>${head ?? body?.slice(0, 60) ?? hit.id}</b><code>${hit.id}</code></div>
    ${body && html`<p>${body}</p>`}
    <div class="hit-score"><meter min="0" max=${Math.max(top, 1e-9)} value=${hit.score} aria-label=${`Score of ${hit.id}`}></meter><span class="mono">${hit.score.toFixed(3)}</span>
      ${parts.map(([name, value]) => html`<span class="fine">${name} <span class="mono">${value.toFixed(2)}</span></span>`)}
      <details><summary>Document</summary><${Json} value=${hit.document} label=${`Document ${hit.id}`} /></details></div></li>`;
}
