// A form that defines a collection.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { Panel, Text, Choice, Segments, Act, Do, Call, Trouble, useCall } from './ui.js';
import { words } from './page_jobs_enqueue.js';
import { Fields, blankField, fieldOf, placeOf } from './page_search_fields.js';
import { isVector } from './search_text.js';

const blank = { name: '', read: 'declared', fields: [{ ...blankField, name: 'title', weight: '2' }, { ...blankField, name: 'text' }], embed: 'all', embedded: '', metric: 'cosine', precision: 'int8', language: 'english' };
const reads = [['declared', 'Declare them'], ['inferred', 'Infer from the documents']];
const embeds = [['all', 'Every text'], ['some', 'Some texts'], ['none', 'Nothing']];
const metrics = [['cosine', 'Cosine: the angle'], ['dot', 'Dot product'], ['euclid', 'Euclid: the distance']];
const precisions = [['int8', 'int8: small and quick'], ['float32', 'float32: every bit']];

// languages are those whose words the server brings to their stem.
export const languages = ['arabic', 'danish', 'dutch', 'english', 'finnish', 'french', 'german', 'hungarian', 'irish', 'italian', 'norwegian', 'portuguese', 'romanian', 'russian', 'simple', 'spanish', 'swedish', 'tamil', 'turkish'];

const declared = (form) => form.read === 'declared';
const bringsVectors = (form) => declared(form) && form.fields.some(isVector);
const hasVectors = (form) => bringsVectors(form) || form.embed !== 'none';

// embedOf is what a form embeds, undefined for every text.
function embedOf(form) {
  if (bringsVectors(form) || form.embed === 'all') return undefined;
  if (form.embed === 'none') return [];
  return declared(form) ? form.fields.filter((f) => f.type === 'text' && f.embed).map((f) => f.name) : words(form.embedded);
}

// specOf is the definition that a form describes: what is as it would be anyway
// is left out.
function specOf(form) {
  const embed = embedOf(form);
  return {
    ...(declared(form) && { fields: form.fields.map(fieldOf) }), ...(embed && { embed }),
    ...(hasVectors(form) && form.metric !== 'cosine' && { metric: form.metric }), ...(hasVectors(form) && form.precision !== 'int8' && { precision: form.precision }),
    ...(form.language !== 'english' && { language: form.language }),
  };
}

// ofName are the problems that another name would solve.
const ofName = ['invalid_name', 'collection_exists', 'name_taken', 'is_alias'];

// shownAt are the places at which the form tells what is wrong with them.
const shownAt = (problem) => problem?.errors.map((e) => e.location).filter((at) => placeOf(at) || /^body\.(fields$|embed|metric|precision|language)/.test(at));

export function Define({ onClose, onDone }) {
  const [form, setForm] = useState(blank);
  const call = useCall(), root = useRef();
  useEffect(() => { root.current.querySelector('input').focus(); }, []);
  const set = (name) => (value) => setForm((f) => ({ ...f, [name]: value }));
  const request = { method: 'PUT', path: `/v1/collections/${encodeURIComponent(form.name || 'articles')}`, body: specOf(form) };
  const { problem } = call;
  const named = ofName.includes(problem?.code);
  const submit = async (e) => {
    e.preventDefault();
    if (await call.run(request)) onDone(form.name);
  };
  const of = (name) => ({ value: form[name], onChange: set(name), fault: problem?.at(`body.${name}`) });
  return html`<${Panel} title="Define a collection" class="define">
    <form ref=${root} onSubmit=${submit}>
      <div class="pair"><${Text} label="Name" value=${form.name} onChange=${set('name')} required placeholder="articles" fault=${named ? problem.detail : undefined} hint="Its place in every address." />
        <${Choice} label="Language" options=${languages.map((l) => [l])} hint="Whose words are brought to their stem; simple does not." ...${of('language')} /></div>
      <${Segments} label="Fields" value=${form.read} options=${reads} onChange=${set('read')} />
      ${declared(form) ? html`<${Fields} fields=${form.fields} setFields=${set('fields')} choose=${form.embed === 'some' && !bringsVectors(form)} languages=${languages} problem=${problem} />`
    : html`<p class="fine">A string is a text, a number a number, an array of strings keywords. What the first document says of a member holds for all.</p>`}
      <${Vectors} form=${form} set=${set} of=${of} problem=${problem} />
      <div class="acts"><${Act} busy=${call.busy} scope="search:write" disabled=${call.busy}>Define collection<//><${Do} onClick=${onClose}>Leave it<//></div>
    </form>
    ${!named && html`<${Trouble} problem=${problem} what="It was not defined" shown=${shownAt(problem)} />`}
    <${Call} request=${request} />
  <//>`;
}

function Vectors({ form, set, of, problem }) {
  const fault = problem?.errors.find((e) => e.location.startsWith('body.embed'))?.message;
  if (bringsVectors(form)) return html`<p class="fine">Documents bring their vectors in <code>${form.fields.find(isVector).name || '…'}</code>; nothing is embedded here.</p><${Kept} of=${of} />`;
  return html`<${Segments} label="Searched by meaning" value=${form.embed} options=${embeds} onChange=${set('embed')} />
    ${form.embed === 'some' && !declared(form) && html`<${Text} label="Texts to embed" value=${form.embedded} onChange=${set('embedded')} required placeholder="title, text" hint="Names of members, between commas." fault=${fault} />`}
    ${fault && declared(form) && html`<p class="fault" role="alert">${fault}</p>`}
    ${form.embed !== 'none' && html`<${Kept} of=${of} />`}`;
}

const Kept = ({ of }) => html`<div class="pair"><${Choice} label="Metric" options=${metrics} hint="How vectors are compared." ...${of('metric')} />
  <${Choice} label="Precision" options=${precisions} hint="How they are kept." ...${of('precision')} /></div>`;
