// What a document shows of itself: its head, its text, and its other fields.
import { html } from './vendor/preact.js';
import { amount } from './ui.js';

const entities = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&#34;': '"', '&#39;': "'" };

// Marked shows a highlight of the server: text in which <mark> stands and all
// else is escaped. Whatever else it held would be shown as text.
export const Marked = ({ of }) => of.split(/<\/?mark>/).map((part, i) => {
  const text = part.replace(/&(?:lt|gt|amp|#34|#39);/g, (entity) => entities[entity]);
  return i % 2 ? html`<mark>${text}</mark>` : text;
});

const shownText = 200; // characters, as many as a highlight has
const shownFields = 4, shownItems = 3;

const isText = (field) => field.type === 'text';
export const isVector = (field) => field.type.startsWith('vector(');

const headOf = (fields) => (fields.find((f) => isText(f) && /^(title|name)$/i.test(f.name)) ?? fields.find(isText))?.name;

const short = (text) => ([...text].length > shownText ? `${[...text].slice(0, shownText).join('')}…` : text);

// nameOf is what a document is called.
export function nameOf(document, fields, id) {
  const head = document[headOf(fields)];
  return typeof head === 'string' && head ? [...head].slice(0, 80).join('') : id;
}

// Head shows what a hit is called, Body the best part of its other texts.
export function Head({ hit, fields }) {
  const marked = hit.highlights?.[headOf(fields)];
  return marked ? html`<${Marked} of=${marked} />` : nameOf(hit.document, fields, hit.id);
}

export function Body({ hit, fields }) {
  const head = headOf(fields);
  const marked = fields.find((f) => f.name !== head && hit.highlights?.[f.name]);
  if (marked) return html`<p><${Marked} of=${hit.highlights[marked.name]} /></p>`;
  const texts = fields.filter((f) => isText(f) && f.name !== head).map((f) => hit.document[f.name]).filter((v) => typeof v === 'string');
  const longest = texts.sort((a, b) => b.length - a.length)[0];
  return longest ? html`<p>${short(longest)}</p>` : null;
}

function valueText(value) {
  if (Array.isArray(value)) return value.slice(0, shownItems).join(', ') + (value.length > shownItems ? ` +${value.length - shownItems}` : '');
  if (typeof value === 'number' && Math.abs(value) >= 10_000) return amount(value); // below it may be a year
  return String(value);
}

// Values shows the first fields that are no texts.
export function Values({ document, fields }) {
  const set = fields.filter((f) => !isText(f) && !isVector(f) && document[f.name] !== undefined && document[f.name] !== null && document[f.name].length !== 0);
  return html`<dl class="values">${set.slice(0, shownFields).map((f) => html`<div><dt>${f.name}</dt><dd>${valueText(document[f.name])}</dd></div>`)}</dl>`;
}
