// Five numbers that move, and what just happened.
import { html } from './vendor/preact.js';
import { may } from './api.js';
import { capabilities, capability } from './capabilities.js';
import { beat, recent, rate, perSecond, seconds, connection } from './activity.js';
import { Chart, Spark } from './chart.js';
import { Icon } from './icons.js';
import { Page, Panel, Call, Empty, Short, useFetch, useFollow, amount, ago } from './ui.js';

const sum = (items, of) => items.reduce((total, item) => total + (of(item) || 0), 0);
const plural = (n, one, many = one + 's') => `${amount(n)} ${n === 1 ? one : many}`;
// more marks a count that ends with the first page of a list.
const more = (list) => (list.next ? '+' : '');

// cards tell where each number comes from, and how it reads.
const cards = {
  search: { scope: 'search:read', path: '/v1/collections?limit=1000', say: (list) => ({
    number: sum(list.items, (c) => c.documents), unit: 'documents',
    means: list.items.length ? `searchable in ${plural(list.items.length, 'collection')}` : 'No collection yet. PUT the first.',
  }) },
  stream: { scope: 'stream:read', path: '/v1/streams?limit=1000', say: (list) => ({
    number: rate('stream'), unit: 'events/s',
    means: list.items.length ? `taken in by ${plural(list.items.length, 'stream')}, mean of 10 s` : 'No stream yet. The first events make one.',
  }) },
  gateway: { scope: 'gateway:read', or: 'platform:admin', path: '/v1/apikeys?limit=1000', say: (list) => ({
    number: list.items.length, suffix: more(list), unit: list.items.length === 1 ? 'API key' : 'API keys', means: list.items.length === 1 ? 'opens this tenant, within its scopes' : 'open this tenant, each within its scopes',
  }) },
  scheduler: { scope: 'scheduler:read', path: '/v1/queues?limit=1000', say: (list) => {
    const of = (...states) => sum(list.items, (q) => sum(states, (s) => q.jobs[s]));
    const dead = of('dead');
    return { number: of('ready', 'scheduled', 'retrying', 'running'), unit: 'open jobs', means: dead ? `${plural(dead, 'dead letter')} to look at` : `in ${plural(list.items.length, 'queue')}, no dead letters`, warn: dead > 0 };
  } },
  imaging: { scope: 'imaging:read', path: '/v1/images?limit=1000', say: (list) => ({
    number: list.items.length, suffix: more(list), unit: list.items.length === 1 ? 'image' : 'images', means: list.items.length ? 'ready to be rendered in any size' : 'No image yet. Upload the first.',
  }) },
};

function Card({ id }) {
  const { scope, or, path, say } = cards[id];
  const { name, path: page } = capability(id);
  const allowed = may(scope) || or && may(or);
  const { data, problem, loading, reload } = useFetch(allowed ? path : '');
  beat.value; // the rates below move each second
  useFollow(recent.value.find((e) => e.capability === id)?.turn, reload);
  const said = data && say(data);
  const means = !allowed ? html`needs <code>${scope}</code>` : problem ? (problem.status === 404 || problem.status === 405 ? 'not available on this server' : problem.detail) : said?.means;
  return html`<a class="card" data-c=${id} href=${`/console/${page}`} aria-busy=${loading ? 'true' : 'false'}>
    <span class="card-name"><${Icon} name=${page} />${name}</span>
    <span class="card-number"><b>${said ? amount(said.number) + (said.suffix ?? '') : '–'}</b> <span>${said?.unit ?? ''}</span></span>
    <${Spark} values=${perSecond(id)} />
    <span class="card-means" data-warn=${said?.warn ? '' : undefined}>${means ?? html`<span class="skeleton"><span></span></span>`}</span></a>`;
}

function Activity() {
  beat.value;
  const busy = capabilities.filter((c) => perSecond(c.id).some((n) => n > 0));
  const unknown = perSecond('stream')[0] === null;
  const aside = html`<span class="pulse-text"><i class="pulse" data-live=${connection.value}></i>${connection.value !== 'live' ? 'connecting' : unknown ? 'live since the page opened' : 'live, last two minutes'}</span>`;
  return html`<${Panel} title="Activity per second" aside=${aside}>
    ${busy.length
      ? html`<${Chart} wide=${true} times=${seconds()} series=${busy.map((c) => ({ label: c.name.toLowerCase(), c: c.id, values: perSecond(c.id) }))} label=${`Activity per second of ${busy.map((c) => c.name).join(', ')}`} />`
      : html`<${Empty} title="Quiet so far"><p>Whatever happens in this tenant shows here within a second. Send an event:</p>
        <${Call} request=${{ method: 'POST', path: '/v1/streams/visits/events', body: { ts: new Date().toISOString(), type: 'view', country: 'DE', duration_ms: 42 } }} label="Try it" /><//>`}
  <//>`;
}

function Events() {
  beat.value;
  const list = recent.value.slice(0, 12);
  return html`<${Panel} title="What just happened">
    ${list.length
      ? html`<div class="table-wrap" tabindex="0" role="region" aria-label="Newest events"><table class="rows"><thead><tr><th>What</th><th>To</th><th class="num">Count</th><th class="num">When</th></tr></thead>
        <tbody>${list.map((e) => html`<tr key=${e.key} data-c=${e.capability}><td><i class="dot"></i>${e.type}</td><td><${Short} id=${e.subject} /></td><td class="num">${amount(e.count)}</td><td class="num"><time datetime=${e.time}>${ago(e.time)}</time></td></tr>`)}</tbody></table></div>`
      : html`<${Empty} title="Nothing yet"><p>Events of all five capabilities are listed here as they happen.</p><//>`}
  <//>`;
}

export const Overview = () => html`<${Page} title="Overview" about="What the five capabilities hold, and what they are doing now">
  <div class="cards">${capabilities.map((c) => html`<${Card} key=${c.id} id=${c.id} />`)}</div>
  <div class="stack"><${Activity} /><${Events} /></div>
<//>`;
