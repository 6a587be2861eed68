// How a collection reads its documents, what its index holds, and its end.
import { html, useState } from './vendor/preact.js';
import { may } from './api.js';
import { Ask } from './dialog.js';
import { Panel, Text, Do, Call, Trouble, Empty, Skeleton, Time, useCall, announce, amount, bytes } from './ui.js';
import { searchOf, useAnswers } from './search_ask.js';
import { SlowSearches } from './page_search_slow.js';
import { Snapshots } from './page_search_snapshots.js';
import { isVector } from './search_text.js';

export const Settings = ({ collection, go }) => html`<div class="split">
    <${Panel} title="Collection"><${Facts} of=${collection} /><${Call} request=${{ path: `/v1/collections/${collection.name}` }} /><//>
    <div class="stack"><${Fields} of=${collection} /><${Segments} of=${collection} /></div>
  </div>
  <${Snapshots} of=${collection} go=${go} />
  <${SlowSearches} of=${collection} />
  ${may('search:admin') && html`<${End} of=${collection} go=${go} />`}`;

const Fact = ({ name, children }) => html`<div><dt>${name}</dt><dd>${children}</dd></div>`;
const Amount = ({ of }) => html`<span class="mono">${of}</span>`;

const Facts = ({ of: c }) => html`<dl class="facts"><${Fact} name="Documents"><${Amount} of=${amount(c.documents)} /><//>
  <${Fact} name="With a vector"><${Amount} of=${amount(c.vectors)} /><//>
  <${Fact} name="Stored"><${Amount} of=${bytes(c.bytes)} /><//>
  <${Fact} name="Index">${c.loaded ? html`in memory, <${Amount} of=${bytes(c.memory)} /> in <${Amount} of=${amount(c.segments)} /> ${c.segments === 1 ? 'segment' : 'segments'}` : 'not loaded; it is at its next use, where memory allows'}<//>
  ${c.recall && html`<${Fact} name="Recall"><${Gauge} of=${c.recall} /><//>`}
  <${Fact} name="Embedded">${vectorsOf(c)}<//>
  <${Fact} name="Metric">${c.metric}<//>
  ${c.precision && html`<${Fact} name="Precision">${c.precision}<//>`}
  <${Fact} name="Language">${c.language}<//>
  <${Fact} name="Fields">${c.inferred ? 'inferred from the documents' : 'declared'}<//>
  <${Fact} name="Created"><${Time} at=${c.created_at} /><//>
  <${Fact} name="Defined"><${Time} at=${c.updated_at} /><//></dl>`;

// Gauge shows what searches through the graph find of the nearest, and how
// sure that is.
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const Gauge = ({ of: r }) => html`<span class="gauge"><svg class="depth" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=${`recall ${percent(r.value)}, between ${percent(r.low)} and ${percent(r.high)}`}>
    <rect class="bar-gone" x="0" y="0" width="100" height="8" /><rect class="bar-live" x="0" y="0" width=${(100 * r.low).toFixed(1)} height="8" /><rect class="bar-between" x=${(100 * r.low).toFixed(1)} y="0" width=${(100 * (r.high - r.low)).toFixed(1)} height="8" /></svg>
  <span class="mono">${percent(r.value)}</span> <span class="fine">of the ${r.at} nearest; ${percent(r.low)} to ${percent(r.high)} by ${amount(r.samples)} ${r.samples === 1 ? 'search' : 'searches'}</span></span>`;

function vectorsOf({ embed, fields }) {
  if (embed.length) return html`<span class="chips">${embed.map((name) => html`<code>${name}</code>`)}</span>`;
  const given = fields.find(isVector);
  return given ? html`nothing; documents bring their vectors in <code>${given.name}</code>` : 'nothing';
}

const Fields = ({ of: c }) => html`<${Panel} title="Fields">
  ${c.fields.length ? html`<div class="table-wrap" tabindex="0" role="region" aria-label="Fields"><table class="rows"><thead><tr><th>Field</th><th>Type</th><th class="num">Weight</th><th>Language</th></tr></thead>
    <tbody>${c.fields.map((f) => html`<tr key=${f.name}><td><code>${f.name}</code></td><td>${f.type}${f.facet && html` <span class="fine">facet</span>`}</td><td class="num">${f.weight ?? ''}</td><td>${f.language ?? ''}</td></tr>`)}</tbody></table></div>`
  : html`<${Empty} title="No field yet"><p>The first documents define them.</p><//>`}
<//>`;

// Segments draws the parts of the index, each as wide as it has rows, and in
// each what is deleted and leaves with the next merge.
function Segments({ of: c }) {
  const { look } = useAnswers({ look: searchOf(c.name, { mode: 'keyword', limit: 1, explain: true }) });
  const parts = look.data?.explain.segments;
  return html`<${Panel} title="Segments" aside=${parts?.length > 0 && html`<span class="legend" aria-hidden="true"><span><i class="dot bar-live"></i>live</span><span><i class="dot bar-gone"></i>deleted</span></span>`}>
    <${Trouble} problem=${look.problem} />
    ${!parts && !look.problem && html`<${Skeleton} rows=${2} />`}
    ${parts && (parts.length ? html`<${Bar} parts=${parts} />
      <div class="table-wrap" tabindex="0" role="region" aria-label="Segments"><table class="rows"><thead><tr><th>Segment</th><th class="num">Rows</th><th class="num">Live</th><th class="num">Deleted</th></tr></thead>
        <tbody>${parts.map((p, i) => html`<tr key=${i}><td>${i + 1}</td><td class="num">${amount(p.rows)}</td><td class="num">${amount(p.live)}</td><td class="num">${amount(p.rows - p.live)}</td></tr>`)}</tbody></table></div>`
    : html`<${Empty} title="Nothing is indexed"><p>The first document makes a segment.</p><//>`)}
  <//>`;
}

function Bar({ parts }) {
  const gap = Math.min(1, 20 / parts.length), total = parts.reduce((sum, p) => sum + p.rows, 0) || 1, room = 100 - gap * (parts.length - 1);
  let x = 0;
  const text = parts.map((p, i) => `segment ${i + 1}: ${amount(p.live)} live, ${amount(p.rows - p.live)} deleted`).join('; ');
  return html`<svg class="depth" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=${text}>${parts.map((p) => {
    const at = x, width = (p.rows / total) * room, live = (p.live / total) * room;
    x += width + gap;
    return html`<rect class="bar-live" x=${at.toFixed(2)} y="0" width=${live.toFixed(2)} height="8" /><rect class="bar-gone" x=${(at + live).toFixed(2)} y="0" width=${(width - live).toFixed(2)} height="8" />`;
  })}</svg>`;
}

function End({ of: c, go }) {
  const [asked, setAsked] = useState(false);
  return html`<${Panel} title="Delete this collection">
    <div class="standing"><span class="fine">Its documents are found no more at once, and leave the disk in the background.</span>
      <span class="row-acts"><${Do} scope="search:admin" onClick=${() => setAsked(true)}>Delete collection…<//></span></div>
    ${asked && html`<${AskEnd} of=${c} go=${go} onClose=${() => setAsked(false)} />`}
  <//>`;
}

function AskEnd({ of: c, go, onClose }) {
  const [typed, setTyped] = useState('');
  const call = useCall();
  const request = { method: 'DELETE', path: `/v1/collections/${c.name}` };
  const act = async () => {
    if (typed !== c.name || !await call.run(request, true)) return;
    announce(`${c.name} is deleted.`);
    go('/console/search');
  };
  return html`<${Ask} title=${`Delete ${c.name}?`} act="Delete collection" bad=${true} scope="search:admin" disabled=${typed !== c.name} call=${call} onAct=${act} onClose=${onClose} what="It was not deleted">
    <p>${amount(c.documents)} ${c.documents === 1 ? 'document goes' : 'documents go'} with it. There is no way back.</p>
    <${Text} label=${`Type ${c.name} to confirm`} value=${typed} onChange=${setTyped} />
    <${Call} request=${request} />
  <//>`;
}
