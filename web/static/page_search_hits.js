// What one mode found, beside what the others did.
import { html } from './vendor/preact.js';
import { Panel, Do, Trouble, Empty, Skeleton, amount, milliseconds } from './ui.js';
import { Head, Body, Values, nameOf } from './search_text.js';

export const names = { keyword: 'Keyword', semantic: 'Semantic', hybrid: 'Hybrid' };

// ranksOf are the places of documents: {id: {mode: rank}}. Of what hybrid shows
// the ranks in both lists that it blends are known beyond what those show.
export function ranksOf(answers) {
  const ranks = {};
  const note = (id, mode, rank) => { (ranks[id] ??= {})[mode] ??= rank; };
  for (const [mode, { data }] of Object.entries(answers)) data?.hits.forEach((hit, i) => note(hit.id, mode, i + 1));
  for (const { id, explain } of answers.hybrid?.data?.hits ?? []) {
    if (explain?.keyword_rank) note(id, 'keyword', explain.keyword_rank);
    if (explain?.semantic_rank) note(id, 'semantic', explain.semantic_rank);
  }
  return ranks;
}

export function Column({ mode, sorted, answer, refused, fields, others, ranks, marked, onMark, onHit, onSearch }) {
  const { data, problem, busy } = answer, listed = mode === 'listed';
  const aside = data && html`<span class="fine">${amount(data.found)} found · ${milliseconds(data.took_ms)}</span>${!listed && html`<${Do} plain=${true} aria-label=${`Explain the search, ${mode}`} onClick=${onSearch}>Explain<//>`}`;
  return html`<${Panel} title=${listed ? (sorted ? 'All that the filter admits' : 'The newest') : names[mode]} aside=${aside} class="column">
    ${!refused && html`<${Trouble} problem=${problem} what="The search was refused" />`}
    ${refused && data && html`<p class="fine">As before: the filter cannot be read.</p>`}
    ${data?.degraded && html`<p class="note">By keywords alone: the vectors cannot be used.</p>`}
    ${!data && !problem && html`<${Skeleton} rows=${6} />`}
    ${data && (data.hits.length ? html`<ol class="hits" aria-label=${listed ? 'Documents' : names[mode]} aria-busy=${busy ? 'true' : 'false'}>${data.hits.map((hit, i) => html`<${Hit} key=${hit.id} hit=${hit} rank=${i + 1} mode=${mode} listed=${listed} scored=${!listed && !sorted} fields=${fields}
        others=${others} ranks=${ranks[hit.id]} marked=${marked === hit.id} onMark=${onMark} onOpen=${() => onHit(hit, i + 1)} />`)}</ol>`
      : html`<${Empty} title="Nothing found"><p>${mode === 'keyword' ? 'No document has one of these words.' : 'The filter admits no document.'}</p><//>`)}
  <//>`;
}

// Hit is one document. Whoever points at it, or comes to it by the keyboard,
// sees it marked in every column.
const Hit = ({ hit, rank, mode, listed, scored, fields, others, ranks, marked, onMark, onOpen }) => html`<li data-id=${hit.id} data-marked=${marked ? '' : undefined}
    onMouseEnter=${() => onMark(hit.id)} onMouseLeave=${() => onMark()} onFocusIn=${() => onMark(hit.id)} onFocusOut=${() => onMark()}>
  <div class="hit-head"><span class="rank num">${rank}</span><b><${Head} hit=${hit} fields=${fields} /></b>${scored && html`<span class="num" title="Score">${scoreText(hit.score)}</span>`}</div>
  <${Body} hit=${hit} fields=${fields} />
  <${Values} document=${hit.document} fields=${fields} />
  <div class="hit-foot"><span class="fine places">${others.map((other) => html`<${Place} mode=${other} rank=${ranks?.[other]} />`)}</span>
    <${Do} plain=${true} aria-label=${listed ? `Show ${nameOf(hit.document, fields, hit.id)}` : `Explain ${nameOf(hit.document, fields, hit.id)}, ${mode}`} onClick=${onOpen}>${listed ? 'Show' : 'Explain'}<//></div></li>`;

// scoreText writes a score short; what is not nothing does not look like it.
export function scoreText(score) {
  const size = Math.abs(score);
  return score !== 0 && size < 0.001 ? score.toExponential(0) : score.toFixed(size < 1 ? 3 : 2);
}

const Place = ({ mode, rank }) => html`<span title=${rank ? undefined : `Not among the first of ${mode}`}>${mode} <span class="num">${rank ?? html`<span aria-hidden="true">–</span><span class="hidden">not among the first</span>`}</span></span>`;
