// Jobs: which of their pages is shown, and the first of them: the queues, and
// a form to enqueue.
import { html, useMemo } from './vendor/preact.js';
import { may } from './api.js';
import { recent } from './activity.js';
import { Page, Panel, Trouble, Needs, Empty, Skeleton, useFetch, useFollow } from './ui.js';
import { Queues } from './page_jobs_queues.js';
import { Enqueue } from './page_jobs_enqueue.js';
import { JobTable } from './page_jobs_table.js';
import { QueuePage } from './page_jobs_queue.js';
import { AllJobs } from './page_jobs_all.js';
import { JobPage } from './page_jobs_job.js';
import { DeadLetters } from './page_jobs_dead.js';
import { Schedules } from './page_jobs_schedules.js';

const root = '/console/jobs';
const parts = [['', 'Queues'], ['all', 'All jobs'], ['dead', 'Dead letters'], ['schedules', 'Schedules']];

let visits = 0;

// Jobs shows the page that the address names. Whoever goes to a page that is
// shown already, with other parameters, finds it new.
export function Jobs({ rest, go }) {
  const [first, second] = rest;
  const visit = useMemo(() => ++visits, [rest]);
  switch (first) {
    case undefined: return html`<${JobsPage} part="" title="Jobs" about="Durable jobs: enqueued once, run until they are done"><${Start} key=${visit} go=${go} /><//>`;
    case 'all': return html`<${JobsPage} part="all" title="All jobs" about="Find jobs, and do one thing to all that are found"><${AllJobs} key=${visit} /><//>`;
    case 'dead': return html`<${JobsPage} part="dead" title="Dead letters" about="Jobs that failed as often as they may: look, mend, redrive"><${DeadLetters} key=${visit} /><//>`;
    case 'schedules': return html`<${JobsPage} part="schedules" title="Schedules" about="One job for each tick of a clock, in a zone of your choice"><${Schedules} key=${visit} id=${second} go=${go} /><//>`;
    case 'queues': return html`<${JobsPage} part="" title=${second ?? ''} about="A queue, live"><${QueuePage} key=${visit} name=${second} go=${go} /><//>`;
  }
  return html`<${JobsPage} part="all" title="Job" about="What became of it, live until it ends"><${JobPage} key=${visit} id=${first} go=${go} /><//>`;
}

const JobsPage = ({ part, title, about, children }) => html`<${Page} of="scheduler" title=${title} about=${about}>
  <nav class="tabs" aria-label="Pages of jobs">${parts.map(([path, name]) => html`<a href=${path ? `${root}/${path}` : root} aria-current=${path === part ? 'page' : undefined}>${name}</a>`)}</nav>
  <${Needs} scopes=${['scheduler:read', 'scheduler:write']} />
  ${children}
<//>`;

const Start = ({ go }) => html`${may('scheduler:read') && html`<${Queues} />`}
  <div class="split"><${Enqueue} onDone=${(job) => go(`${root}/${job.id}`)} /><${Recent} /></div>`;

// Recent lists the newest jobs, and lists them anew when something happened.
function Recent() {
  const { data, problem, loading, reload } = useFetch(may('scheduler:read') ? '/v1/jobs?limit=16' : '');
  useFollow(recent.value.find((e) => e.capability === 'scheduler')?.turn, reload);
  if (!may('scheduler:read')) return null;
  return html`<${Panel} title="Recent jobs" aside=${data?.items.length > 0 && html`<a class="fine" href="${root}/all">All jobs</a>`}>
    <${Trouble} problem=${problem} />
    ${loading && !data && html`<${Skeleton} rows=${5} />`}
    ${data && (data.items.length ? html`<${JobTable} jobs=${data.items} brief=${true} />` : html`<${Empty} title="No jobs yet"><p>The form enqueues the first. From then on they are listed here, the newest first.</p><//>`)}
  <//>`;
}
