// One job: its state, its attempts, its timeline, and what can be done to it.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { may } from './api.js';
import { Ask } from './dialog.js';
import { useLive } from './live.js';
import { Panel, Choice, Do, Call, Trouble, Skeleton, State, Time, Json, useCall, announce, milliseconds } from './ui.js';
import { Pulse } from './page_jobs_queue.js';
import { priorities } from './page_jobs_enqueue.js';
import { Attempts } from './page_jobs_attempts.js';
import { Tags, unfinished } from './page_jobs_table.js';

export function JobPage({ id, go }) {
  const { data: job, problem, loading, how, again } = useLive(may('scheduler:read') ? `/v1/jobs/${encodeURIComponent(id)}` : '', 'job');
  const before = useRef();
  useEffect(() => {
    if (job && before.current && before.current !== job.state) announce(`The job is ${job.state}.`);
    before.current = job?.state;
  }, [job?.state]);
  if (!job) {
    return html`<${Panel} title="Job" class="result">${loading && html`<${Skeleton} rows=${6} />`}<${Trouble} problem=${problem} what="This job cannot be shown" />
      ${problem?.status === 404 && html`<p class="fine"><a href="/console/jobs/all">Look for it among all jobs</a></p>`}<//>`;
  }
  return html`<${Trouble} problem=${problem} what="This job has changed" />
    <${Panel} title="State" aside=${html`<${Pulse} how=${how} />`} class="result">
      <div class="standing"><${State} of=${job.state} />${job.cancel_requested && job.state === 'running' && html`<span class="fine">its worker is told to stop</span>`}<${Acts} job=${job} again=${again} go=${go} /></div>
      ${job.progress && html`<${Said} job=${job} />`}
      <${Facts} job=${job} />
    <//>
    <${Panel} title="Attempts"><${Attempts} job=${job} /><//>
    <div class="split"><${Panel} title="Timeline"><${Timeline} job=${job} /><//><${Data} job=${job} /></div>`;
}

// Said is how far the job's worker says that it is.
const Said = ({ job }) => html`<div class="progress"><progress max="100" value=${job.progress.percent} aria-label="Progress"></progress><span class="mono">${job.progress.percent} %</span><span class="fine">${job.progress.message}</span></div>`;

const Fact = ({ name, children }) => html`<div><dt>${name}</dt><dd>${children}</dd></div>`;

const Facts = ({ job }) => html`<dl class="facts two"><${Fact} name="Id"><code>${job.id}</code><//>
  <${Fact} name="Queue"><a href=${`/console/jobs/queues/${job.queue}`}>${job.queue}</a><//>
  <${Fact} name="Attempt"><span class="mono">${job.attempt} of ${job.max_attempts}</span><//>
  <${Fact} name="Priority"><span class="mono">${job.priority}</span><//>
  <${Fact} name="Created"><${Time} at=${job.created_at} /><//>
  <${Fact} name=${job.finished_at ? 'Ended' : 'Due'}><${Time} at=${job.finished_at ?? job.run_at} /><//>
  ${job.expires_at && html`<${Fact} name="Lease ends"><${Time} at=${job.expires_at} /><//>`}
  ${job.key && html`<${Fact} name="Key"><code>${job.key}</code><//>`}
  ${job.tags?.length > 0 && html`<${Fact} name="Tags"><${Tags} of=${job.tags} /><//>`}
  ${job.schedule && html`<${Fact} name="Schedule"><a href=${`/console/jobs/schedules/${job.schedule}`}>${job.schedule}</a><//>`}
  ${job.timeout && html`<${Fact} name="Timeout"><span class="mono">${job.timeout}</span><//>`}
  ${job.backoff?.length > 0 && html`<${Fact} name="Backoff"><span class="mono">${job.backoff.join(', ')}</span><//>`}</dl>`;

// Acts are what can be done to a job in its state.
function Acts({ job, again, go }) {
  const [ask, setAsk] = useState();
  const call = useCall();
  const act = async (request, said) => {
    const answer = await call.run(request, true);
    if (answer) { announce(said); again(); }
    return answer;
  };
  const path = `/v1/jobs/${job.id}`, { state } = job;
  const open = unfinished.includes(state), waits = open && state !== 'running';
  const doNow = state === 'scheduled' ? { method: 'PATCH', path, body: { run_at: new Date().toISOString() } } : { method: 'POST', path: `${path}/retry` };
  return html`<span class="row-acts">
    ${(state === 'scheduled' || state === 'retrying') && html`<${Do} scope="scheduler:write" busy=${call.busy} onClick=${() => act(doNow, 'It runs now.')}>Run now<//>`}
    ${(state === 'dead' || state === 'cancelled') && html`<${Do} scope="scheduler:write" busy=${call.busy} onClick=${() => act({ method: 'POST', path: `${path}/retry` }, 'It is ready again.')}>Retry<//>`}
    ${waits && html`<${Do} plain=${true} scope="scheduler:write" onClick=${() => setAsk('priority')}>Change priority<//>`}
    ${open && html`<${Do} plain=${true} scope="scheduler:write" why=${job.cancel_requested ? 'It is being cancelled' : undefined} onClick=${() => setAsk('cancel')}>Cancel job<//>`}
    ${!open && html`<${Do} plain=${true} scope="scheduler:write" onClick=${() => setAsk('delete')}>Delete<//>`}</span>
    ${!ask && call.problem && html`<div class="full"><${Trouble} problem=${call.problem} /></div>`}
    ${ask === 'priority' && html`<${AskPriority} job=${job} call=${call} act=${act} onClose=${() => setAsk()} />`}
    ${ask === 'cancel' && html`<${Ask} title="Cancel this job?" act="Cancel it" bad=${true} keep="Let it be" call=${call} onClose=${() => setAsk()} what="It was not cancelled"
      onAct=${async () => { if (await act({ method: 'POST', path: `${path}/cancel` }, 'It is cancelled.')) setAsk(); }}>
      <p>${state === 'running' ? 'Its worker is told by the next heartbeat. Should the attempt fail, it is not retried.' : 'It will not run. A cancelled job can be retried while it is kept.'}</p><//>`}
    ${ask === 'delete' && html`<${Ask} title="Delete this job?" act="Delete it" bad=${true} call=${call} onClose=${() => setAsk()} what="It was not deleted"
      onAct=${async () => { if (await call.run({ method: 'DELETE', path })) go('/console/jobs/all'); }}>
      <p>It is removed for good, with payload, output and timeline.</p><//>`}`;
}

function AskPriority({ job, call, act, onClose }) {
  const [priority, setPriority] = useState(String(job.priority));
  const request = { method: 'PATCH', path: `/v1/jobs/${job.id}`, body: { priority: Number(priority) } };
  return html`<${Ask} title="Change its priority" act="Change priority" call=${call} onClose=${onClose} what="It was not changed" onAct=${async () => { if (await act(request, `Its priority is ${priority}.`)) onClose(); }}>
    <p>Of the jobs that are ready in a queue those of a higher priority start first.</p>
    <${Choice} label="Priority" value=${priority} options=${priorities} onChange=${setPriority} /><${Call} request=${request} /><//>`;
}

function Timeline({ job }) {
  const began = Date.parse(job.timeline[0]?.at);
  const open = unfinished.includes(job.state);
  return html`<ol class="timeline">${job.timeline.map((m) => html`<li data-state=${m.state} title=${m.at}><span class="mono">+${milliseconds(Date.parse(m.at) - began)}</span><b>${m.event.replaceAll('_', ' ')}</b><span>${m.note ?? ''}</span></li>`)}
    ${open && html`<li class="waiting"><span class="mono">now</span><b>${job.state}</b><span>${job.state === 'running' ? 'a worker has it' : html`due <${Time} at=${job.run_at} />`}</span></li>`}</ol>`;
}

function Data({ job }) {
  const open = unfinished.includes(job.state);
  return html`<${Panel} title="Data"><h3>Payload</h3><${Json} value=${job.payload ?? null} label="Payload" />
    <h3>Output</h3>${job.output === undefined ? html`<p class="fine">${open ? 'When it is done.' : 'None.'}</p>` : html`<${Json} value=${job.output} label="Output" />`}
    ${job.headers && html`<h3>Headers</h3><dl class="facts">${Object.entries(job.headers).map(([name, value]) => html`<${Fact} name=${name}><code>${value}</code><//>`)}</dl>`}
    <${Call} request=${{ path: `/v1/jobs/${job.id}` }} label="Read it again" />
  <//>`;
}
