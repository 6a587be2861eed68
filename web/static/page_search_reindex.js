// A re-index behind an alias: begun, followed, cancelled.
import { html, useEffect, useState } from './vendor/preact.js';
import { may, send } from './api.js';
import { Ask } from './dialog.js';
import { Text, Area, Check, Do, Call, Trouble, Skeleton, useCall, announce, amount } from './ui.js';
import { parse } from './page_jobs_enqueue.js';
import { pathOf } from './page_search_alias.js';
import { isVector } from './search_text.js';

// definitionOf is the definition of a collection, as a new one takes it. Where
// the documents define the fields, they do so again.
export function definitionOf({ fields, inferred, embed, metric, precision, language }) {
  const texts = fields.filter((f) => f.type === 'text').map((f) => f.name);
  const everyText = precision && texts.length === embed.length || fields.some(isVector); // without vectors it embeds nothing
  return { ...(!inferred && { fields }), ...(!everyText && { embed }), metric, ...(precision && { precision }), language };
}

// next is the name of the version after this one.
function next(name) {
  const [, stem, n] = /^(.*?)(?:-v(\d+))?$/.exec(name);
  return `${stem}-v${n ? Number(n) + 1 : 2}`;
}

// ofName are the problems that another name would solve.
const ofName = ['invalid_name', 'name_taken'];

export function AskReindex({ of: a, onClose, onDone }) {
  const [present, setPresent] = useState();
  const [problem, setProblem] = useState();
  useEffect(() => { send({ path: `/v1/collections/${a.collection}` }).then(({ data }) => setPresent(data), setProblem); }, []);
  const call = useCall();
  const [name, setName] = useState(next(a.collection));
  const [text, setText] = useState();
  const [drop, setDrop] = useState(false);
  const shown = text ?? (present ? JSON.stringify(definitionOf(present), null, 2) : '');
  const definition = parse(shown || '{}');
  const request = { method: 'POST', path: `${pathOf(a.name)}/reindex`, body: { collection: name, ...(text !== undefined && { definition: definition.value }), ...(drop && { drop }) } };
  const named = ofName.includes(call.problem?.code), faults = call.problem?.errors.filter((e) => e.location.startsWith('body.definition')) ?? [];
  const act = async () => {
    if (definition.fault || !await call.run(request, true)) return;
    announce(`${name} is being made.`);
    onDone();
  };
  return html`<${Ask} title=${`Re-index ${a.name}`} act="Begin re-index" scope="search:write" disabled=${!present || !name || !!definition.fault} call=${named ? { ...call, problem: undefined } : call} onAct=${act} onClose=${onClose} what="It was not begun" shown=${faults.map((e) => e.location)}>
    <p>All documents of ${a.collection} are copied in the background, with what changes meanwhile. When the new collection has the same, <b>${a.name}</b> leads there.</p>
    <${Trouble} problem=${problem} what="The present definition cannot be read" />
    ${!present && !problem && html`<${Skeleton} rows=${6} />`}
    ${present && html`<${Text} label="New collection" value=${name} onChange=${setName} required fault=${named ? call.problem.detail : undefined} />
      <${Area} label="Definition" rows="12" value=${shown} onChange=${setText} fault=${definition.fault ?? (faults.length ? faults.map((e) => `${e.location.replace('body.definition.', '')}: ${e.message}`).join('; ') : undefined)} hint="That of now; change what is to be different." />
      ${may('search:admin') && html`<${Check} label=${`Delete ${a.collection} and its snapshots when the alias has moved`} checked=${drop} onChange=${setDrop} />`}
      ${!definition.fault && html`<details><summary>As curl</summary><${Call} request=${request} /></details>`}`}<//>`;
}

// Progress shows how far a re-index is, or why it failed.
export function Progress({ of: { name, reindex: r }, cancel }) {
  const act = (text) => may('search:write') && html`<${Do} plain=${true} onClick=${cancel} aria-label=${`${text} the re-index behind ${name}`}>${text}<//>`;
  if (r.state === 'failed') return html`<div class="reindex"><p class="fault">${r.collection} could not be made: ${r.error}</p>${act('Dismiss')}</div>`;
  return html`<div class="reindex"><div><progress max=${Math.max(1, r.of)} value=${Math.min(r.documents, r.of)} aria-label=${`${r.collection} is being made`}></progress>
    <span class="fine"><span class="mono">${amount(r.documents)}</span> of <span class="mono">${amount(r.of)}</span> ${r.of === 1 ? 'document' : 'documents'} in ${r.collection}${r.drop && '; the old one is deleted then'}</span></div>${act('Cancel')}</div>`;
}

// AskCancel cancels one that runs, and dismisses what is told of one that failed.
export function AskCancel({ of: { name, collection, reindex: r }, onClose, onDone }) {
  const call = useCall();
  const request = { method: 'DELETE', path: `${pathOf(name)}/reindex` };
  const failed = r?.state === 'failed';
  const act = async () => {
    if (!await call.run(request, true)) return;
    announce(failed ? 'It is told no more.' : 'The re-index is cancelled.');
    onDone();
  };
  return html`<${Ask} title=${failed ? 'Dismiss this?' : 'Cancel the re-index?'} act=${failed ? 'Dismiss' : 'Cancel re-index'} bad=${!failed} scope="search:write" call=${call} onAct=${act} onClose=${onClose} keep=${failed ? 'Leave it' : 'Let it go on'} what="It was not cancelled">
    <p>${failed ? `The alias no longer tells why ${r.collection} could not be made.` : `${r.collection} is deleted. ${name} leads to ${collection}, as before.`}</p><${Call} request=${request} /><//>`;
}
