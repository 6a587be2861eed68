// The limits of a queue, in a form.
import { html, useEffect, useState } from './vendor/preact.js';
import { send } from './api.js';
import { Panel, Text, Check, Act, Do, Call, Trouble, Skeleton, useCall } from './ui.js';
import { words } from './page_jobs_enqueue.js';

const blank = { concurrency: '', per_key: '', strict_order: false, limit: '', per: '', by_key: false, priority: '', max_attempts: '', timeout: '', backoff: '', retention: '' };

// formOf fills the form from a definition, and specOf is its opposite: what is
// left empty is not sent.
function formOf(d) {
  const text = (v) => (v === undefined ? '' : String(v));
  return {
    concurrency: text(d.concurrency), per_key: text(d.per_key), strict_order: !!d.strict_order,
    limit: text(d.rate?.limit), per: text(d.rate?.per), by_key: !!d.rate?.by_key,
    priority: text(d.defaults?.priority), max_attempts: text(d.defaults?.max_attempts), timeout: text(d.defaults?.timeout),
    backoff: (d.defaults?.backoff ?? []).join(', '), retention: text(d.defaults?.retention),
  };
}

function specOf(f) {
  const number = (name) => (f[name] === '' ? {} : { [name]: Number(f[name]) });
  const text = (name) => (f[name] === '' ? {} : { [name]: f[name] });
  const defaults = { ...number('priority'), ...number('max_attempts'), ...text('timeout'), ...(words(f.backoff).length && { backoff: words(f.backoff) }), ...text('retention') };
  return {
    ...number('concurrency'), ...number('per_key'), ...(f.strict_order && { strict_order: true }),
    ...(f.limit && { rate: { limit: Number(f.limit), per: f.per || '1s', ...(f.by_key && { by_key: true }) } }),
    ...(Object.keys(defaults).length && { defaults }),
  };
}

// places are where the server finds the fields.
const places = {
  concurrency: 'body.concurrency', per_key: 'body.per_key', limit: 'body.rate.limit', per: 'body.rate.per',
  priority: 'body.defaults.priority', max_attempts: 'body.defaults.max_attempts', timeout: 'body.defaults.timeout', backoff: 'body.defaults.backoff', retention: 'body.defaults.retention',
};

export function Limits({ name }) {
  const path = `/v1/queues/${encodeURIComponent(name)}`;
  const [form, setForm] = useState();
  const [etag, setEtag] = useState();
  const [problem, setProblem] = useState();
  const call = useCall();
  const take = ({ data, etag }) => { setForm(formOf(data.definition ?? {})); setEtag(etag); };
  const read = () => send({ path }).then((answer) => { call.clear(); take(answer); }, setProblem);
  useEffect(() => { read(); }, [path]);

  if (!form) return html`<${Panel} title="Limits"><${Trouble} problem=${problem} />${!problem && html`<${Skeleton} rows=${4} />`}<//>`;
  const request = { method: 'PUT', path, body: specOf(form), headers: etag && { 'If-Match': etag } };
  const submit = async (e) => {
    e.preventDefault();
    const answer = await call.run(request);
    if (answer) take(answer);
  };
  return html`<${Panel} title="Limits" aside=${call.answer && html`<span class="fine">saved</span>`}>
    <form onSubmit=${submit}><${Fields} form=${form} setForm=${setForm} problem=${call.problem} />
      <div class="acts"><${Act} busy=${call.busy} scope="scheduler:write">Save limits<//>
        ${call.problem?.code === 'etag_mismatch' && html`<${Do} onClick=${read}>Read them again<//>`}</div></form>
    <${Trouble} problem=${call.problem} what="The limits stay as they were" shown=${Object.values(places)} />
    <${Call} request=${request} />
  <//>`;
}

function Fields({ form, setForm, problem }) {
  const set = (name) => (value) => setForm((f) => ({ ...f, [name]: value }));
  const of = (name) => ({ value: form[name], onChange: set(name), fault: problem?.at(places[name]) });
  return html`
    <div class="pair"><${Text} label="At once" type="number" min="1" max="100000" placeholder="no limit" hint="Jobs that run at the same time." ...${of('concurrency')} />
      <${Text} label="At once per key" type="number" min="1" max="100000" placeholder="no limit" hint="Of jobs with one key." ...${of('per_key')} /></div>
    <div class="pair"><${Text} label="Starts" type="number" min="1" max="1000000" placeholder="no limit" hint="So many jobs start …" ...${of('limit')} />
      <${Text} label="In the time of" placeholder="1s" hint="… in this time." ...${of('per')} /></div>
    <${Check} label="Count starts for each key by itself" checked=${form.by_key} onChange=${set('by_key')} />
    <${Check} label="Strict order: jobs of one key run one after the other" checked=${form.strict_order} onChange=${set('strict_order')} />
    <details><summary>Defaults of its jobs</summary><div class="more">
      <div class="pair"><${Text} label="Default priority" type="number" min="0" max="9" placeholder="5" ...${of('priority')} /><${Text} label="Default attempts" type="number" min="1" max="1000" placeholder="5" ...${of('max_attempts')} /></div>
      <div class="pair"><${Text} label="Timeout" placeholder="none" hint="Of one attempt." ...${of('timeout')} /><${Text} label="Kept" placeholder="as the server" hint="Once it has ended." ...${of('retention')} /></div>
      <${Text} label="Backoff" placeholder="random, growing" hint="Waits between attempts, as in 1s, 10s, 1m; the last repeats." ...${of('backoff')} /></div></details>`;
}
