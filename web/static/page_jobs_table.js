// Jobs in a table.
import { html } from './vendor/preact.js';
import { Short, State, Time } from './ui.js';

export const unfinished = ['scheduled', 'ready', 'running', 'retrying'];
export const states = [...unfinished, 'done', 'dead', 'cancelled'];

// address is where the jobs of a selection are listed.
export function address(selection) {
  const given = Object.entries(selection).filter(([, value]) => value);
  return `/console/jobs/all${given.length ? `#${new URLSearchParams(given)}` : ''}`;
}

export const JobLink = ({ id }) => html`<a href=${`/console/jobs/${id}`}><${Short} id=${id} /></a>`;

export const Tags = ({ of }) => (of?.length ? of.map((tag) => html`<a class="tag" href=${address({ tag })}>${tag}</a> `) : null);

// JobTable lists jobs; brief without what a narrow panel has no room for.
export const JobTable = ({ jobs, brief }) => html`<div class="table-wrap" tabindex="0" role="region" aria-label="Jobs"><table class="rows">
  <thead><tr><th>Job</th><th>Queue</th><th>State</th>${!brief && html`<th class="extra">Key</th><th class="extra">Tags</th><th class="num extra">Priority</th>`}<th class="num">Attempt</th><th class="num">Created</th></tr></thead>
  <tbody>${jobs.map((j) => html`<tr key=${j.id}><td><${JobLink} id=${j.id} /></td><td class="cut" title=${j.queue}>${j.queue}</td>
    <td><${State} of=${j.state} />${j.progress && j.state === 'running' && html` <span class="fine">${j.progress.percent} %</span>`}${j.last_error && html`<div class="fine why" title=${j.last_error}>${j.last_error}</div>`}</td>
    ${!brief && html`<td class="cut extra" title=${j.key}>${j.key}</td><td class="extra"><${Tags} of=${j.tags} /></td><td class="num extra">${j.priority}</td>`}
    <td class="num">${j.attempt}/${j.max_attempts}</td><td class="num"><${Time} at=${j.created_at} /></td></tr>`)}</tbody></table></div>`;
