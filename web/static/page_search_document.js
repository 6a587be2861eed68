// One document: shown, changed, or made.
import { html, useEffect, useState } from './vendor/preact.js';
import { may, send } from './api.js';
import { Ask, Dialog } from './dialog.js';
import { Text, Area, Do, Call, Trouble, Skeleton, Json, useCall, announce } from './ui.js';
import { parse } from './page_jobs_enqueue.js';

export const pathOf = (collection, id) => `/v1/collections/${collection.name}/documents/${encodeURIComponent(id)}`;

const examples = { text: '…', keyword: '…', 'keyword[]': [], int: 0, float: 0, bool: false };

// blank is a document to begin with, from the fields that there are.
function blank({ fields }) {
  const members = fields.filter((f) => f.type in examples).map((f) => [f.name, examples[f.type]]);
  return members.length ? Object.fromEntries(members) : { title: '…', text: '…' };
}

// DocumentDialog shows a document to be changed, or only to be read; without an
// id it makes one.
export function DocumentDialog({ collection, id, onClose, onSaved }) {
  const [stored, setStored] = useState(id === undefined ? { data: blank(collection) } : undefined);
  const [problem, setProblem] = useState();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (id !== undefined) send({ path: pathOf(collection, id) }).then(setStored, setProblem);
  }, [turn]);
  if (stored && may('search:write')) return html`<${Edit} key=${stored.etag} collection=${collection} id=${id} stored=${stored} again=${() => setTurn((n) => n + 1)} onClose=${onClose} onSaved=${onSaved} />`;
  return html`<${Dialog} title=${id} onClose=${onClose}>
    <${Trouble} problem=${problem} what="This document cannot be shown" />
    ${!stored && !problem && html`<${Skeleton} rows=${6} />`}
    ${stored && html`<${Json} value=${stored.data} label=${`Document ${id}`} /><${Call} request=${{ path: pathOf(collection, id) }} />`}
    <div class="acts"><${Do} onClick=${onClose}>Close<//></div><//>`;
}

function Edit({ collection, id, stored, again, onClose, onSaved }) {
  const [name, setName] = useState(id ?? '');
  const [text, setText] = useState(() => JSON.stringify(stored.data, null, 2));
  const call = useCall();
  const isNew = id === undefined;
  const document = parse(text);
  const request = { method: 'PUT', path: pathOf(collection, name || 'd1'), headers: isNew ? { 'If-None-Match': '*' } : { 'If-Match': stored.etag }, body: document.value };
  const act = async () => {
    if (document.fault || !await call.run(request, true)) return;
    announce(`${name} is saved.`);
    onSaved();
  };
  return html`<${Ask} title=${isNew ? 'Add a document' : `Edit ${id}`} act="Save document" scope="search:write" keep="Leave it" disabled=${!!document.fault || !name} call=${call} onAct=${act} onClose=${onClose} what="It was not saved" shown=${['body.id']}>
    ${isNew && html`<${Text} label="Id" value=${name} onChange=${setName} maxlength="128" placeholder="d1" required fault=${call.problem?.at('body.id')} />`}
    <${Area} label="Document" rows="14" value=${text} onChange=${setText} fault=${document.fault ?? (isNew ? undefined : call.problem?.at('body.id'))} hint="One JSON object. Members that are no fields are kept with it, and not searched." />
    ${call.problem?.code === 'etag_mismatch' && html`<${Do} onClick=${again}>Read it again<//>`}
    ${!document.fault && html`<details><summary>As curl</summary><${Call} request=${request} /></details>`}
  <//>`;
}
