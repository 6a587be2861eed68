// Search: which of its pages is shown.
import { html, useMemo } from './vendor/preact.js';
import { may } from './api.js';
import { Page, Panel, Trouble, Needs, Skeleton, useFetch } from './ui.js';
import { Collections } from './page_search_collections.js';
import { Playground } from './page_search_playground.js';
import { Documents } from './page_search_documents.js';
import { Settings } from './page_search_settings.js';

const root = '/console/search';
const parts = [
  ['', 'Playground', Playground, 'By word, by meaning and by both, side by side as you type'],
  ['documents', 'Documents', Documents, 'What is in it, the newest first'],
  ['settings', 'Settings', Settings, 'How documents are read, and what the index holds'],
];

let visits = 0;

// Search shows the page that the address names. Whoever goes to a page that is
// shown already, with other parameters, finds it new.
export function Search({ rest, go }) {
  const [name, path = ''] = rest;
  const visit = useMemo(() => ++visits, [rest]);
  if (name) return html`<${Collection} key=${name} name=${name} path=${path} visit=${visit} go=${go} />`;
  return html`<${Page} of="search" title="Search" about="Ask in your own words: by meaning, by word, or by both">
    <${Needs} scopes=${['search:read']} />
    ${may('search:read') && html`<${Collections} go=${go} />`}
  <//>`;
}

function Collection({ name, path, visit, go }) {
  const collection = useFetch(may('search:read') ? `/v1/collections/${encodeURIComponent(name)}` : '');
  const { data, problem, loading } = collection;
  const [, , Shown, about] = parts.find(([part]) => part === path) ?? parts[0];
  return html`<${Page} of="search" title=${name} about=${about}>
    <nav class="tabs" aria-label="Pages of the collection"><a href=${root}>Collections</a>
      ${parts.map(([part, title]) => html`<a href=${`${root}/${name}${part && `/${part}`}`} aria-current=${part === path ? 'page' : undefined}>${title}</a>`)}</nav>
    <${Needs} scopes=${['search:read']} />
    ${data ? html`<${Shown} key=${visit} collection=${data} reload=${collection.reload} go=${go} />`
      : (problem || loading) && html`<${Panel} title="Collection"><${Trouble} problem=${problem} what=${`There is no ${name} to be shown`} />${loading && html`<${Skeleton} rows=${6} />`}<//>`}
  <//>`;
}
