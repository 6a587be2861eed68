// The schedules: when each ticks next, and what can be done to it.
import { html, useState } from './vendor/preact.js';
import { may } from './api.js';
import { beat, recent } from './activity.js';
import { Ask } from './dialog.js';
import { Panel, Text, Trouble, Empty, Skeleton, State, Time, Do, Call, useFetch, useFollow, useCall, announce } from './ui.js';
import { JobLink } from './page_jobs_table.js';
import { ScheduleForm } from './page_jobs_schedule.js';
import { AskBackfill } from './page_jobs_backfill.js';

export function Schedules({ id, go }) {
  const list = useFetch(may('scheduler:read') ? '/v1/schedules?limit=1000' : '');
  useFollow(recent.value.find((e) => e.capability === 'scheduler')?.turn, list.reload);
  if (!may('scheduler:read')) return null;
  return html`<${List} list=${list} id=${id} go=${go} />
    <${ScheduleForm} id=${id} onSaved=${(saved) => { list.reload(); if (saved !== id) go(`/console/jobs/schedules/${saved}`); }} />`;
}

function List({ list, id, go }) {
  const { data, problem, loading, reload } = list;
  const [ask, setAsk] = useState();
  beat.value; // the times to come come nearer
  const close = () => setAsk();
  return html`<${Panel} title="Schedules" aside=${id && html`<a class="fine" href="/console/jobs/schedules">Define another</a>`}>
    <${Trouble} problem=${problem} />
    ${loading && !data && html`<${Skeleton} rows=${3} />`}
    ${data && (data.items.length ? html`<div class="table-wrap" tabindex="0" role="region" aria-label="Schedules"><table class="rows fold"><thead><tr><th>Schedule</th><th>When</th><th>Queue</th><th class="num">Next tick</th><th class="num">Last job</th><th><span class="hidden">Acts</span></th></tr></thead>
      <tbody>${data.items.map((s) => html`<${Row} key=${s.id} of=${s} here=${s.id === id} ask=${setAsk} go=${go} />`)}</tbody></table></div>`
    : html`<${Empty} title="No schedules yet"><p>Define the first below. It shows when it will tick, and what a change of clocks does to it, while you type.</p><//>`)}
    ${ask && html`<${AskSchedule} key=${ask.to} ...${ask} onDone=${() => { reload(); close(); }} onClose=${close} go=${go} />`}
  <//>`;
}

// when says in short what makes a schedule tick.
export const when = (s) => (s.every ? html`every <code>${s.every}</code>` : s.at ? html`at <code>${s.at}</code>` : html`<code>${s.cron}</code> <span class="fine">${s.zone || 'UTC'}</span>`);

function Row({ of: s, here, ask, go }) {
  const run = useCall();
  const runNow = async () => {
    const answer = await run.run({ method: 'POST', path: `/v1/schedules/${s.id}/run` }, true);
    if (answer) go(`/console/jobs/${answer.data.id}`);
  };
  const able = 'paused' in s; // older servers cannot pause, run or fill
  return html`<tr aria-current=${here ? 'true' : undefined}><td data-name=""><a href=${`/console/jobs/schedules/${s.id}`}>${s.id}</a> ${s.paused && html`<${State} of="paused" />`}${s.note && html`<div class="note">${s.note}</div>`}
      ${run.problem && html`<div class="fault">${run.problem.detail}</div>`}</td>
    <td data-name="When">${when(s)}</td><td class="cut" data-name="Queue"><a href=${`/console/jobs/queues/${s.queue}`}>${s.queue}</a></td>
    <td class="num" data-name="Next tick">${s.next ? html`<${Time} at=${s.next} />` : html`<span class="fine">none</span>`}</td>
    <td class="num" data-name="Last job">${s.last_job ? html`<${JobLink} id=${s.last_job} />` : html`<span class="fine">none yet</span>`}</td>
    <td class="end"><span class="row-acts">${able && html`
      <${Do} plain=${true} scope="scheduler:write" aria-label=${`${s.paused ? 'Resume' : 'Pause'} ${s.id}`} onClick=${() => ask({ of: s, to: s.paused ? 'resume' : 'pause' })}>${s.paused ? 'Resume' : 'Pause'}<//>
      <${Do} plain=${true} scope="scheduler:write" busy=${run.busy} aria-label=${`Run now: ${s.id}`} onClick=${runNow}>Run now<//>
      <${Do} plain=${true} scope="scheduler:write" aria-label=${`Backfill ${s.id}`} onClick=${() => ask({ of: s, to: 'backfill' })}>Backfill…<//>`}
      <${Do} plain=${true} scope="scheduler:admin" aria-label=${`Delete ${s.id}`} onClick=${() => ask({ of: s, to: 'delete' })}>Delete<//></span></td></tr>`;
}

const questions = {
  pause: { verb: 'Pause', means: (s) => `Its ticks are passed over until it is resumed; they are not made up for. Jobs of ${s.id} that are there already run.`, did: 'is paused' },
  resume: { verb: 'Resume', means: () => 'It ticks again from the next time on. What it passed over while it was paused can be filled in with a backfill.', did: 'ticks again' },
  delete: { verb: 'Delete', means: () => 'It ticks no more. The jobs that it made stay.', did: 'is deleted', bad: true, scope: 'scheduler:admin' },
};

function AskSchedule({ of: s, to, onDone, onClose, go }) {
  const [note, setNote] = useState('');
  const call = useCall();
  if (to === 'backfill') return html`<${AskBackfill} of=${s} onDone=${onDone} onClose=${onClose} />`;
  const { verb, means, did, bad, scope = 'scheduler:write' } = questions[to];
  const request = to === 'delete' ? { method: 'DELETE', path: `/v1/schedules/${s.id}` } : { method: 'POST', path: `/v1/schedules/${s.id}/${to}`, ...(note && { body: { note } }) };
  const act = async () => {
    if (!await call.run(request, true)) return;
    announce(`${s.id} ${did}.`);
    onDone();
    if (to === 'delete') go('/console/jobs/schedules');
  };
  return html`<${Ask} title=${`${verb} ${s.id}?`} act=${`${verb} schedule`} bad=${bad} scope=${scope} call=${call} onAct=${act} onClose=${onClose} what="The schedule stays as it is" shown=${['body.note']}>
    <p>${means(s)}</p>
    ${to === 'pause' && html`<${Text} label="Note" value=${note} onChange=${setNote} maxlength="500" placeholder="until the books are closed" fault=${call.problem?.at('body.note')} hint="Why, for whoever finds it so." />`}
    <${Call} request=${request} />
  <//>`;
}
