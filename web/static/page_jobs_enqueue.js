// A form that enqueues a job.
import { html, useState } from './vendor/preact.js';
import { may } from './api.js';
import { Panel, Text, Area, Choice, Act, Call, Trouble, useFetch, useCall } from './ui.js';

export const priorities = Array.from({ length: 10 }, (_, i) => [String(9 - i), i === 0 ? '9, first' : i === 4 ? '5, default' : i === 9 ? '0, last' : undefined]);

// parse reads JSON that somebody types.
export function parse(text) {
  try {
    return { value: JSON.parse(text) };
  } catch (fault) {
    return { fault: `This is no JSON: ${fault.message}` };
  }
}

export const words = (text) => text.split(/[\s,]+/).filter(Boolean);

const empty = { queue: 'demo', payload: '{"task":"report"}', delay: '', priority: '5', max_attempts: '3', key: '', unique_key: '', unique_for: '', tags: '' };

// jobOf is the job that a form describes: what is not filled in is left out.
function jobOf(form, payload) {
  return {
    payload, ...(form.delay && { delay: form.delay }), ...(form.priority !== '5' && { priority: Number(form.priority) }), ...(form.max_attempts && { max_attempts: Number(form.max_attempts) }),
    ...(form.key && { key: form.key }), ...(form.unique_key && { unique_key: form.unique_key }), ...(form.unique_for && { unique_for: form.unique_for }),
    ...(words(form.tags).length && { tags: words(form.tags) }),
  };
}

const shown = ['body.delay', 'body.key', 'body.unique_key', 'body.unique_for', 'body.tags', 'body.max_attempts'];

// Enqueue is for any queue, or for the one that it is given.
export function Enqueue({ queue, onDone }) {
  const [form, setForm] = useState({ ...empty, ...(queue && { queue, payload: queue === 'demo' ? empty.payload : '{}' }) });
  const set = (name) => (value) => setForm((f) => ({ ...f, [name]: value }));
  const queues = useFetch(may('scheduler:read') && !queue ? '/v1/queues?limit=1000' : '');
  const call = useCall();
  const payload = parse(form.payload);
  const request = { method: 'POST', path: `/v1/queues/${encodeURIComponent(form.queue || 'demo')}/jobs`, body: jobOf(form, payload.value) };
  const submit = async (e) => {
    e.preventDefault();
    const answer = await call.run(request);
    if (answer) onDone(answer.data);
  };
  const fault = (name) => call.problem?.at(`body.${name}`);

  return html`<${Panel} title="Enqueue">
    <form onSubmit=${submit}>
      ${!queue && html`<${Text} label="Queue" value=${form.queue} onChange=${set('queue')} list="queues" required pattern="[a-z][a-z0-9_\\-]{0,62}" hint="A new name makes a new queue. A worker of the server runs demo." />
      <datalist id="queues">${queues.data?.items.map((q) => html`<option value=${q.name} />`)}</datalist>`}
      <${Area} label="Payload" value=${form.payload} onChange=${set('payload')} fault=${payload.fault ?? fault('payload')} hint="Any JSON. The worker gets it." />
      <div class="pair three">
        <${Text} label="Delay" value=${form.delay} onChange=${set('delay')} placeholder="0s" fault=${fault('delay')} />
        <${Choice} label="Priority" value=${form.priority} options=${priorities} onChange=${set('priority')} />
        <${Text} label="Attempts" type="number" min="1" max="1000" value=${form.max_attempts} onChange=${set('max_attempts')} fault=${fault('max_attempts')} />
      </div>
      <details open=${!!(fault('unique_key') || fault('key') || fault('tags')) || undefined}><summary>Key, unique key and tags</summary><div class="more">
        <${Text} label="Key" value=${form.key} onChange=${set('key')} placeholder="customer-7" fault=${fault('key')} hint="Keys take turns. The queue's limits per key and its order go by it." />
        <div class="pair"><${Text} label="Unique key" value=${form.unique_key} onChange=${set('unique_key')} placeholder="invoice-4711" fault=${fault('unique_key')} />
          <${Text} label="Unique for" value=${form.unique_for} onChange=${set('unique_for')} placeholder="while it is open" fault=${fault('unique_for')} /></div>
        <${Text} label="Tags" value=${form.tags} onChange=${set('tags')} placeholder="mail, eu" fault=${fault('tags')} hint="Words to find it by, between commas." /></div></details>
      <div class="acts"><${Act} busy=${call.busy} scope="scheduler:write" disabled=${!!payload.fault}>Enqueue job<//></div>
    </form>
    <${Trouble} problem=${call.problem} what="The job was not taken" shown=${shown} />
    <${Call} request=${request} />
  <//>`;
}
