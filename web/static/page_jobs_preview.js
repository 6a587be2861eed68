// When a schedule will tick, shown before it is saved.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { send } from './api.js';
import { Panel, Trouble, Empty, Skeleton, ago } from './ui.js';

const shownTicks = 10;
const looked = 500; // ticks among which changes of clocks are looked for
const typing = 250; // ms that somebody who types is left alone

const refusesPreview = (problem) => problem.status === 404 && problem.code === 'not_found' || problem.status === 405;
let onlySaved = false; // this server previews only what it has stored

// previewOf asks for the ticks of a definition, or where the server cannot tell
// of those of the schedule as it is stored.
async function previewOf(spec, saved, signal) {
  if (!onlySaved) {
    try {
      return { ...(await send({ method: 'POST', path: `/v1/schedules/preview?n=${looked}`, body: spec, signal })).data, live: true };
    } catch (problem) {
      if (!refusesPreview(problem)) throw problem;
      onlySaved = true;
    }
  }
  return saved ? { ...(await send({ path: `/v1/schedules/${saved}/preview?n=${looked}`, signal })).data, live: false } : { ticks: [], absent: true };
}

// usePreview follows what somebody types. saved names the stored schedule, and
// version changes when that does.
export function usePreview(spec, saved, version) {
  const [state, setState] = useState({});
  const text = JSON.stringify(spec);
  const first = useRef(true);
  useEffect(() => {
    if (!spec) return setState({});
    const gone = new AbortController();
    const timer = setTimeout(() => {
      previewOf(spec, saved, gone.signal).then(
        (data) => setState({ data }),
        (problem) => { if (problem.name !== 'AbortError') setState({ problem }); },
      );
    }, first.current ? 0 : typing);
    first.current = false;
    return () => { clearTimeout(timer); gone.abort(); };
  }, [text, saved, version]);
  return state;
}

const wall = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', weekday: 'short', day: '2-digit', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' });

// wallClock writes an instant as the clock of its own zone shows it.
function wallClock(time) {
  const [, local, offset] = /^(.{19})(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  return local ? [wall.format(new Date(`${local}Z`)).replace(/:00$/, ''), offset === 'Z' ? 'UTC' : offset] : [time, ''];
}

function Tick({ of: t }) {
  const [clock, offset] = wallClock(t.time);
  return html`<li data-noted=${t.note ? '' : undefined}><time datetime=${t.time}>${clock}</time><span class="fine mono">${offset}</span><span class="fine">${ago(t.time)}</span>
    ${t.note && html`<strong class="note">${t.note}</strong>`}</li>`;
}

export function Preview({ preview, zone }) {
  const { data, problem } = preview;
  const later = data?.ticks.slice(shownTicks).filter((t) => t.note).slice(0, 6) ?? [];
  return html`<${Panel} title="Next ticks" aside=${data && !data.absent && html`<span class="fine">${data.live ? 'as you type' : 'as it is saved'}</span>`}>
    ${problem && html`<${Trouble} problem=${problem} what="This ticks never" />`}
    ${!data && !problem && html`<${Skeleton} rows=${6} />`}
    ${data?.absent && html`<${Empty} title="Not yet"><p>This server previews a schedule once it is saved.</p><//>`}
    ${data && !data.absent && html`
      ${data.note && html`<p class="note">${data.note}</p>`}
      ${data.ticks.length ? html`<ol class="ticks">${data.ticks.slice(0, shownTicks).map((t) => html`<${Tick} of=${t} />`)}</ol>` : html`<${Empty} title="It ticks no more"><p>The last of its ticks has passed, or it is paused.</p><//>`}
      ${later.length > 0 && html`<h3>Where the clock of ${zone || 'UTC'} changes</h3><ol class="ticks">${later.map((t) => html`<${Tick} of=${t} />`)}</ol>`}`}
  <//>`;
}
