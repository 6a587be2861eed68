// The aliases: where each leads, and what is being made behind it.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { may } from './api.js';
import { Panel, Do, Call, Trouble, Empty, Skeleton, Time, useFetch, announce } from './ui.js';
import { AskAlias, AskMove, AskDelete } from './page_search_alias.js';
import { AskReindex, AskCancel, Progress } from './page_search_reindex.js';
import { useNews } from './search_news.js';

const pollMs = 500;

// useAliases reads the aliases, and again and again while a re-index runs. It
// says when one has ended.
function useAliases() {
  const list = useFetch('/v1/aliases?limit=1000');
  const running = useRef(new Map());
  useNews(list.reload);
  useEffect(() => {
    const { data } = list;
    const now = data ? new Map(data.items.filter((a) => a.reindex?.state === 'running').map((a) => [a.name, a.reindex.collection])) : running.current;
    for (const [name, collection] of running.current) {
      const alias = data?.items.find((a) => a.name === name);
      if (alias?.collection === collection) announce(`${name} leads to ${collection} now.`);
      else if (alias?.reindex?.state === 'failed') announce(`The re-index behind ${name} failed.`);
    }
    running.current = now;
    const timer = now.size && setTimeout(list.reload, pollMs);
    return () => clearTimeout(timer);
  }, [list.data, list.problem]);
  return list;
}

const dialogs = { make: AskAlias, move: AskMove, delete: AskDelete, reindex: AskReindex, cancel: AskCancel };

export function Aliases({ collections }) {
  const list = useAliases();
  const [ask, setAsk] = useState();
  const { data, problem, loading } = list;
  const Asked = dialogs[ask?.to];
  return html`<${Panel} title="Aliases" aside=${may('search:write') && html`<${Do} onClick=${() => setAsk({ to: 'make' })}>New alias…<//>`} class="listing">
    <${Trouble} problem=${problem} what="The aliases cannot be listed" />
    ${loading && !data && html`<${Skeleton} rows=${2} />`}
    ${data && (data.items.length ? html`<div class="table-wrap" tabindex="0" role="region" aria-label="Aliases"><table class="rows fold">
      <thead><tr><th>Alias</th><th>Leads to</th><th class="num">Since</th><th><span class="hidden">Acts</span></th></tr></thead>
      <tbody>${data.items.map((a) => html`<${Row} key=${a.name} of=${a} ask=${setAsk} />`)}</tbody></table></div>`
    : html`<${Empty} title="No alias yet"><p>A second name of a collection, which works wherever a collection is named. Clients that know it alone do not notice when it leads elsewhere, as after a re-index with another definition.</p>
      <${Call} request=${{ method: 'PUT', path: '/v1/aliases/store', body: { collection: collections[0].name } }} label="Try it" /><//>`)}
    ${Asked && html`<${Asked} key=${ask.to} of=${ask.of} collections=${collections} onClose=${() => setAsk()} onDone=${() => { setAsk(); list.reload(); }} />`}
  <//>`;
}

function Row({ of: a, ask }) {
  const runs = a.reindex?.state === 'running';
  const act = (to) => () => ask({ to, of: a });
  return html`<tr><td data-name="">${a.name}</td>
    <td class="said" data-name="Leads to"><a href=${`/console/search/${a.collection}`}>${a.collection}</a>${a.reindex && html`<${Progress} of=${a} cancel=${act('cancel')} />`}</td>
    <td class="num" data-name="Since"><${Time} at=${a.updated_at} /></td>
    <td class="end"><span class="row-acts">${may('search:write') && html`<${Do} plain=${true} why=${runs ? 'A re-index runs behind it' : undefined} aria-label=${`Move ${a.name}`} onClick=${act('move')}>Move…<//>
      <${Do} plain=${true} why=${runs ? 'One runs already' : undefined} aria-label=${`Re-index ${a.name}`} onClick=${act('reindex')}>Re-index…<//>`}
      ${may('search:admin') && html`<${Do} plain=${true} why=${runs ? 'A re-index runs behind it' : undefined} aria-label=${`Delete ${a.name}`} onClick=${act('delete')}>Delete<//>`}</span></td></tr>`;
}
