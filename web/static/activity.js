// What happens in the tenant, live: one event stream for the whole console,
// counted by second and capability. Nothing is kept beyond the window.
import { signal, effect } from './vendor/preact.js';
import { session, whoami } from './api.js';
import { capabilities } from './capabilities.js';

export const windowSeconds = 120;
const keptEvents = 60;
const foldMs = 10_000;

// connection is 'closed', 'connecting' or 'live'.
export const connection = signal('closed');
// recent holds the newest events, newest first; what repeats itself within
// seconds is one entry. turn tells entries apart when they change, key while they stay.
export const recent = signal([]);
// beat rises each second; who shows counts depends on it.
export const beat = signal(0);

const counts = new Map(); // capability → counts of the last seconds, oldest first; null where nobody listened
let newest = 0; // second of the last count
let source, timer, turns = 0;

function reset() {
  for (const { id } of capabilities) counts.set(id, new Array(windowSeconds).fill(null));
  newest = Math.floor(Date.now() / 1000);
  recent.value = [];
}

function advance() {
  const now = Math.floor(Date.now() / 1000);
  const steps = Math.min(now - newest, windowSeconds);
  if (steps <= 0) return;
  for (const row of counts.values()) {
    row.splice(0, steps);
    for (let i = 0; i < steps; i++) row.push(connection.peek() === 'live' ? 0 : null);
  }
  newest = now;
}

function note(message) {
  const event = JSON.parse(message.data);
  advance();
  const row = counts.get(event.capability);
  if (row) row[windowSeconds - 1] += event.count;
  turns++;
  const again = recent.value.find((e) => e.type === event.type && e.subject === event.subject && Date.parse(event.time) - Date.parse(e.since) < foldMs);
  const entry = again
    ? { ...again, time: event.time, count: again.count + event.count, turn: turns }
    : { ...event, since: event.time, key: turns, turn: turns };
  recent.value = [entry, ...recent.value.filter((e) => e !== again)].slice(0, keptEvents);
}

// perSecond returns the counts of a capability, oldest first, without the
// second that is not over yet; null where nobody listened.
export const perSecond = (id) => (counts.get(id) || []).slice(0, -1);

// seconds returns the Unix seconds that perSecond stands for.
export const seconds = () => Array.from({ length: windowSeconds - 1 }, (_, i) => newest - windowSeconds + 1 + i);

// rate is the mean per second over the last ten full seconds.
export function rate(id) {
  const last = perSecond(id).slice(-10).filter((n) => n !== null);
  return last.reduce((sum, n) => sum + n, 0) / (last.length || 1);
}

function open() {
  reset();
  connect();
  timer = setInterval(() => { advance(); beat.value++; }, 1000);
}

function connect() {
  connection.value = 'connecting';
  source = new EventSource('/v1/activity');
  source.onopen = () => { connection.value = 'live'; };
  source.onerror = lost;
  source.addEventListener('activity', note);
}

// lost waits where the browser tries again by itself. Where it gave up the
// server refused: perhaps the session has ended.
function lost() {
  connection.value = 'connecting';
  if (source.readyState !== EventSource.CLOSED) return;
  const ended = source;
  setTimeout(async () => {
    await whoami().catch(() => {}); // the server may be away; the next try tells
    if (source === ended && session.peek()) connect();
  }, 2000);
}

function close() {
  source?.close();
  clearInterval(timer);
  source = undefined;
  connection.value = 'closed';
}

// follow keeps the stream open while somebody is signed in.
export function follow() {
  let tenant;
  effect(() => {
    const now = session.value?.tenant;
    if (now === tenant) return;
    tenant = now;
    close();
    if (now) open();
  });
}
