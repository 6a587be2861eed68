// The shell: who is signed in, where one is, and the way between the pages.
import { html, render, signal, useEffect, useRef } from './vendor/preact.js';
import { session, farewell, whoami, signIn, signOut } from './api.js';
import { follow, connection } from './activity.js';
import { capabilities } from './capabilities.js';
import { painted } from './chart.js';
import { Icon, Mark } from './icons.js';
import { Palette } from './palette.js';
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

// theme is 'light' or 'dark': what was chosen, else the system's.
const theme = signal(document.documentElement.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));

const otherTheme = () => (theme.value === 'dark' ? 'light' : 'dark');

function turn() {
  theme.value = otherTheme();
  document.documentElement.dataset.theme = theme.value;
  try { localStorage.setItem('theme', theme.value); } catch { /* for this visit only, then */ }
  painted.value++;
}

const ThemeSwitch = () => html`<button class="quiet" type="button" onClick=${turn} title=${`Use the ${otherTheme()} theme`} aria-label=${`Use the ${otherTheme()} theme`}><${Icon} name=${theme.value === 'dark' ? 'sun' : 'moon'} /></button>`;

// acts are what the palette offers beside the pages.
const acts = [
  { name: 'Switch theme', icon: 'moon', about: 'Light or dark', run: turn },
  { name: 'API reference', icon: 'overview', about: 'Every route of this server', run: () => location.assign('/docs') },
  { name: 'Sign out', icon: 'leave', about: 'End the session of this browser', run: signOut },
];

const NavLink = ({ path, name, icon, id }) => html`<a href=${path ? `${root}/${path}` : root} data-c=${id} aria-current=${(place.value[0] ?? '') === path ? 'page' : undefined}>
  <${Icon} name=${icon} /><span>${name}</span></a>`;

const Rail = () => html`<div class="rail">
  <a class="brand" href=${root}><${Mark} /><span>Quintet</span></a>
  <nav aria-label="Pages"><${NavLink} path="" name="Overview" icon="overview" />
    ${capabilities.map((c) => html`<${NavLink} path=${c.path} name=${c.name} icon=${c.path} id=${c.id} />`)}</nav>
  <div class="docs"><a href="/docs">API reference</a><kbd>${/Mac|iP/.test(navigator.platform) ? '⌘' : 'Ctrl'} K</kbd></div>
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
  const came = useRef(false);
  useEffect(() => { // whoever goes to a page begins at its title
    if (came.current) document.getElementById('title')?.focus();
    came.current = true;
  }, [place.value]);
  useEffect(() => { document.title = `${titles[first ?? ''] ?? 'Not found'} – Quintet`; }, [first]);
  return html`<a class="skip" href="#title" onClick=${skip}>Skip to content</a><${Rail} />
    <main><${Shown} key=${first} rest=${rest} go=${go} /></main><${Palette} go=${go} acts=${acts} />`;
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
