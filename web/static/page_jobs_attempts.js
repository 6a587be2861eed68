// The attempts of a job: when each ran, how long, and how it ended.
import { html } from './vendor/preact.js';
import { beat } from './activity.js';
import { Empty, State, milliseconds } from './ui.js';

const endings = ['completed', 'failed', 'expired', 'snoozed', 'released', 'cancelled'];

// attemptsOf reads the attempts off the timeline. A snoozed or released one
// does not count, so the number of the next may be the same.
export function attemptsOf(job) {
  const list = [];
  for (const m of job.timeline) {
    const last = list.at(-1);
    if (m.event === 'leased') list.push({ number: m.attempt, worker: m.note, began: Date.parse(m.at) });
    else if (last && !last.how && endings.includes(m.event)) Object.assign(last, { ended: Date.parse(m.at), how: m.event, state: m.state, note: m.event === 'completed' ? undefined : m.note });
  }
  return list;
}

const colours = { completed: 'done', failed: 'dead', expired: 'dead', cancelled: 'cancelled', snoozed: 'scheduled', released: 'scheduled' };

export function Attempts({ job }) {
  beat.value; // the bar of one that runs grows
  const list = attemptsOf(job);
  if (!list.length) return html`<${Empty} title="No attempt yet"><p>${job.state === 'ready' ? 'It waits for a worker.' : job.state === 'cancelled' ? 'It was cancelled before a worker had it.' : 'It waits for its time.'}</p><//>`;
  const now = Date.now();
  const from = list[0].began;
  const to = Math.max(from + 1, ...list.map((a) => a.ended ?? now));
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label="Attempts"><table class="rows fold attempts"><thead><tr><th>Attempt</th><th>Worker</th><th>When</th><th class="num">Took</th><th>Ended</th></tr></thead>
    <tbody>${list.map((a) => html`<${Row} of=${a} from=${from} span=${to - from} now=${now} />`)}</tbody></table></div>`;
}

// Row draws an attempt along the time of all of them.
function Row({ of: a, from, span, now }) {
  const took = (a.ended ?? now) - a.began;
  const x = ((a.began - from) / span) * 100, width = Math.max(0.8, (took / span) * 100);
  const text = milliseconds(Math.max(0, took));
  return html`<tr><td class="mono" data-name="Attempt">${a.number}</td><td class="cut" data-name="Worker" title=${a.worker}>${a.worker || html`<span class="fine">unnamed</span>`}</td>
    <td class="wide" data-name="When"><svg class="span" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=${`Attempt ${a.number} took ${text}`}><rect class=${`bar-${colours[a.how] ?? 'running'}`} x=${Math.min(x, 100 - width).toFixed(2)} y="0" width=${width.toFixed(2)} height="8" /></svg></td>
    <td class="num" data-name="Took">${text}</td>
    <td class="said" data-name="Ended"><${State} of=${a.how === 'failed' || a.how === 'expired' ? 'dead' : a.how === 'completed' ? 'done' : 'running'} as=${a.how ?? 'running'} />${a.note && html`<div class=${a.how === 'failed' || a.how === 'expired' ? 'fault' : 'fine'}>${a.note}</div>`}</td></tr>`;
}
