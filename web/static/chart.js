// Charts. uPlot draws them; colours come from the style sheet.
import uPlot from './vendor/uPlot.js';
import { html, useEffect, useRef, signal } from './vendor/preact.js';

// painted rises when the theme changes: canvases must be drawn anew.
export const painted = signal(0);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => painted.value++);

// ink resolves a colour of the style sheet for a canvas.
function ink(className, c) {
  const probe = document.createElement('i');
  probe.className = className;
  if (c) probe.dataset.c = c;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

// shades tells series of one capability apart: the hue stays, lightness steps.
const shade = (n) => `ink-accent shade-${n % 5}`;

const pad = (n) => String(n).padStart(2, '0');
function clock(seconds, span) {
  const t = new Date(seconds * 1000);
  const time = `${pad(t.getHours())}:${pad(t.getMinutes())}`;
  if (span <= 900) return `${time}:${pad(t.getSeconds())}`;
  if (span <= 172800) return time;
  return `${t.getDate()}.${t.getMonth() + 1}. ${time}`;
}

const number = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });

// decades are the marks of a wide scale.
const decades = (_, __, ___, top) => [0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].filter((n) => n <= top);

// endLabels writes the name of each line at its right end, one below the other
// where lines end at the same height.
function endLabels(series, font) {
  return (u) => {
    const places = series.map((s, i) => {
      const row = u.data[i + 1];
      let last = row.length - 1;
      while (last >= 0 && row[last] == null) last--;
      return { ...s, y: last < 0 ? NaN : u.valToPos(row[last], 'y', true) };
    }).filter((p) => !Number.isNaN(p.y)).sort((a, b) => b.y - a.y);
    const gap = 14 * devicePixelRatio;
    let floor = u.bbox.top + u.bbox.height + gap / 2;
    u.ctx.save();
    u.ctx.font = font;
    u.ctx.textBaseline = 'middle';
    u.ctx.textAlign = 'left';
    for (const p of places) {
      p.y = Math.min(p.y, floor - gap);
      floor = p.y;
      u.ctx.fillStyle = p.stroke;
      u.ctx.fillText(p.label, u.bbox.left + u.bbox.width + 6 * devicePixelRatio, p.y);
    }
    u.ctx.restore();
  };
}

// Chart draws series over times. series: [{label, c, values}]; c is the
// capability whose hue the line has. Counts start at zero.
// Chart's scale is linear, or with wide: near zero linear and above logarithmic,
// where one line counts thousands and another one ones.
export function Chart({ times, series, height = 220, label, wide }) {
  const labelWidth = 84;
  const root = useRef(), readout = useRef(), plot = useRef();
  const form = series.map((s) => s.label).join('\n');
  const theme = painted.value;
  const empty = times.length === 0;

  useEffect(() => {
    if (empty) return;
    const soft = ink('ink-soft'), line = ink('ink-line');
    const ratio = devicePixelRatio;
    const family = getComputedStyle(document.documentElement).getPropertyValue('--mono');
    const lines = series.map((s, i) => ({ label: s.label, stroke: ink(s.c ? 'ink-accent' : shade(i), s.c || root.current.closest('[data-c]')?.dataset.c) }));
    const span = times[times.length - 1] - times[0];
    const axis = { stroke: soft, font: `11px ${family}`, grid: { stroke: line, width: 1 }, ticks: { show: false }, gap: 6 };
    const u = new uPlot({
      width: root.current.clientWidth, height,
      padding: [12, labelWidth, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { y: { ...(wide && { distr: 4, asinh: 1 }), range: (_, __, top) => [0, Math.max(1, top * 1.1)] } },
      series: [{}, ...lines.map((l) => ({ ...l, width: 1.5, spanGaps: false, points: { show: times.length < 3 } }))],
      axes: [
        { ...axis, grid: { show: false }, size: 22, space: 76, values: (_, at) => at.map((t) => clock(t, span)) },
        { ...axis, size: 44, space: 36, ...(wide && { splits: decades }), values: (_, at) => at.map((n) => number.format(n)) },
      ],
      hooks: {
        draw: [endLabels(lines, `${11 * ratio}px ${family}`)],
        setCursor: [(u) => {
          const i = u.cursor.idx;
          readout.current.textContent = i == null ? '' : `${clock(u.data[0][i], 1)}   ` + lines.map((l, n) => `${l.label} ${u.data[n + 1][i] == null ? '–' : exact.format(u.data[n + 1][i])}`).join('   ');
        }],
      },
    }, [times, ...series.map((s) => s.values)], root.current);
    plot.current = u;
    const box = root.current;
    const watch = new ResizeObserver(() => u.setSize({ width: box.clientWidth, height }));
    watch.observe(box);
    return () => { watch.disconnect(); u.destroy(); plot.current = undefined; };
  }, [form, theme, height, empty, times.length]);

  useEffect(() => { plot.current?.setData([times, ...series.map((s) => s.values)]); });

  return html`<figure class="chart"><div ref=${root} role="img" aria-label=${label}></div><figcaption ref=${readout} aria-hidden="true"></figcaption></figure>`;
}

// Spark is a line without axes: how something went lately. Its scale is wide,
// so that one burst does not flatten the rest.
export function Spark({ values }) {
  const heights = values.map(Math.asinh), top = Math.max(Math.asinh(3), ...heights), step = 120 / Math.max(1, values.length - 1);
  const points = heights.map((v, i) => `${(i * step).toFixed(1)},${(27 - (v / top) * 25).toFixed(1)}`);
  return html`<svg class="spark" viewBox="0 0 120 28" preserveAspectRatio="none" aria-hidden="true">
    ${points.length > 1 && html`<path class="fill" d=${`M0,28L${points.join('L')}L120,28z`} /><path d=${`M${points.join('L')}`} />`}</svg>`;
}
