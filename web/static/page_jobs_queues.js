// The queues: how deep they are, what goes in and out, and their states.
import { html, useEffect, useState } from './vendor/preact.js';
import { may, send } from './api.js';
import { beat } from './activity.js';
import { Spark } from './chart.js';
import { Ask } from './dialog.js';
import { Panel, Text, Trouble, Empty, Skeleton, State, Time, Do, Call, useFetch, useCall, amount, announce } from './ui.js';
import { address, states } from './page_jobs_table.js';

const readMs = 2000;
const kept = 90; // samples of a queue's rate: three minutes

// history is how many jobs a second were done, per queue, since the console was
// opened.
const history = new Map();

function remember(queues) {
  for (const q of queues) {
    const row = [...(history.get(q.name) ?? []), q.per_second.done];
    history.set(q.name, row.slice(-kept));
  }
}

// useQueues reads the queues again and again while somebody looks at them.
export function useQueues() {
  const [state, setState] = useState({ loading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!may('scheduler:read')) return setState({});
    let timer, gone = false;
    const read = async () => {
      try {
        const { data } = await send({ path: '/v1/queues?limit=1000' });
        if (gone) return;
        remember(data.items);
        setState({ data });
      } catch (problem) {
        if (!gone) setState((before) => ({ data: before.data, problem }));
      }
      if (!gone) timer = setTimeout(read, readMs);
    };
    read();
    return () => { gone = true; clearTimeout(timer); };
  }, [turn]);
  return { ...state, reload: () => setTurn((n) => n + 1) };
}

const bars = ['ready', 'running', 'scheduled', 'retrying', 'dead'];

// Depth draws how many jobs are in each state that somebody should know of.
export function Depth({ jobs }) {
  const total = bars.reduce((sum, s) => sum + jobs[s], 0);
  let x = 0;
  const text = bars.filter((s) => jobs[s]).map((s) => `${amount(jobs[s])} ${s}`).join(', ') || 'empty';
  return html`<svg class="depth" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=${text}>${bars.map((s) => {
    const width = total ? (jobs[s] / total) * 100 : 0;
    x += width;
    return width > 0 && html`<rect class=${`bar-${s}`} x=${(x - width).toFixed(2)} y="0" width=${Math.max(width, 1).toFixed(2)} height="8" />`;
  })}</svg><span class="fine">${text}</span>`;
}

export function Queues() {
  const { data, problem, reload, loading } = useQueues();
  const [ask, setAsk] = useState();
  beat.value; // ages move
  return html`<${Panel} title="Queues" aside=${data?.items.length > 0 && html`<${Legend} />`}>
    <${Trouble} problem=${problem} />
    ${loading && !data && html`<${Skeleton} rows=${3} />`}
    ${data && (data.items.length ? html`<div class="table-wrap" tabindex="0" role="region" aria-label="Queues"><table class="rows fold">
      <thead><tr><th>Queue</th><th>Depth</th><th class="num">In /s</th><th class="num">Done /s</th><th class="num">Oldest ready</th><th><span class="hidden">Acts</span></th></tr></thead>
      <tbody>${data.items.map((q) => html`<${Row} key=${q.name} of=${q} ask=${setAsk} />`)}</tbody></table></div>`
    : html`<${Empty} title="No queues yet"><p>The first job that is enqueued to a name makes the queue. Use the form, or a shell:</p>
      <${Call} request=${{ method: 'POST', path: '/v1/queues/mail/jobs', body: { payload: { to: 'a@example.com' } } }} label="Try it" /><//>`)}
    ${ask && html`<${AskState} ...${ask} onClose=${() => setAsk()} onDone=${reload} />`}
  <//>`;
}

const Legend = () => html`<span class="legend" aria-hidden="true">${bars.map((s) => html`<span><i class=${`dot bar-${s}`}></i>${s}</span>`)}</span>`;

const rate = (n) => (n === 0 ? '0' : n < 0.05 ? '<0.1' : amount(n));

function Row({ of: q, ask }) {
  return html`<tr><td data-name=""><a href=${`/console/jobs/queues/${q.name}`}>${q.name}</a> ${q.state !== 'active' && html`<${State} of=${q.state} />`}
      ${q.state !== 'active' && html`<${Note} key=${q.state} name=${q.name} />`}</td>
    <td class="wide" data-name="Depth"><${Depth} jobs=${q.jobs} /></td>
    <td class="num" data-name="In /s">${rate(q.per_second.enqueued)}</td>
    <td class="num going" data-name="Done /s"><${Spark} values=${history.get(q.name) ?? []} /><span>${rate(q.per_second.done)}</span></td>
    <td class="num" data-name="Oldest ready">${q.oldest ? html`<${Time} at=${q.oldest} />` : html`<span class="fine">none</span>`}</td>
    <td class="end"><${StateActs} of=${q} ask=${ask} /></td></tr>`;
}

// Note is why a queue is paused or drained, which the list of queues leaves out.
function Note({ name }) {
  const { data } = useFetch(`/v1/queues/${name}`);
  return data?.note ? html`<div class="note">${data.note}</div>` : null;
}

// StateActs are what may be done to the state of a queue.
export const StateActs = ({ of: q, ask }) => html`<span class="row-acts">
  ${q.state !== 'paused' && html`<${Do} plain=${true} scope="scheduler:write" aria-label=${`Pause ${q.name}`} onClick=${() => ask({ queue: q, to: 'pause' })}>Pause<//>`}
  ${q.state !== 'draining' && html`<${Do} plain=${true} scope="scheduler:write" aria-label=${`Drain ${q.name}`} onClick=${() => ask({ queue: q, to: 'drain' })}>Drain<//>`}
  ${q.state !== 'active' && html`<${Do} plain=${true} scope="scheduler:write" aria-label=${`Resume ${q.name}`} onClick=${() => ask({ queue: q, to: 'resume' })}>Resume<//>`}</span>`;

const many = (n, one) => `${amount(n)} ${one}${n === 1 ? '' : 's'}`;
const open = (jobs) => jobs.ready + jobs.scheduled + jobs.retrying + jobs.running;

// meanings say what a change of state does, in the numbers of the moment.
const meanings = {
  pause: (q) => `No job of ${q.name} is handed out until it is resumed. ${q.jobs.running ? `${many(q.jobs.running, 'job')} that ${q.jobs.running === 1 ? 'runs goes' : 'run go'} on. ` : ''}New jobs are taken, and wait.`,
  drain: (q) => `${q.name} takes no more jobs: an enqueue is refused with queue_draining, and a schedule's tick makes none. ${open(q.jobs) ? `The ${many(open(q.jobs), 'open job')} in it still run.` : 'There are none left in it.'}`,
  resume: (q) => `${q.name} takes jobs and hands them out again. ${q.jobs.ready ? `${many(q.jobs.ready, 'job')} ${q.jobs.ready === 1 ? 'is' : 'are'} ready and may start at once.` : ''}`,
};
const done = { pause: 'paused', drain: 'draining', resume: 'active' };
const title = (word) => word.charAt(0).toUpperCase() + word.slice(1);

export function AskState({ queue, to, onClose, onDone }) {
  const [note, setNote] = useState('');
  const call = useCall();
  const request = { method: 'POST', path: `/v1/queues/${queue.name}/${to}`, ...(note && { body: { note } }) };
  const act = async () => {
    if (!await call.run(request, true)) return;
    announce(`${queue.name} is ${done[to]}.`);
    onDone();
    onClose();
  };
  return html`<${Ask} title=${`${title(to)} ${queue.name}?`} act=${`${title(to)} queue`} scope="scheduler:write" call=${call} onAct=${act} onClose=${onClose} what="The queue stays as it is" shown=${['body.note']}>
    <p>${meanings[to](queue)}</p>
    ${to !== 'resume' && html`<${Text} label="Note" value=${note} onChange=${setNote} maxlength="512" placeholder="the mail provider is down" fault=${call.problem?.at('body.note')} hint="Why, for whoever finds it so." />`}
    <${Call} request=${request} />
  <//>`;
}

// Counts shows how many jobs a queue has in each state, and leads to them.
export const Counts = ({ of: q }) => html`<ul class="counts">${states.map((state) => html`<li><a href=${address({ queue: q.name, state })}><b>${amount(q.jobs[state])}</b><${State} of=${state} /></a></li>`)}</ul>`;
