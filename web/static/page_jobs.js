// Enqueue a job and watch it.
import { html, useEffect, useState } from './vendor/preact.js';
import { may, send } from './api.js';
import { recent } from './activity.js';
import { Page, Panel, Field, Text, Choice, Act, Call, Trouble, Needs, Empty, Skeleton, State, Time, Short, Json, useFetch, useFollow, useCall, announce, milliseconds } from './ui.js';

const finished = ['done', 'dead', 'cancelled'];
const priorities = Array.from({ length: 10 }, (_, i) => [String(9 - i), i === 0 ? '9, first' : i === 4 ? '5, default' : i === 9 ? '0, last' : undefined]);

export function Jobs({ rest, go }) {
  const id = rest[0];
  const [form, setForm] = useState({ queue: 'demo', payload: '{"task":"report"}', delay: '', priority: '5', max_attempts: '3' });
  const set = (name) => (value) => setForm((f) => ({ ...f, [name]: value }));
  const queues = useFetch(may('scheduler:read') ? '/v1/queues?limit=1000' : '');
  const call = useCall();

  const payload = parse(form.payload);
  const request = {
    method: 'POST', path: `/v1/queues/${encodeURIComponent(form.queue || 'demo')}/jobs`,
    body: { payload: payload.value, ...(form.delay && { delay: form.delay }), ...(form.priority !== '5' && { priority: Number(form.priority) }), max_attempts: Number(form.max_attempts) },
  };
  const submit = async (e) => {
    e.preventDefault();
    const answer = await call.run(request);
    if (answer) go(`/console/jobs/${answer.data.id}`);
  };

  return html`<${Page} of="scheduler" title="Jobs" about="Durable jobs: enqueued once, run until they are done">
    <${Needs} scopes=${['scheduler:read', 'scheduler:write']} />
    <div class="split">
      <${Panel} title="Enqueue">
        <form onSubmit=${submit}>
          <${Text} label="Queue" value=${form.queue} onChange=${set('queue')} list="queues" required pattern="[a-z][a-z0-9_\\-]{0,62}" hint="A new name makes a new queue. A worker of the server runs demo." />
          <datalist id="queues">${queues.data?.items.map((q) => html`<option value=${q.name} />`)}</datalist>
          <${Field} label="Payload" hint=${payload.fault ?? 'Any JSON. The worker gets it.'} render=${(fid, hint) => html`<textarea id=${fid} aria-describedby=${hint} aria-invalid=${payload.fault ? 'true' : 'false'} rows="4" spellcheck="false" value=${form.payload} onInput=${(e) => set('payload')(e.target.value)}></textarea>`} />
          <div class="pair three">
            <${Text} label="Delay" value=${form.delay} onChange=${set('delay')} placeholder="0s" />
            <${Choice} label="Priority" value=${form.priority} options=${priorities} onChange=${set('priority')} />
            <${Text} label="Attempts" type="number" min="1" max="1000" value=${form.max_attempts} onChange=${set('max_attempts')} />
          </div>
          <div class="acts"><${Act} busy=${call.busy} disabled=${!may('scheduler:write') || !!payload.fault}>Enqueue job<//></div>
        </form>
        <${Trouble} problem=${call.problem} what="The job was not taken" />
        <${Call} request=${request} />
      <//>
      <${Watched} id=${id} />
    </div>
    <${Recent} id=${id} />
  <//>`;
}

function parse(text) {
  try {
    return { value: JSON.parse(text) };
  } catch (fault) {
    return { fault: `This is no JSON: ${fault.message}` };
  }
}

// useJob reads a job again and again until it has ended.
function useJob(id) {
  const [state, setState] = useState({});
  useEffect(() => {
    setState({ loading: !!id });
    if (!id) return;
    let timer, gone = false;
    const read = async () => {
      try {
        const { data } = await send({ path: `/v1/jobs/${encodeURIComponent(id)}` });
        if (gone) return;
        setState((before) => {
          if (before.job && before.job.state !== data.state) announce(`The job is ${data.state}.`);
          return { job: data };
        });
        if (!finished.includes(data.state)) timer = setTimeout(read, 700);
      } catch (problem) {
        if (!gone) setState({ problem });
      }
    };
    read();
    return () => { gone = true; clearTimeout(timer); };
  }, [id]);
  return state;
}

function Watched({ id }) {
  const { job, problem, loading } = useJob(id);
  return html`<${Panel} title=${id ? 'Job' : 'Result'} aside=${job && html`<${State} of=${job.state} />`} class="result">
    ${!id && html`<${Empty} title="No job chosen"><p>Enqueue one, or choose one below: its state and its timeline show here, live until it ends.</p><//>`}
    ${loading && html`<${Skeleton} rows=${6} />`}
    <${Trouble} problem=${problem} what="This job cannot be shown" />
    ${job && html`<dl class="facts"><div><dt>Id</dt><dd><code>${job.id}</code></dd></div><div><dt>Queue</dt><dd><code>${job.queue}</code></dd></div>
      <div><dt>Attempt</dt><dd class="mono">${job.attempt} of ${job.max_attempts}</dd></div><div><dt>Created</dt><dd><${Time} at=${job.created_at} /></dd></div></dl>
      <h3>Timeline</h3><${Timeline} job=${job} />
      ${job.errors?.length > 0 && html`<h3>Errors</h3><ol class="errors">${job.errors.map((e) => html`<li><span class="mono">${e.attempt}</span> ${e.error}</li>`)}</ol>`}
      <div class="pair"><div><h3>Payload</h3><${Json} value=${job.payload} label="Payload" /></div>
        <div><h3>Output</h3>${job.output === undefined ? html`<p class="fine">${finished.includes(job.state) ? 'None.' : 'When it is done.'}</p>` : html`<${Json} value=${job.output} label="Output" />`}</div></div>
      <${Call} request=${{ path: `/v1/jobs/${job.id}` }} label="Read it again" />`}
  <//>`;
}

function Timeline({ job }) {
  const began = Date.parse(job.timeline[0]?.at);
  return html`<ol class="timeline">${job.timeline.map((m) => html`<li data-state=${m.state}><span class="mono">+${milliseconds(Date.parse(m.at) - began)}</span><b>${m.event.replaceAll('_', ' ')}</b><span>${m.note ?? ''}</span></li>`)}
    ${!finished.includes(job.state) && html`<li class="waiting"><span class="mono">now</span><b>${job.state}</b><span>${job.state === 'running' ? 'a worker has it' : html`due <${Time} at=${job.run_at} />`}</span></li>`}</ol>`;
}

function Recent({ id }) {
  const { data, problem, loading, reload } = useFetch(may('scheduler:read') ? '/v1/jobs?limit=20' : '');
  useFollow(recent.value.find((e) => e.capability === 'scheduler')?.turn, reload);
  if (!may('scheduler:read')) return null;
  return html`<${Panel} title="Recent jobs">
    <${Trouble} problem=${problem} />
    ${loading && !data && html`<${Skeleton} rows=${5} />`}
    ${data && (data.items.length ? html`<div class="table-wrap" tabindex="0" role="region" aria-label="Jobs"><table class="rows"><thead><tr><th>Job</th><th>Queue</th><th>State</th><th class="num">Attempt</th><th class="num">Created</th></tr></thead>
      <tbody>${data.items.map((j) => html`<tr key=${j.id} aria-current=${j.id === id ? 'true' : undefined}><td><a href=${`/console/jobs/${j.id}`}><${Short} id=${j.id} /></a></td><td>${j.queue}</td><td><${State} of=${j.state} /></td><td class="num">${j.attempt}/${j.max_attempts}</td><td class="num"><${Time} at=${j.created_at} /></td></tr>`)}</tbody></table></div>`
    : html`<${Empty} title="No jobs yet"><p>The form above enqueues the first.</p><//>`)}
  <//>`;
}
