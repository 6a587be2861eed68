// Why a hit stands where it stands, and how a search was made.
import { html } from './vendor/preact.js';
import { Dialog } from './dialog.js';
import { Do, Call, Json, amount, milliseconds } from './ui.js';
import { names, scoreText } from './page_search_hits.js';
import { nameOf } from './search_text.js';

const Drawer = ({ title, onClose, children }) => html`<${Dialog} title=${title} class="drawer" onClose=${onClose}>
  <div class="drawer-close"><${Do} plain=${true} onClick=${onClose}>Close<//></div>${children}<//>`;

const sum = (list) => list.reduce((total, n) => total + n, 0);

// shares splits the score of a hit: what each clause and the vector brought.
// In hybrid search the share of the words is split as their BM25 is.
function shares(mode, { score, scores, explain }) {
  const clauses = explain.clauses ?? [], words = sum(clauses.map((c) => c.score)) || 1;
  const note = (c) => `${amount(c.tf)} × in ${amount(c.length)} words`;
  if (mode === 'semantic') return [{ name: 'vector', value: scores.semantic ?? score, kind: 'vector', note: passage(explain) }];
  if (mode === 'keyword') return clauses.map((c) => ({ name: c.word, value: c.score, kind: 'word', note: note(c) }));
  const brought = clauses.filter(() => explain.keyword !== undefined).map((c) => ({ name: c.word, value: (explain.keyword * c.score) / words, kind: 'word', note: note(c) }));
  return explain.semantic === undefined ? brought : [...brought, { name: 'vector', value: explain.semantic, kind: 'vector', note: passage(explain) }];
}

const passage = ({ passage: at }) => (at === undefined ? '' : `nearest is passage ${at + 1}`);

// HitDrawer shows what a hit owes its place to, and the whole document.
export function HitDrawer({ mode, hit, rank, collection, onClose }) {
  const { explain = {}, scores, score } = hit;
  const parts = shares(mode, { ...hit, explain }), whole = Math.max(1e-9, mode === 'semantic' ? 1 : sum(parts.map((p) => p.value)));
  return html`<${Drawer} title=${nameOf(hit.document, collection.fields, hit.id)} onClose=${onClose}>
    ${parts.length > 0 && html`<p>Place <b>${rank}</b> in ${mode}${score !== 0 && html`, score <span class="num">${scoreText(score)}</span>`}${mode === 'semantic' && ` (${collection.metric})`}.</p>
      <table class="rows bars"><caption class="hidden">What each part of the query brought</caption>
        <tbody>${parts.map((p) => html`<tr key=${p.name + p.kind}><th scope="row">${p.name}<span class="fine">${p.note}</span></th><td class="wide"><${Bar} share=${p.value / whole} kind=${p.kind} /></td><td class="num">${scoreText(p.value)}</td></tr>`)}</tbody></table>
      ${mode === 'hybrid' && html`<dl class="facts"><${Ranked} name="Keyword" rank=${explain.keyword_rank} score=${scores.keyword} of="BM25" brought=${explain.keyword} /><${Ranked} name="Semantic" rank=${explain.semantic_rank} score=${scores.semantic} of=${collection.metric} brought=${explain.semantic} /></dl>`}`}
    <h3>Document</h3><${Json} value=${hit.document} label=${`Document ${hit.id}`} />
  <//>`;
}

const Bar = ({ share, kind }) => html`<svg class="depth" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class=${`bar-${kind}`} width=${(Math.max(0, Math.min(1, share)) * 100).toFixed(2)} height="8" /></svg>`;

const Ranked = ({ name, rank, score, of, brought }) => html`<div><dt>${name}</dt><dd>${rank ? html`place <span class="num">${rank}</span>, ` : 'not among those that are blended'}${score !== undefined && html`${of} <span class="num">${scoreText(score)}</span>`}${brought !== undefined && html`, brought <span class="num">${scoreText(brought)}</span>`}</dd></div>`;

// SearchDrawer shows how a search was made: what became of its words, and how
// each segment was looked through.
export function SearchDrawer({ mode, answer, request, onClose }) {
  const { explain, found, took_ms: took } = answer.data;
  const { fusion } = explain;
  return html`<${Drawer} title=${`${names[mode]}: how it was searched`} onClose=${onClose}>
    <p>${amount(found)} found in ${milliseconds(took)}${explain.mode !== mode && html`, by ${explain.mode}`}.${fusion && html` The best ${amount(fusion.depth)} of each list are blended by <code>${fusion.method}</code>${fusion.method === 'minmax' && html`, <span class="num">${fusion.share}</span> of it semantic`}.`}</p>
    ${explain.clauses?.length > 0 && html`<h3>Words</h3><${Clauses} of=${explain.clauses} />`}
    ${explain.cut > 0 && html`<p class="note">${amount(explain.cut)} ${explain.cut === 1 ? 'word was' : 'words were'} left out, because there were too many.</p>`}
    <h3>Segments</h3><${Plans} of=${explain.segments} />
    <${Call} request=${request} />
  <//>`;
}

const Clauses = ({ of }) => html`<div class="table-wrap" tabindex="0" role="region" aria-label="Words"><table class="rows"><thead><tr><th>Word</th><th>Found by</th><th class="num">Documents</th><th class="num">IDF</th><th class="num extra">Weight</th></tr></thead>
  <tbody>${of.map((c) => html`<tr><td><code>${c.word}</code>${c.kind !== 'term' && html` <span class="fine">${c.kind}</span>`}</td>
    <td class="said">${c.terms.join(', ') || html`<span class="fine">nothing</span>`}${c.typos && html` <span class="note">perhaps a typo: no document has it as it stands</span>`}${c.cut > 0 && html` <span class="note">${amount(c.cut)} more left out</span>`}</td>
    <td class="num">${amount(c.documents)}</td><td class="num">${c.idf.toFixed(2)}</td><td class="num extra">${amount(c.weight)}</td></tr>`)}</tbody></table></div>`;

const Plans = ({ of }) => html`<div class="table-wrap" tabindex="0" role="region" aria-label="Segments"><table class="rows"><thead><tr><th>Segment</th><th class="num">Rows</th><th class="num">Live</th><th class="num">Admitted</th><th>Vectors</th></tr></thead>
  <tbody>${of.map((s, i) => html`<tr><td>${i + 1}</td><td class="num">${amount(s.rows)}</td><td class="num">${amount(s.live)}</td><td class="num">${amount(s.admitted)}</td><td>${s.vectors ?? html`<span class="fine">not asked</span>`}</td></tr>`)}</tbody></table></div>`;
