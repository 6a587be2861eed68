// The shell: who is signed in, where one is, and the way between the pages.
import { html, render, signal, useEffect, useState } from './vendor/preact.js';
import { session, farewell, whoami, signIn, signOut } from './api.js';
import { follow, connection } from './activity.js';
import { capabilities } from './capabilities.js';
import { painted } from './chart.js';
import { Icon, Mark } from './icons.js';
import { Skeleton } from './ui.js';
import { SignIn } from './page_signin.js';
import { Overview } from './page_overview.js';
import { Search } from './page_search.js';
import { Stream } from './page_stream.js';
import { Gateway } from './page_gateway.js';
import { Jobs } from './page_jobs.js';
import { Images } from './page_images.js';

const root = '/console';
const pages = { '': Overview, search: Search, stream: Stream, gateway: Gateway, jobs: Jobs, images: Images };
const titles = { '': 'Overview', ...Object.fromEntries(capabilities.map((c) => [c.path, c.name])) };

// place is the path below /console, in parts.
const place = signal(here());

function here() {
  return location.pathname.slice(root.length).split('/').filter(Boolean);
}

// go shows another page without loading it.
function go(url) {
  history.pushState(null, '', url);
  place.value = here();
  document.getElementById('title')?.focus();
  scrollTo(0, 0);
}

addEventListener('popstate', () => { place.value = here(); });
addEventListener('click', (e) => {
  const link = e.target.closest?.('a[href]');
  if (!link || e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || link.target || link.origin !== location.origin) return;
  if (link.pathname !== root && !link.pathname.startsWith(root + '/')) return;
  e.preventDefault();
  go(link.href);
});

function theme() {
  return document.documentElement.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
}

function ThemeSwitch() {
  const [now, setNow] = useState(theme);
  const other = now === 'dark' ? 'light' : 'dark';
  const turn = () => {
    document.documentElement.dataset.theme = other;
    try { localStorage.setItem('theme', other); } catch { /* for this visit only, then */ }
    setNow(other);
    painted.value++;
  };
  return html`<button class="quiet" type="button" onClick=${turn} title=${`Use the ${other} theme`} aria-label=${`Use the ${other} theme`}><${Icon} name=${now === 'dark' ? 'sun' : 'moon'} /></button>`;
}

const NavLink = ({ path, name, icon, id }) => html`<a href=${path ? `${root}/${path}` : root} data-c=${id} aria-current=${(place.value[0] ?? '') === path ? 'page' : undefined}>
  <${Icon} name=${icon} /><span>${name}</span></a>`;

const Rail = () => html`<div class="rail">
  <a class="brand" href=${root}><${Mark} /><span>Quintet</span></a>
  <nav aria-label="Pages"><${NavLink} path="" name="Overview" icon="overview" />
    ${capabilities.map((c) => html`<${NavLink} path=${c.path} name=${c.name} icon=${c.path} id=${c.id} />`)}</nav>
  <div class="who">
    <span class="tenant" title=${session.value.subject}><i class="pulse" data-live=${connection.value}></i>${session.value.tenant}</span>
    <${ThemeSwitch} /><button class="quiet" type="button" onClick=${signOut} title="Sign out" aria-label="Sign out"><${Icon} name="leave" /></button>
  </div></div>`;

// skip leaves the address alone: what a page was asked stands behind its #.
function skip(e) {
  e.preventDefault();
  document.getElementById('title')?.focus();
}

function Shell() {
  const [first, ...rest] = place.value;
  const Shown = pages[first ?? ''] ?? Missing;
  useEffect(() => { document.title = `${titles[first ?? ''] ?? 'Not found'} – Quintet`; }, [first]);
  return html`<a class="skip" href="#title" onClick=${skip}>Skip to content</a><${Rail} />
    <main><${Shown} key=${first} rest=${rest} go=${go} /></main>`;
}

const Missing = () => html`<div class="page"><header class="page-head"><h1 tabindex="-1" id="title">There is no such page</h1>
  <p>The address leads nowhere. <a href=${root}>Go to the overview</a>.</p></header></div>`;

function App() {
  if (session.value === undefined) return html`<main class="signin"><${Skeleton} rows=${3} /></main>`;
  return session.value ? html`<${Shell} />` : html`<${SignIn} />`;
}

// arrive exchanges the token of a link, if that is how one came, and takes it
// out of the address bar before anything else.
async function arrive() {
  const token = location.hash.startsWith('#ql_') ? location.hash.slice(1) : '';
  if (token) history.replaceState(null, '', location.pathname);
  try {
    if (token) await signIn({ token });
    else await whoami();
  } catch (problem) {
    farewell.value = problem.detail;
    session.value = null;
  }
}

addEventListener('hashchange', () => { if (location.hash.startsWith('#ql_')) arrive(); });
render(html`<${App} />`, document.getElementById('app'));
follow();
arrive();
