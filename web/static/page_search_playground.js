// The playground of a collection: one query, asked in every mode at once.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { sentence } from './api.js';
import { Panel, Text, Choice, Segments, Call, useParam, announce, amount } from './ui.js';
import { Facets, fieldsOf, useFacets } from './page_search_facets.js';
import { Column, ranksOf } from './page_search_hits.js';
import { HitDrawer, SearchDrawer } from './page_search_explain.js';
import { searchOf, useAnswers } from './search_ask.js';
import { isVector } from './search_text.js';

const shown = 10, facetValues = 6;
const methods = [['minmax', 'Min-max'], ['rrf', 'Rank (RRF)']];
const usualShare = '0.6';

// useQuery is what is asked; it stands in the address.
function useQuery() {
  const [q, setQ] = useParam('q', '');
  const [filter, setFilter] = useParam('filter', '');
  const [sort, setSort] = useParam('sort', '');
  const [method, setMethod] = useParam('fusion', 'minmax');
  const [share, setShare] = useParam('share', usualShare);
  const [exact, setExact] = useParam('exact', '');
  return { q, setQ, filter, setFilter, sort, setSort, method, setMethod, share, setShare, exact: exact !== '', setExact: (on) => setExact(on ? '1' : '') };
}

// lackOf says why a collection is searched by words alone, undefined where it
// is not.
function lackOf({ embed, fields, documents }) {
  if (embed.length) return undefined;
  if (fields.some(isVector)) return 'Its vectors are the clients’ own, so a query text cannot be compared with them. A search that sends a vector can.';
  return documents || fields.length ? 'It embeds no field: its documents have no vectors that a query could be compared with.' : 'It has no documents yet.';
}

// requestsOf are the searches of a query by mode. Without a text there is
// nothing to rank by, and one search lists what the filter admits.
function requestsOf(collection, query) {
  const { filter, sort, exact, method, share } = query, text = query.q.trim();
  const common = { ...(text && { q: text }), ...(filter.trim() && { filter: filter.trim() }), ...(sort && { sort: [sort] }), limit: shown, explain: true, ...(text && { highlight: true }) };
  const facets = fieldsOf(collection);
  const counted = facets.length > 0 && { facets, facet_limit: facetValues };
  const request = (mode, more) => searchOf(collection.name, { mode, ...common, ...more });
  if (!text) return { listed: request('keyword', counted) };
  if (lackOf(collection)) return { keyword: request('keyword', counted) };
  const nearest = exact && { exact };
  const fusion = method === 'rrf' ? { fusion: { method } } : share !== usualShare && { fusion: { share: Number(share) } };
  return { keyword: request('keyword'), semantic: request('semantic', nearest), hybrid: request('hybrid', { ...nearest, ...fusion, ...counted }) };
}

export function Playground({ collection }) {
  const query = useQuery();
  const requests = requestsOf(collection, query), names = Object.keys(requests), last = names.at(-1);
  const answers = useAnswers(requests);
  const newest = useRef();
  newest.current = answers[last].data ?? newest.current; // so that the facets stay while the modes change
  const facets = useFacets(requests[last], newest.current?.facets, query.filter.trim());
  const [marked, setMarked] = useState();
  const [drawer, setDrawer] = useState();
  const close = () => setDrawer((now) => (now === drawer ? undefined : now)); // not the one that was opened since
  const refused = names.map((name) => answers[name].problem?.at('body.filter')).find(Boolean);
  useTold(names, answers, refused);

  const lack = lackOf(collection), several = names.length > 1;
  return html`<${Panel} title="Search"><form class="query" onSubmit=${(e) => e.preventDefault()}>
      <${Ask} collection=${collection} query=${query} refused=${refused} />
      ${!lack && html`<${Blend} query=${query} />`}
      <${Facets} facets=${facets} found=${newest.current?.found} filter=${query.filter} setFilter=${query.setFilter} of=${several ? last : undefined} />
    </form><//>
    ${lack && html`<div class="notice" role="status"><strong>By keyword alone</strong><p>${lack}</p></div>`}
    <div class=${several ? 'columns' : 'columns one'}>${names.map((name) => html`<${Column} key=${name} mode=${name} sorted=${!!query.sort} answer=${answers[name]} refused=${refused}
      fields=${collection.fields} others=${names.filter((n) => n !== name)} ranks=${ranksOf(answers)} marked=${several ? marked : undefined} onMark=${setMarked}
      onHit=${(hit, rank) => setDrawer({ mode: name, hit, rank })} onSearch=${() => setDrawer({ mode: name })} />`)}</div>
    <${Panel} title="As curl"><${Call} request=${requests[last]} label=${several ? `The same search, ${last}` : 'The same search'} /><//>
    ${drawer?.hit && html`<${HitDrawer} ...${drawer} collection=${collection} onClose=${close} />`}
    ${drawer && !drawer.hit && html`<${SearchDrawer} mode=${drawer.mode} answer=${answers[drawer.mode]} request=${requests[drawer.mode]} onClose=${close} />`}`;
}

// useTold says how much was found, once every mode has answered.
function useTold(names, answers, refused) {
  const settled = names.every((name) => answers[name].data && !answers[name].busy) && !refused;
  const text = settled ? names.map((name) => `${amount(answers[name].data.found)} ${name}`).join(', ') : '';
  useEffect(() => { if (text) announce(`Found: ${text}.`); }, [text]);
}

function Ask({ collection, query, refused }) {
  const sortable = collection.fields.filter((f) => f.type !== 'text' && !isVector(f));
  const orders = sortable.flatMap(({ name, type }) => (/^(int|float)$/.test(type) ? [[`-${name}`, `${name}, greatest first`], [name, `${name}, smallest first`]] : [[name, `${name}, first to last`], [`-${name}`, `${name}, last to first`]]));
  return html`<${Text} label="Query" type="search" class="large" value=${query.q} onChange=${query.setQ} placeholder=${'words, a "phrase", the beginning of a wor*'} />
    <div class="narrow-by"><${Text} label="Filter" class="code" value=${query.filter} onChange=${query.setFilter} placeholder=${exampleFilter(sortable)} fault=${refused && html`<${Refused} text=${query.filter.trim()} message=${refused} />`} />
      <${Choice} label="Sort" value=${query.sort} options=${[['', query.q.trim() ? 'Best first' : 'Newest first'], ...orders]} onChange=${query.setSort} /></div>`;
}

// exampleFilter shows the form of a filter by fields that there are.
function exampleFilter(fields) {
  const tests = [fields.find((f) => /^(int|float)$/.test(f.type)), fields.find((f) => f.type.startsWith('keyword'))].filter(Boolean);
  return tests.map((f) => (f.type.startsWith('keyword') ? `${f.name} = '…'` : `${f.name} >= 100`)).join(' and ') || 'year >= 2020';
}

// Refused shows a filter with a mark at the character that the server names.
function Refused({ text, message }) {
  const at = Number(/at character (\d+)/.exec(message)?.[1]), letters = [...text];
  return html`${at > 0 && html`<code class="refused">${letters.slice(0, at - 1).join('')}<mark>${letters[at - 1] ?? '\u00a0'}</mark>${letters.slice(at).join('')}</code>`}${sentence(message)}`;
}

const Blend = ({ query }) => html`<div class="blend"><${Segments} label="Fusion" value=${query.method} options=${methods} onChange=${query.setMethod} />
  <${Text} label=${`Semantic share: ${query.share}`} type="range" min="0" max="1" step="0.05" value=${query.share} disabled=${query.method === 'rrf'} onChange=${query.setShare} />
  <label class="switch"><input type="checkbox" role="switch" checked=${query.exact} onChange=${(e) => query.setExact(e.target.checked)} /><span>Exact</span></label></div>`;
