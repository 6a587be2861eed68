// The documents of a collection: the newest first, page by page.
import { html, useState } from './vendor/preact.js';
import { may } from './api.js';
import { Ask } from './dialog.js';
import { Panel, Do, Call, Trouble, Empty, Skeleton, useCall, announce, amount } from './ui.js';
import { DocumentDialog, pathOf } from './page_search_document.js';
import { searchOf, useAnswers } from './search_ask.js';
import { Values, nameOf } from './search_text.js';

const pageSize = 20;

export function Documents({ collection, reload }) {
  const [cursors, setCursors] = useState([]); // of the pages before this one, the first has none
  const [turn, setTurn] = useState(0);
  const [open, setOpen] = useState();
  const request = searchOf(collection.name, { limit: pageSize, ...(cursors.length && { cursor: cursors.at(-1) }) });
  const { list } = useAnswers({ list: request }, turn);
  const { data, problem } = list;
  const close = () => setOpen();
  const changed = () => { close(); setTurn((n) => n + 1); reload(); };
  const acts = html`<span class="row-acts">
    ${may('search:write') && html`<${Do} onClick=${() => setOpen({ of: 'document' })}>Add document<//>`}
    ${(data?.next || cursors.length > 0) && html`<nav class="paging" aria-label="Pages of the list">
      <${Do} plain=${true} disabled=${!cursors.length} onClick=${() => setCursors((c) => c.slice(0, -1))}>Newer<//><span class="fine">page ${cursors.length + 1}</span>
      <${Do} plain=${true} disabled=${!data?.next || list.busy} onClick=${() => setCursors((c) => [...c, data.next])}>Older<//></nav>`}</span>`;
  return html`<${Panel} title=${data ? `${amount(data.found)} ${data.found === 1 ? 'document' : 'documents'}` : 'Documents'} aside=${acts} class="listing">
    <${Trouble} problem=${problem} what="The documents cannot be listed" />
    ${!data && !problem && html`<${Skeleton} rows=${8} />`}
    ${data && (data.hits.length ? html`<${Table} hits=${data.hits} fields=${collection.fields} ask=${setOpen} />`
      : html`<${Empty} title="No document yet"><p>Send the first from a shell. Many at once go to the same address as an array, or one a line.</p>
        <${Call} request=${{ method: 'POST', path: `/v1/collections/${collection.name}/documents`, body: { id: 'd1', title: 'Layering for winter', text: 'Wool, down and a windproof shell keep you warm.' } }} label="Try it" /><//>`)}
    ${data && html`<${Call} request=${request} />`}
    ${open?.of === 'document' && html`<${DocumentDialog} key=${open.id ?? ''} collection=${collection} id=${open.id} onClose=${close} onSaved=${changed} />`}
    ${open?.of === 'delete' && html`<${AskDelete} collection=${collection} id=${open.id} onClose=${close} onDone=${changed} />`}
  <//>`;
}

const Table = ({ hits, fields, ask }) => html`<div class="table-wrap" tabindex="0" role="region" aria-label="Documents"><table class="rows fold documents">
  <thead><tr><th>Id</th><th>Document</th><th><span class="hidden">Acts</span></th></tr></thead>
  <tbody>${hits.map(({ id, document }) => html`<tr key=${id}><td class="cut" data-name="" title=${id}><code>${id}</code></td>
    <td class="said" data-name=""><b>${nameOf(document, fields, id)}</b><${Values} document=${document} fields=${fields} /></td>
    <td class="end"><span class="row-acts"><${Do} plain=${true} aria-label=${`${may('search:write') ? 'Edit' : 'Show'} ${id}`} onClick=${() => ask({ of: 'document', id })}>${may('search:write') ? 'Edit' : 'Show'}<//>
      ${may('search:write') && html`<${Do} plain=${true} aria-label=${`Delete ${id}`} onClick=${() => ask({ of: 'delete', id })}>Delete<//>`}</span></td></tr>`)}</tbody></table></div>`;

function AskDelete({ collection, id, onClose, onDone }) {
  const call = useCall();
  const request = { method: 'DELETE', path: pathOf(collection, id) };
  const act = async () => {
    if (!await call.run(request, true)) return;
    announce(`${id} is deleted.`);
    onDone();
  };
  return html`<${Ask} title=${`Delete ${id}?`} act="Delete document" bad=${true} scope="search:write" call=${call} onAct=${act} onClose=${onClose} what="It was not deleted">
    <p>No search finds it any more.</p><${Call} request=${request} /><//>`;
}
