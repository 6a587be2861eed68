// What is asked before an alias is made, moved or deleted.
import { html, useEffect, useState } from './vendor/preact.js';
import { send } from './api.js';
import { Ask } from './dialog.js';
import { Text, Choice, Do, Call, Trouble, useCall, announce, amount } from './ui.js';

export const pathOf = (alias) => `/v1/aliases/${encodeURIComponent(alias || 'store')}`;

const many = (n) => `${amount(n)} ${n === 1 ? 'document' : 'documents'}`;

// ofName are the problems that another name would solve.
const ofName = ['invalid_name', 'alias_exists', 'name_taken'];

export function AskAlias({ collections, onClose, onDone }) {
  const [name, setName] = useState('');
  const [to, setTo] = useState(collections[0].name);
  const call = useCall();
  const request = { method: 'PUT', path: pathOf(name), body: { collection: to } };
  const named = ofName.includes(call.problem?.code);
  const act = async () => {
    if (!await call.run(request, true)) return;
    announce(`${name} leads to ${to}.`);
    onDone();
  };
  return html`<${Ask} title="New alias" act="Make alias" scope="search:write" disabled=${!name} call=${named ? { ...call, problem: undefined } : call} onAct=${act} onClose=${onClose} what="It was not made">
    <${Text} label="Alias" value=${name} onChange=${setName} required placeholder="store" fault=${named ? call.problem.detail : undefined} hint="A name that no collection has." />
    <${Choice} label="Leads to" value=${to} options=${collections.map((c) => [c.name])} onChange=${setTo} />
    <${Call} request=${request} /><//>`;
}

// AskMove moves an alias as it is when it is asked about: a change that somebody
// else makes in between is not overwritten.
export function AskMove({ of, collections, onClose, onDone }) {
  const [now, setNow] = useState({ data: of });
  const others = collections.filter((c) => c.name !== now.data.collection);
  const [to, setTo] = useState(others[0]?.name);
  const call = useCall();
  const read = () => send({ path: pathOf(of.name) }).then((answer) => { call.clear(); setNow(answer); }, (problem) => setNow({ data: of, problem }));
  useEffect(() => { read(); }, []);
  const target = others.find((c) => c.name === to) ?? others[0], source = collections.find((c) => c.name === now.data.collection);
  const request = { method: 'PUT', path: pathOf(of.name), body: { collection: target?.name }, headers: { 'If-Match': now.etag ?? '*' } };
  const act = async () => {
    if (!await call.run(request, true)) return;
    announce(`${of.name} leads to ${target.name} now.`);
    onDone();
  };
  return html`<${Ask} title=${`Move ${of.name}?`} act="Move alias" scope="search:write" disabled=${!target || !now.etag} call=${call} onAct=${act} onClose=${onClose} what="It stays where it is">
    <${Trouble} problem=${now.problem} what="The alias cannot be read" />
    ${target ? html`<${Choice} label="To" value=${target.name} options=${others.map((c) => [c.name])} onChange=${setTo} />
      <p>From one moment on whoever names <b>${of.name}</b> reads and writes the ${many(target.documents)} of <b>${target.name}</b>, no longer ${source ? `the ${many(source.documents)} of ` : ''}<b>${now.data.collection}</b>, which stays as it is.</p>
      <${Call} request=${request} />` : html`<p>There is no other collection that it could lead to.</p>`}
    ${call.problem?.code === 'etag_mismatch' && html`<${Do} onClick=${read}>Read it again<//>`}<//>`;
}

export function AskDelete({ of: a, onClose, onDone }) {
  const call = useCall();
  const request = { method: 'DELETE', path: pathOf(a.name) };
  const act = async () => {
    if (!await call.run(request, true)) return;
    announce(`${a.name} is deleted.`);
    onDone();
  };
  return html`<${Ask} title=${`Delete ${a.name}?`} act="Delete alias" bad=${true} scope="search:admin" call=${call} onAct=${act} onClose=${onClose} what="It was not deleted">
    <p>Whoever names ${a.name} finds nothing from then on. The collection ${a.collection} stays.</p><${Call} request=${request} /><//>`;
}
