// A backfill makes the jobs of ticks that have passed; how many is shown first.
import { html, useEffect, useState } from './vendor/preact.js';
import { Ask } from './dialog.js';
import { Text, Call, Trouble, useCall, amount, announce } from './ui.js';

const dayMs = 86_400_000;

// localText and instant turn an instant into what a field of date and time
// holds, in the zone of the browser, and back.
export function localText(at) {
  if (!at) return '';
  const t = new Date(at);
  return new Date(t - t.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export const instant = (text) => (text ? new Date(text).toISOString() : undefined);

export const myZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const many = (n, one) => `${amount(n)} ${one}${n === 1 ? '' : 's'}`;

export function AskBackfill({ of: s, onDone, onClose }) {
  const [from, setFrom] = useState(localText(Date.now() - dayMs));
  const [to, setTo] = useState(localText(Date.now()));
  const count = useCall(), call = useCall();
  const request = (dry) => ({ method: 'POST', path: `/v1/schedules/${s.id}/backfill`, body: { from: instant(from), to: instant(to), ...(dry && { dry_run: true }) } });
  useEffect(() => {
    const timer = setTimeout(() => from && to && count.run(request(true), true), 200);
    return () => clearTimeout(timer);
  }, [from, to]);
  const would = count.problem ? undefined : count.answer?.data;
  const act = async () => {
    const answer = await call.run(request(false), true);
    if (!answer) return;
    announce(`${many(answer.data.enqueued, 'job')} enqueued.`);
    onDone();
  };
  const fault = (name) => (call.problem ?? count.problem)?.at(`body.${name}`);
  const n = would?.enqueued ?? 0;
  return html`<${Ask} title=${`Backfill ${s.id}`} act=${n ? `Enqueue ${many(n, 'job')}` : 'Enqueue'} scope="scheduler:write" disabled=${!n || count.busy} call=${call} onAct=${act} onClose=${onClose} what="Nothing was enqueued" shown=${['body.from', 'body.to']}>
    <div class="pair"><${Text} label="From" type="datetime-local" value=${from} onChange=${setFrom} required fault=${fault('from')} />
      <${Text} label="Before" type="datetime-local" value=${to} onChange=${setTo} required fault=${fault('to')} /></div>
    <p class="fine">In your zone, ${myZone}.</p>
    <${Trouble} problem=${count.problem} what="The ticks cannot be counted" shown=${['body.from', 'body.to']} />
    ${would && html`<p class="matched"><b>${amount(would.ticks)}</b> ${would.ticks === 1 ? 'tick' : 'ticks'}</p>
      <p>${n ? `${many(n, 'job')} would be enqueued now.` : 'There is nothing to enqueue.'} ${would.existing > 0 ? `${many(would.existing, 'tick')} ${would.existing === 1 ? 'has its' : 'have their'} job already.` : ''}</p>`}
    <${Call} request=${request(false)} />
  <//>`;
}
