// The snapshots of a collection: made, fetched, restored, deleted.
import { html, useState } from './vendor/preact.js';
import { may } from './api.js';
import { Ask } from './dialog.js';
import { Panel, Do, Call, Trouble, Empty, Skeleton, Time, useFetch, useCall, announce, amount, bytes } from './ui.js';
import { AskRestore, AskUpload } from './page_search_restore.js';

const many = (n) => `${amount(n)} ${n === 1 ? 'document' : 'documents'}`;
const pathOf = (s) => `/v1/collections/${s.collection}/snapshots/${s.id}`;

export function Snapshots({ of: c, go }) {
  const path = `/v1/collections/${c.name}/snapshots`;
  const list = useFetch(`${path}?limit=1000`);
  const [ask, setAsk] = useState();
  const making = useCall();
  const close = () => setAsk();
  const made = (name) => go(`/console/search/${name}`);
  const make = async () => {
    const answer = await making.run({ method: 'POST', path }, true);
    if (!answer) return;
    announce(`A snapshot of ${many(answer.data.documents)} is made.`);
    list.reload();
  };
  const acts = may('search:write') && html`<span class="row-acts"><${Do} busy=${making.busy} disabled=${making.busy} onClick=${make}>Make snapshot<//><${Do} onClick=${() => setAsk({ to: 'upload' })}>Restore from a file…<//></span>`;
  return html`<${Panel} title="Snapshots" aside=${acts} class="listing">
    ${making.busy && html`<div class="progress"><progress aria-label="A snapshot is being made"></progress><span class="fine">${many(c.documents)}, as of now</span></div>`}
    <${Trouble} problem=${making.problem} what="No snapshot was made" />
    <${List} list=${list} ask=${setAsk} />
    ${may('search:write') && html`<${Call} request=${{ method: 'POST', path }} label="Make one from a shell" />`}
    ${ask?.to === 'upload' && html`<${AskUpload} onClose=${close} onDone=${made} />`}
    ${ask?.to === 'restore' && html`<${AskRestore} of=${ask.of} onClose=${close} onDone=${made} />`}
    ${ask?.to === 'delete' && html`<${AskDelete} of=${ask.of} onClose=${close} onDone=${() => { close(); list.reload(); }} />`}
  <//>`;
}

function List({ list, ask }) {
  const { data, problem, loading } = list;
  return html`<${Trouble} problem=${problem} what="The snapshots cannot be listed" />
    ${loading && !data && html`<${Skeleton} rows=${3} />`}
    ${data && (data.items.length ? html`<div class="table-wrap" tabindex="0" role="region" aria-label="Snapshots"><table class="rows fold">
      <thead><tr><th>Made</th><th class="num">Documents</th><th class="num">Size</th><th><span class="hidden">Acts</span></th></tr></thead>
      <tbody>${data.items.map((s) => html`<${Row} key=${s.id} of=${s} ask=${ask} />`)}</tbody></table></div>`
    : html`<${Empty} title="No snapshot yet"><p>One is the whole collection in a file, as it is at one moment: definition, documents, vectors. It can be restored here under another name, or elsewhere.</p><//>`)}`;
}

// Row names in its acts when the snapshot was made, for those who hear them alone.
function Row({ of: s, ask }) {
  const at = new Date(s.created_at).toLocaleString();
  return html`<tr><td data-name=""><${Time} at=${s.created_at} /></td><td class="num" data-name="Documents">${amount(s.documents)}</td><td class="num" data-name="Size">${bytes(s.bytes)}</td>
    <td class="end"><span class="row-acts"><a class="quiet" href=${pathOf(s)} download aria-label=${`Download the snapshot of ${at}`}>Download</a>
      ${may('search:write') && html`<${Do} plain=${true} aria-label=${`Restore the snapshot of ${at}`} onClick=${() => ask({ to: 'restore', of: s })}>Restore…<//>`}
      ${may('search:admin') && html`<${Do} plain=${true} aria-label=${`Delete the snapshot of ${at}`} onClick=${() => ask({ to: 'delete', of: s })}>Delete<//>`}</span></td></tr>`;
}

function AskDelete({ of: s, onClose, onDone }) {
  const call = useCall();
  const request = { method: 'DELETE', path: pathOf(s) };
  const act = async () => {
    if (!await call.run(request, true)) return;
    announce('The snapshot is deleted.');
    onDone();
  };
  return html`<${Ask} title="Delete this snapshot?" act="Delete snapshot" bad=${true} scope="search:admin" call=${call} onAct=${act} onClose=${onClose} what="It was not deleted">
    <p>Its ${many(s.documents)}, as they were <${Time} at=${s.created_at} />, cannot be restored from here any more. The collection stays.</p><${Call} request=${request} />
  <//>`;
}
