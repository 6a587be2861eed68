// Ask a stream, once or live.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { may } from './api.js';
import { Chart } from './chart.js';
import { Page, Panel, Text, Choice, Act, Call, Trouble, Needs, Empty, Skeleton, useFetch, useCall, useParam, amount, milliseconds } from './ui.js';

// spans offer a step that gives a readable number of points.
const spans = { '-2m': ['1s', 'Last 2 minutes'], '-15m': ['10s', 'Last 15 minutes'], '-1h': ['1m', 'Last hour'], '-24h': ['15m', 'Last 24 hours'] };
// sample sends two events of now to a stream.
const sample = (stream) => ({ method: 'POST', path: `/v1/streams/${stream}/events`, body: [
  { ts: new Date().toISOString(), type: 'view', country: 'DE', duration_ms: 42 },
  { ts: new Date().toISOString(), type: 'signup', country: 'FR', duration_ms: 310 },
] });

export function Stream() {
  const streams = useFetch(may('stream:read') ? '/v1/streams?limit=1000' : '');
  const [chosen, setStream] = useParam('stream', '');
  const [from, setFrom] = useParam('from', '-15m');
  const [group, setGroup] = useParam('group', '');
  const [value, setValue] = useParam('value', 'count');
  const [filter, setFilter] = useParam('filter', '');
  const [live, setLive] = useState(false);
  const call = useCall();

  const list = streams.data?.items ?? [];
  const stream = list.find((s) => s.name === chosen) ?? list[0];
  const values = ['count', ...(stream?.measures ?? []).flatMap((m) => ['sum', 'avg', 'min', 'max'].map((f) => `${f}(${m})`))];
  const select = values.includes(value) ? value : 'count';
  const groups = stream?.dimensions.includes(group) ? [group] : [];
  const request = stream && {
    method: 'POST', path: `/v1/streams/${stream.name}/query`,
    body: { from, to: 'now', step: (spans[from] ?? spans['-15m'])[0], ...(groups.length && { group_by: groups }), ...(filter.trim() && { filter: filter.trim() }), select: [select], limit: 20 },
  };
  const ask = (quiet) => request && call.run(request, quiet);

  useEffect(() => { if (stream) ask(true); }, [stream?.name]);
  const connected = useLive(live && stream, filter.trim(), ask);

  return html`<${Page} of="stream" title="Stream" about="Events in, counted and queried as they arrive">
    <${Needs} scopes=${['stream:read']} />
    <div class="split">
      <${Panel} title="Query">
        ${streams.loading && !streams.data ? html`<${Skeleton} rows=${5} />` : html`
        <form onSubmit=${(e) => { e.preventDefault(); ask(); }}>
          <${Choice} label="Stream" value=${stream?.name ?? ''} options=${list.length ? list.map((s) => [s.name]) : [['', 'None yet']]} onChange=${setStream} />
          <div class="pair">
            <${Choice} label="From" value=${from} options=${Object.entries(spans).map(([v, [, text]]) => [v, text])} onChange=${setFrom} />
            <${Choice} label="Group by" value=${groups[0] ?? ''} options=${[['', 'Nothing'], ...(stream?.dimensions ?? []).map((d) => [d])]} onChange=${setGroup} />
          </div>
          <${Choice} label="Value" value=${select} options=${values.map((v) => [v])} onChange=${setValue} />
          <${Text} label="Filter" value=${filter} onChange=${setFilter} placeholder="country = 'DE'" hint="Over dimensions, with = != in, and, or, not." />
          <div class="acts"><${Act} busy=${call.busy} disabled=${!stream}>Run query<//>
            <label class="switch"><input type="checkbox" role="switch" checked=${live} disabled=${!stream} onChange=${(e) => setLive(e.target.checked)} /><span>Live</span></label></div>
        </form>`}
        ${request && html`<${Call} request=${request} />`}
      <//>
      <${Outcome} call=${call} live=${live && (connected ? 'live' : 'connecting')} empty=${streams.data && !stream} problem=${streams.problem} />
    </div>
  <//>`;
}

// useLive asks again when the server tells that events came, at most once a
// second. What it sends are additions; the query gives the whole. It returns
// whether the connection stands.
function useLive(stream, filter, ask) {
  const latest = useRef();
  const [connected, setConnected] = useState(false);
  latest.current = ask;
  useEffect(() => {
    if (!stream) return;
    const source = new EventSource(`/v1/streams/${stream.name}/live?step=1s&select=count` + (filter ? `&filter=${encodeURIComponent(filter)}` : ''));
    let waiting;
    source.onopen = () => { setConnected(true); latest.current(true); };
    source.onerror = () => setConnected(false); // it tries again by itself
    source.addEventListener('window', () => { waiting ??= setTimeout(() => { waiting = undefined; latest.current(true); }, 900); });
    return () => { source.close(); clearTimeout(waiting); setConnected(false); };
  }, [stream?.name, filter]);
  return connected;
}

function Outcome({ call, live, empty, problem }) {
  const { answer, request } = call;
  const aside = answer && html`<span class="fine">${live && html`<i class="pulse" data-live=${live}></i> ${live} · `}${amount(answer.data.series.length)} series · step ${answer.data.step} · ${milliseconds(answer.ms)}</span>`;
  return html`<${Panel} title="Result" aside=${aside} class="result">
    <${Trouble} problem=${problem ?? call.problem} what="The query was refused" />
    ${empty && html`<${Empty} title="No stream yet"><p>Send events to a name of your choice: the stream takes its shape from them.</p><${Call} request=${sample('visits')} label="Try it" /><//>`}
    ${!answer && call.busy && html`<${Skeleton} rows=${6} />`}
    ${answer && (answer.data.series.length ? html`<${Series} data=${answer.data} select=${request.body.select[0]} />`
      : html`<${Empty} title="No events in this span"><p>Choose a longer span, or send some:</p><${Call} request=${sample(request.path.split('/')[3])} label="Try it" /><//>`)}
  <//>`;
}

const nameOf = (s) => (s.other ? 'other' : Object.values(s.group).map((v) => v ?? 'none').join(' · ') || 'all events');

function Series({ data, select }) {
  const step = { s: 1, m: 60, h: 3600, d: 86400 }[data.step.slice(-1)] * parseInt(data.step, 10);
  const points = data.series.map((s) => new Map(s.points.map((p) => [Date.parse(p.time) / 1000, p[select]])));
  const all = points.flatMap((p) => [...p.keys()]);
  const first = Math.min(...all), last = Math.max(...all);
  const times = [];
  for (let t = first; t <= last; t += step) times.push(t);
  const counted = select === 'count' || select.startsWith('sum');
  const shown = data.series.slice(0, 5).map((s, i) => ({ label: nameOf(s), values: times.map((t) => points[i].get(t) ?? (counted ? 0 : null)) }));
  const figure = (s, f) => f(s.points.map((p) => p[select]).filter((v) => v != null));
  return html`
    <${Chart} times=${times} series=${shown} height=${260} label=${`${select} over time of ${shown.map((s) => s.label).join(', ')}`} />
    ${data.series.length > 5 && html`<p class="fine">The chart shows the five series with the most events; the table shows all.</p>`}
    <div class="table-wrap" tabindex="0" role="region" aria-label="Series"><table class="rows"><thead><tr><th>Series</th>${counted && html`<th class="num">Total</th>`}<th class="num">Lowest</th><th class="num">Highest</th><th class="num">Latest</th></tr></thead>
      <tbody>${data.series.map((s, i) => html`<tr><td><i class=${`dot ${i < 5 ? `shade-${i}` : 'none'}`}></i>${nameOf(s)}</td>
        ${counted && html`<td class="num">${amount(figure(s, (v) => v.reduce((a, b) => a + b, 0)))}</td>`}
        <td class="num">${amount(figure(s, (v) => Math.min(...v)))}</td><td class="num">${amount(figure(s, (v) => Math.max(...v)))}</td><td class="num">${amount(figure(s, (v) => v.at(-1)))}</td></tr>`)}</tbody></table></div>`;
}
