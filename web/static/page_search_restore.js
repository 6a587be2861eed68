// A snapshot becomes a collection, under a name that is free.
import { html, useEffect, useMemo, useState } from './vendor/preact.js';
import { Ask } from './dialog.js';
import { Field, Text, Call, useCall, announce, amount, bytes } from './ui.js';

// ofName are the problems that another name would solve.
const ofName = ['invalid_name', 'collection_exists', 'name_taken', 'is_alias'];

// AskRestore takes a snapshot that is kept here.
export function AskRestore({ of: s, onClose, onDone }) {
  const [name, setName] = useState(`${s.collection}-restored`);
  return html`<${AskName} title="Restore this snapshot" name=${name} setName=${setName} body=${{ collection: s.collection, snapshot: s.id }} onClose=${onClose} onDone=${onDone}>
    <p>A collection of ${amount(s.documents)} ${s.documents === 1 ? 'document' : 'documents'}, as they were. ${s.collection} stays as it is.</p><//>`;
}

// AskUpload takes a file, whose name begins with that of its collection.
export function AskUpload({ onClose, onDone }) {
  const [name, setName] = useState('');
  const [file, setFile] = useState();
  const choose = (chosen) => {
    setFile(chosen && new File([chosen], chosen.name, { type: 'application/octet-stream' }));
    if (!name && chosen) setName(chosen.name.match(/^[a-z][a-z0-9_-]*?(?=-\d{8}T\d{6}Z|\.|$)/)?.[0] ?? '');
  };
  return html`<${AskName} title="Restore from a file" name=${name} setName=${setName} body=${file} onClose=${onClose} onDone=${onDone}>
    <${Field} label="Snapshot" hint=${file ? `${file.name}, ${bytes(file.size)}` : 'A file that was downloaded here, or from another server with the same embedding model.'}
      render=${(id, hint) => html`<input id=${id} type="file" aria-describedby=${hint} onChange=${(e) => choose(e.target.files[0])} />`} /><//>`;
}

// AskName asks under which name, and shows that the server is at it. Whoever
// leaves meanwhile ends the request, and so the restore: it is done as a whole or
// not at all.
function AskName({ title, name, setName, body, onClose, onDone, children }) {
  const call = useCall();
  const gone = useMemo(() => new AbortController(), []);
  useEffect(() => () => gone.abort(), []);
  const request = body && { method: 'POST', path: `/v1/collections/${encodeURIComponent(name || 'articles')}/restore`, body };
  const named = ofName.includes(call.problem?.code);
  const act = async () => {
    const answer = await call.run({ ...request, signal: gone.signal }, true);
    if (!answer) return;
    announce(`${name} is restored, with ${amount(answer.data.documents)} documents.`);
    onDone(name);
  };
  return html`<${Ask} title=${title} act="Restore collection" scope="search:write" disabled=${!name || !body} call=${named ? { ...call, problem: undefined } : call} onAct=${act} onClose=${onClose} keep=${call.busy ? 'Cancel' : 'Leave it'} what="It was not restored">
    ${children}
    <${Text} label="New name" value=${name} onChange=${setName} required placeholder="articles" fault=${named ? call.problem.detail : undefined} hint="One that no collection or alias has." />
    ${call.busy && html`<progress aria-label="The collection is being restored"></progress>`}
    ${request && html`<${Call} request=${request} />`}
  <//>`;
}
