// The parts that every page is made of.
import { html, useState, useEffect, useRef, useId } from './vendor/preact.js';
import { send, curl, may } from './api.js';
import { Icon } from './icons.js';

// announce tells readers of the screen what a sighted user sees happen.
export function announce(text) {
  const live = document.getElementById('announcer');
  if (live) live.textContent = text;
}

// useFetch reads a path and gives {data, problem, loading, reload}. What was
// read stays while it is read again.
export function useFetch(path) {
  const [state, setState] = useState({ loading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!path) return setState({ loading: false });
    const gone = new AbortController();
    send({ path, signal: gone.signal }).then(
      ({ data }) => setState({ data, loading: false }),
      (problem) => { if (problem.name !== 'AbortError') setState({ problem, loading: false }); },
    );
    return () => gone.abort();
  }, [path, turn]);
  return { ...state, reload: () => setTurn((n) => n + 1) };
}

// useFollow reads again after turn has changed, at most once a second however
// often it does.
export function useFollow(turn, reload) {
  const waiting = useRef();
  useEffect(() => {
    if (turn) waiting.current ??= setTimeout(() => { waiting.current = undefined; reload(); }, 1000);
  }, [turn]);
  useEffect(() => () => clearTimeout(waiting.current), []);
}

// useCall runs one call at a time and keeps its outcome.
export function useCall() {
  const [state, setState] = useState({});
  const run = async (request, quiet) => {
    setState((before) => ({ ...before, busy: true, problem: undefined }));
    try {
      const answer = await send(request);
      setState({ answer, request });
      if (!quiet) announce('Done.');
      return answer;
    } catch (problem) {
      if (problem.name === 'AbortError') return undefined; // whoever asked is gone
      setState({ problem, request });
      announce(problem.detail);
    }
  };
  return { ...state, run, clear: () => setState({}) };
}

// useParam is a state that stands in the address, so that a link and a reload
// find it again. It stands behind the #: it is nothing that the server should
// see.
export function useParam(name, initial) {
  const [value, setValue] = useState(() => new URLSearchParams(location.hash.slice(1)).get(name) ?? initial);
  const set = (next) => {
    setValue(next);
    const params = new URLSearchParams(location.hash.slice(1));
    if (next === initial) params.delete(name);
    else params.set(name, next);
    history.replaceState(history.state, '', location.pathname + (params.size ? `#${params}` : ''));
  };
  return [value, set];
}

export const Page = ({ of, title, about, children }) => html`
  <div class="page" data-c=${of}>
    <header class="page-head"><h1 tabindex="-1" id="title">${title}</h1><p>${about}</p></header>
    ${children}
  </div>`;

export function Panel({ title, aside, children, class: more = '' }) {
  const id = useId();
  return html`<section class=${`panel ${more}`} aria-labelledby=${id}>
    <div class="panel-head"><h2 id=${id}>${title}</h2>${aside && html`<div class="aside">${aside}</div>`}</div>
    ${children}
  </section>`;
}

// Field labels the control that it is given by render(id, description). A fault
// takes the place of the hint: what the server, or the page, refuses in it.
export function Field({ label, hint, fault, class: more = '', render }) {
  const id = useId();
  const said = fault ?? hint;
  return html`<div class=${`field ${more}`}>
    <label for=${id}>${label}</label>${render(id, said && `${id}-hint`)}
    ${said && html`<p class=${fault ? 'hint fault' : 'hint'} role=${fault ? 'alert' : undefined} id=${`${id}-hint`}>${said}</p>`}
  </div>`;
}

export const Text = ({ label, hint, fault, value, onChange, class: more, ...rest }) => html`<${Field} label=${label} hint=${hint} fault=${fault} class=${more}
  render=${(id, hintId) => html`<input id=${id} aria-describedby=${hintId} aria-invalid=${fault ? 'true' : undefined} value=${value} onInput=${(e) => onChange(e.target.value)} autocomplete="off" spellcheck="false" ...${rest} />`} />`;

// Area is a field of several lines, for JSON.
export const Area = ({ label, hint, fault, value, onChange, class: more, ...rest }) => html`<${Field} label=${label} hint=${hint} fault=${fault} class=${more}
  render=${(id, hintId) => html`<textarea id=${id} aria-describedby=${hintId} aria-invalid=${fault ? 'true' : undefined} rows="4" spellcheck="false" value=${value} onInput=${(e) => onChange(e.target.value)} ...${rest}></textarea>`} />`;

export const Choice = ({ label, hint, fault, value, options, onChange, class: more, ...rest }) => html`<${Field} label=${label} hint=${hint} fault=${fault} class=${more}
  render=${(id, hintId) => html`<select id=${id} aria-describedby=${hintId} aria-invalid=${fault ? 'true' : undefined} value=${value} onChange=${(e) => onChange(e.target.value)} ...${rest}>
    ${options.map(([v, text]) => html`<option value=${v} selected=${v === value}>${text ?? v}</option>`)}</select>`} />`;

export const Check = ({ label, checked, onChange }) => html`<label class="check"><input type="checkbox" checked=${checked} onChange=${(e) => onChange(e.target.checked)} />${label}</label>`;

// Segments is a choice between few, all in sight.
export function Segments({ label, value, options, onChange }) {
  const name = useId();
  return html`<fieldset class="field segments"><legend>${label}</legend><div>
    ${options.map(([v, text]) => html`<label><input type="radio" name=${name} value=${v} checked=${v === value} onChange=${() => onChange(v)} /><span>${text}</span></label>`)}
  </div></fieldset>`;
}

// lack says why a button cannot be pressed where a scope is missing.
const lack = (scope, why) => (scope && !may(scope) ? `Needs ${scope}` : why);

// Act is the one button of a form.
export const Act = ({ busy, disabled, scope, bad, children }) => html`<button class=${bad ? 'act bad' : 'act'} type="submit" disabled=${disabled || !!lack(scope)} title=${lack(scope)} aria-busy=${busy ? 'true' : 'false'}>${children}</button>`;

// Do is a button of one thing that can be done here. Where that needs a scope
// which is missing, or why says what is against it, it cannot be pressed and
// says so.
export function Do({ scope, why, busy, plain, disabled, onClick, children, ...rest }) {
  const reason = lack(scope, why);
  return html`<button class=${plain ? 'quiet' : 'act second'} type="button" disabled=${disabled || !!reason} title=${reason} aria-busy=${busy ? 'true' : undefined} onClick=${onClick} ...${rest}>${children}</button>`;
}

// Copy copies a text and says so. Where the browser does not let a page copy,
// it selects the text beside it for whoever copies by hand.
export function Copy({ text, label = 'Copy', what = 'Copied' }) {
  const [outcome, setOutcome] = useState('');
  const timer = useRef();
  useEffect(() => () => clearTimeout(timer.current), []);
  const tell = (short, long) => {
    setOutcome(short);
    announce(long);
    timer.current = setTimeout(() => setOutcome(''), 2400);
  };
  const copy = async (e) => {
    const shown = e.currentTarget.closest('.call, .secret-line')?.querySelector('pre, code');
    try {
      await navigator.clipboard.writeText(text);
      tell('Copied', what);
    } catch {
      if (shown) getSelection().selectAllChildren(shown);
      tell('Selected', 'The browser does not let this page copy. The text is selected: copy it.');
    }
  };
  return html`<button class="quiet" type="button" onClick=${copy}><${Icon} name=${outcome === 'Copied' ? 'check' : 'copy'} />${outcome || label}</button>`;
}

// Call shows a request, or several, as the commands that make them.
export function Call({ request, label = 'The same call' }) {
  const text = [request].flat().map(curl).join('\n');
  return html`<div class="call">
    <div class="call-head"><span>${label}</span><${Copy} text=${text} label="Copy as curl" what="Command copied" /></div>
    <pre tabindex="0" aria-label="Command">${text}</pre></div>`;
}

// Trouble shows a problem: what is wrong, and what to do; but not one that is
// told at the fields, whose places in the request are shown.
export function Trouble({ problem, what = 'This did not work', shown = [] }) {
  if (!problem || problem.errors.length && problem.errors.every((e) => shown.includes(e.location))) return null;
  const absent = problem.status === 404 && problem.code === 'not_found' || problem.status === 405;
  if (absent) {
    return html`<div class="notice" role="status"><strong>Not available on this server</strong><p>This release does not serve the route yet. A newer one will.</p></div>`;
  }
  return html`<div class="notice bad" role="alert">
    <strong>${what}</strong><p>${problem.detail}</p>
    ${(problem.errors.length > 1 || problem.errors.length === 1 && !problem.detail.includes(problem.errors[0].message)) && html`<ul>${problem.errors.slice(0, 8).map((e) => html`<li><code>${e.location}</code> ${e.message}</li>`)}</ul>`}
    <p class="fine"><code>${problem.code}</code>${problem.status > 0 && html` · ${problem.status}`}${problem.requestId && html` · request <code>${problem.requestId}</code>`}</p>
  </div>`;
}

// Needs says which scopes are missing, or nothing.
export function Needs({ scopes }) {
  const missing = scopes.filter((scope) => !may(scope));
  if (!missing.length) return null;
  return html`<div class="notice" role="status"><strong>Your credential lacks ${missing.map((s, i) => html`${i > 0 && ' and '}<code>${s}</code>`)}</strong>
    <p>Ask whoever administers the tenant for an API key that has it, and sign in with that key.</p></div>`;
}

export const Empty = ({ title, children }) => html`<div class="empty"><strong>${title}</strong>${children}</div>`;

export const Skeleton = ({ rows = 3 }) => html`<div class="skeleton" role="status" aria-label="Loading">${Array.from({ length: rows }, () => html`<span></span>`)}</div>`;

// State shows a state in its colour, or another word in the colour of a state.
export const State = ({ of, as }) => html`<span class="state" data-state=${of}>${as ?? of}</span>`;

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });

// Short shows the ends of an id; the whole of it is in its title.
export const Short = ({ id }) => html`<code title=${id}>${id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id}</code>`;

// ago says how far a time is from now.
export function ago(at, now = Date.now()) {
  const seconds = Math.round((new Date(at) - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 2) return 'just now';
  const [length, unit] = size < 90 ? [1, 's'] : size < 5400 ? [60, 'min'] : size < 129600 ? [3600, 'h'] : [86400, 'days'];
  const text = `${Math.round(size / length)} ${unit}`;
  return seconds < 0 ? `${text} ago` : `in ${text}`;
}

export const Time = ({ at }) => (at ? html`<time datetime=${at} title=${absolute.format(new Date(at))}>${ago(at)}</time>` : html`<span class="fine">never</span>`);

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

// amount writes a number as people read it; above a million it is rounded.
export function amount(n) {
  if (typeof n !== 'number' || Number.isNaN(n)) return '–';
  if (Math.abs(n) >= 1e6) return short.format(n);
  return Number.isInteger(n) || Math.abs(n) >= 100 ? whole.format(n) : fine.format(n);
}

export const bytes = (n) => (n < 1024 ? `${n} B` : n < 1 << 20 ? `${fine.format(n / 1024)} KiB` : `${fine.format(n / (1 << 20))} MiB`);
export const milliseconds = (ms) => (ms < 10 ? `${ms.toFixed(1)} ms` : ms < 10000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

// Json shows a value as indented JSON.
export const Json = ({ value, label = 'JSON' }) => html`<pre class="json" tabindex="0" aria-label=${label}>${JSON.stringify(value, null, 2)}</pre>`;
