// The fields of a collection that is being defined, a row each.
import { html, useRef } from './vendor/preact.js';
import { Text, Choice, Check, Do } from './ui.js';
import { isVector } from './search_text.js';

const kinds = [['text'], ['keyword'], ['keyword[]'], ['int'], ['float'], ['bool'], ['date'], ['vector(n)']];
const isText = (field) => field.type === 'text';
const counted = (field) => !isText(field) && !isVector(field);

export const blankField = { name: '', type: 'text', dimensions: '384', weight: '', language: '', facet: false, embed: true };

// fieldOf is the field that a row describes.
export const fieldOf = (f) => ({
  name: f.name, type: isVector(f) ? `vector(${f.dimensions})` : f.type,
  ...(isText(f) && f.weight && { weight: Number(f.weight) }), ...(isText(f) && f.language && { language: f.language }), ...(counted(f) && f.facet && { facet: true }),
});

// placeOf is the row and the member that a place in the request means, undefined
// for another place. What is wrong with a row as a whole is told at its name.
export function placeOf(location) {
  const found = /^body\.fields\[(\d+)\](?:\.(\w+))?/.exec(location);
  return found && { row: Number(found[1]), member: ['type', 'weight', 'language'].includes(found[2]) ? found[2] : 'name' };
}

// Fields changes the rows. choose asks of each text whether it is embedded.
export function Fields({ fields, setFields, choose, languages, problem }) {
  const list = useRef();
  const change = (row, news) => setFields(fields.map((f, i) => (i === row ? { ...f, ...news } : f)));
  const add = () => {
    setFields([...fields, { ...blankField, type: 'keyword' }]);
    requestAnimationFrame(() => list.current?.lastElementChild?.querySelector('input')?.focus());
  };
  const remove = (row) => {
    setFields(fields.filter((_, i) => i !== row));
    list.current?.querySelector('input')?.focus();
  };
  return html`<div class="field-list"><ol ref=${list}>${fields.map((f, i) => html`<li><${Row} key=${i} at=${i + 1} of=${f} choose=${choose} languages=${languages} change=${(news) => change(i, news)}
      fault=${(member) => faultOf(problem, i, member)} remove=${fields.length > 1 && (() => remove(i))} /></li>`)}</ol>
    <div><${Do} onClick=${add} disabled=${fields.length >= 64}>Add field<//></div>
    ${problem?.at('body.fields') && html`<p class="fault" role="alert">${problem.at('body.fields')}</p>`}</div>`;
}

const faultOf = (problem, row, member) => problem?.errors.find((e) => {
  const place = placeOf(e.location);
  return place?.row === row && place.member === member;
})?.message;

function Row({ at, of: f, choose, languages, change, fault, remove }) {
  const set = (name) => (value) => change({ [name]: value });
  return html`<fieldset class="field-row"><legend class="hidden">Field ${at}</legend>
    <${Text} label="Field" value=${f.name} onChange=${set('name')} required placeholder="topic" fault=${fault('name')} />
    <${Choice} label="Type" value=${isVector(f) ? 'vector(n)' : f.type} options=${kinds} onChange=${set('type')} fault=${fault('type')} />
    ${isText(f) && html`<${Text} label="Weight" type="number" min="0.001" max="100" step="any" value=${f.weight} onChange=${set('weight')} placeholder="1" fault=${fault('weight')} />
      <${Choice} label="Its language" value=${f.language} options=${[['', 'as above'], ...languages.map((l) => [l])]} onChange=${set('language')} fault=${fault('language')} />`}
    ${isVector(f) && html`<${Text} label="Numbers" type="number" min="1" max="4096" value=${f.dimensions} onChange=${set('dimensions')} />`}
    ${counted(f) && html`<${Check} label="Facet" checked=${f.facet} onChange=${set('facet')} />`}
    ${isText(f) && choose && html`<${Check} label="Embed" checked=${f.embed} onChange=${set('embed')} />`}
    ${remove && html`<${Do} plain=${true} aria-label=${`Remove field ${f.name || at}`} onClick=${remove}>Remove<//>`}
  </fieldset>`;
}
