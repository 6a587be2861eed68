// A form that defines a schedule, or another definition for one that is there.
import { html, useEffect, useState } from './vendor/preact.js';
import { send } from './api.js';
import { Panel, Text, Area, Choice, Segments, Act, Do, Call, Trouble, Skeleton, useCall } from './ui.js';
import { parse } from './page_jobs_enqueue.js';
import { Preview, usePreview } from './page_jobs_preview.js';
import { instant, localText, myZone } from './page_jobs_backfill.js';

const blank = {
  id: '', kind: 'cron', cron: '30 2 * * *', zone: myZone || 'UTC', every: '1h', at: '', queue: 'demo', payload: '{"task":"report"}',
  missed: 'latest', missed_max: '', missed_window: '', overlap: 'skip', jitter: '', start_at: '', end_at: '',
};
const kinds = [['cron', 'Cron'], ['every', 'Every'], ['at', 'Once']];
const zones = ['UTC', ...(Intl.supportedValuesOf?.('timeZone') ?? [])];
const missed = [['latest', 'Run the latest'], ['none', 'Run none'], ['all', 'Run all']];
const overlap = [['skip', 'Skip the tick'], ['allow', 'Run both']];

// formOf fills the form from a stored schedule; rest is of its job what the
// form does not show.
function formOf(s) {
  const { payload, ...rest } = s.job ?? {};
  return {
    ...blank, ...Object.fromEntries(['id', 'cron', 'zone', 'every', 'queue', 'missed', 'missed_window', 'overlap', 'jitter'].filter((n) => s[n]).map((n) => [n, s[n]])),
    kind: s.every ? 'every' : s.at ? 'at' : 'cron', at: localText(s.at), start_at: localText(s.start_at), end_at: localText(s.end_at),
    missed_max: s.missed_max ? String(s.missed_max) : '', payload: payload === undefined ? 'null' : JSON.stringify(payload), rest,
  };
}

function specOf(f, payload) {
  const text = (name, value = f[name]) => (value ? { [name]: value } : {});
  const time = { cron: { cron: f.cron, ...text('zone') }, every: { every: f.every }, at: { at: instant(f.at) } }[f.kind];
  return {
    ...time, queue: f.queue, job: { ...f.rest, ...(payload !== undefined && { payload }) },
    ...(f.missed !== 'latest' && { missed: f.missed }), ...(f.overlap !== 'skip' && { overlap: f.overlap }),
    ...(f.missed === 'all' && { ...(f.missed_max && { missed_max: Number(f.missed_max) }), ...text('missed_window') }),
    ...text('jitter'), ...text('start_at', instant(f.start_at)), ...text('end_at', instant(f.end_at)),
  };
}

const fields = ['cron', 'zone', 'every', 'at', 'queue', 'jitter', 'start_at', 'end_at', 'missed', 'missed_max', 'missed_window', 'overlap'].map((n) => `body.${n}`);

// useStored reads the schedule that the address names into the form.
function useStored(id) {
  const [state, setState] = useState(id ? {} : { form: blank });
  const read = () => send({ path: `/v1/schedules/${encodeURIComponent(id)}` }).then(
    ({ data, etag }) => setState({ form: formOf(data), etag }),
    (problem) => setState({ problem }),
  );
  useEffect(() => { if (id) read(); }, [id]);
  const setForm = (change) => setState((before) => ({ ...before, form: change(before.form) }));
  return { ...state, setForm, read, saved: (etag) => setState((before) => ({ ...before, etag })) };
}

export function ScheduleForm({ id, onSaved }) {
  const { form, etag, problem, setForm, read, saved } = useStored(id);
  const call = useCall();
  const payload = form ? parse(form.payload) : {};
  const whole = form && !(form.kind === 'at' && !form.at) && form.queue;
  const spec = whole ? specOf(form, payload.value) : undefined;
  const preview = usePreview(spec, id, etag);
  if (!form) return html`<${Panel} title="Schedule"><${Trouble} problem=${problem} what="This schedule cannot be shown" />${!problem && html`<${Skeleton} rows=${6} />`}<//>`;

  const request = { method: 'PUT', path: `/v1/schedules/${encodeURIComponent(form.id || 'nightly')}`, body: spec ?? specOf(form, payload.value), headers: etag && { 'If-Match': etag } };
  const submit = async (e) => {
    e.preventDefault();
    const answer = await call.run(request);
    if (!answer) return;
    saved(answer.etag);
    onSaved(answer.data.id);
  };
  const faults = preview.problem ?? call.problem; // what stands in the form now, before what was sent
  return html`<div class="split"><${Panel} title=${id ? `Change ${id}` : 'Define a schedule'} aside=${call.answer && html`<span class="fine">saved</span>`}>
      <form onSubmit=${submit}>
        <${Timing} form=${form} setForm=${setForm} problem=${faults} named=${id} />
        <${Area} label="Payload" rows="3" value=${form.payload} onChange=${(v) => setForm((f) => ({ ...f, payload: v }))} fault=${payload.fault ?? faults?.at('body.job.payload')} />
        <${Policy} form=${form} setForm=${setForm} problem=${faults} />
        <div class="acts"><${Act} busy=${call.busy} scope="scheduler:write" disabled=${!!payload.fault || !whole}>${id ? 'Save schedule' : 'Define schedule'}<//>
          ${call.problem?.code === 'etag_mismatch' && html`<${Do} onClick=${() => { call.clear(); read(); }}>Read it again<//>`}</div>
      </form>
      <${Trouble} problem=${call.problem} what="The schedule was not saved" shown=${fields} />
      <${Call} request=${request} />
    <//>
    <${Preview} preview=${preview} zone=${form.zone} /></div>`;
}

function Timing({ form, setForm, problem, named }) {
  const set = (name) => (value) => setForm((f) => ({ ...f, [name]: value }));
  const of = (name) => ({ value: form[name], onChange: set(name), fault: problem?.at(`body.${name}`) });
  return html`
    <div class="pair">${!named && html`<${Text} label="Name" value=${form.id} onChange=${set('id')} required pattern="[a-z][a-z0-9_\\-]{0,62}" placeholder="nightly" />`}
      <${Text} label="Queue" required pattern="[a-z][a-z0-9_\\-]{0,62}" ...${of('queue')} /></div>
    <${Segments} label="Ticks" value=${form.kind} options=${kinds} onChange=${set('kind')} />
    ${form.kind === 'cron' && html`<div class="pair"><${Text} label="Expression" required class="code" hint="Minute, hour, day, month, day of week." ...${of('cron')} />
      <${Text} label="Zone" list="zones" hint="Whose clock it goes by." ...${of('zone')} /></div><datalist id="zones">${zones.map((z) => html`<option value=${z} />`)}</datalist>`}
    ${form.kind === 'every' && html`<${Text} label="Span" required placeholder="15m" hint="Counted from when the schedule is made." ...${of('every')} />`}
    ${form.kind === 'at' && html`<${Text} label="At" type="datetime-local" required hint=${`In your zone, ${myZone}.`} ...${of('at')} />`}`;
}

function Policy({ form, setForm, problem }) {
  const set = (name) => (value) => setForm((f) => ({ ...f, [name]: value }));
  const of = (name) => ({ value: form[name], onChange: set(name), fault: problem?.at(`body.${name}`) });
  return html`
    <div class="pair"><${Choice} label="Ticks that were missed" options=${missed} ...${of('missed')} /><${Choice} label="While the last job runs" options=${overlap} ...${of('overlap')} /></div>
    ${form.missed === 'all' && html`<div class="pair"><${Text} label="At most" type="number" min="1" max="100" placeholder="100" ...${of('missed_max')} /><${Text} label="Not older than" placeholder="24h" ...${of('missed_window')} /></div>`}
    <details><summary>Jitter, start and end</summary><div class="more">
      <${Text} label="Jitter" placeholder="none" hint="Up to how much later than its tick a job is due, as in 30s." ...${of('jitter')} />
      <div class="pair"><${Text} label="Starts" type="datetime-local" ...${of('start_at')} /><${Text} label="Ends" type="datetime-local" ...${of('end_at')} /></div>
      <p class="fine">In your zone, ${myZone}.</p></div></details>`;
}
