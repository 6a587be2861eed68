// One thing done to many jobs: how many they are is shown first, then how far
// it is.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { send } from './api.js';
import { Ask } from './dialog.js';
import { Panel, Text, Call, Trouble, Skeleton, State, Time, Do, useCall, amount, announce } from './ui.js';
import { unfinished } from './page_jobs_table.js';

// kinds are what can be done, and to jobs in which states.
export const kinds = {
  cancel: { verb: 'Cancel', did: 'cancelled', states: unfinished, bad: true, means: 'They will not run. The workers of those that run are told by their next heartbeat.' },
  retry: { verb: 'Retry', did: 'made ready', states: ['retrying', 'dead', 'cancelled'], means: 'They are ready at once. Those that were dead or cancelled have all their attempts before them.' },
  redrive: { verb: 'Redrive', did: 'redriven', states: ['dead'], means: 'They are ready again, with all their attempts before them. A rate keeps them from coming all at once.' },
  purge: { verb: 'Purge', did: 'removed', states: ['done', 'dead', 'cancelled'], bad: true, means: 'They are removed for good, with payload, output and timeline.' },
};

// bodyOf is a selection {queue, states, tag, filter} as an operation takes it:
// of the states those that suit its kind.
function bodyOf(kind, { queue, states, tag, filter }) {
  const { states: suit } = kinds[kind];
  const state = states?.length ? states.filter((s) => suit.includes(s)) : suit;
  return { ...(queue && { queue }), state, ...(tag && { tag }), ...(filter && { filter }) };
}

// BulkActs are buttons that begin an operation on a selection.
export function BulkActs({ selection, of, onStart }) {
  const [kind, setKind] = useState();
  return html`<div class="acts bulk">${of.map((k) => {
    const none = !bodyOf(k, selection).state.length;
    return html`<${Do} scope="scheduler:write" why=${none ? `Only jobs that are ${kinds[k].states.join(', ')} can be ${kinds[k].did}` : undefined} onClick=${() => setKind(k)}>${kinds[k].verb} matching…<//>`;
  })}</div>
  ${kind && html`<${AskBulk} kind=${kind} selection=${selection} onStart=${onStart} onClose=${() => setKind()} />`}`;
}

const words = (n) => `${amount(n)} ${n === 1 ? 'job' : 'jobs'}`;

// AskBulk counts, says what will happen, and begins it.
export function AskBulk({ kind, selection, onStart, onClose }) {
  const { verb, bad, means } = kinds[kind];
  const [rate, setRate] = useState('');
  const count = useCall(), call = useCall();
  const path = `/v1/jobs/${kind}`, chosen = bodyOf(kind, selection);
  const request = { method: 'POST', path, body: { ...chosen, ...(rate && { rate: Number(rate) }) } };
  useEffect(() => { count.run({ method: 'POST', path, body: { ...chosen, dry_run: true } }, true); }, []);
  const matched = count.answer?.data.matched;
  useEffect(() => { if (matched !== undefined) announce(`${words(matched)} match.`); }, [matched]);
  const act = async () => {
    const answer = await call.run(request, true);
    if (!answer) return;
    onStart(answer.data.operation);
    onClose();
  };
  return html`<${Ask} title=${`${verb} jobs`} act=${matched ? `${verb} ${words(matched)}` : verb} bad=${bad} call=${call} scope="scheduler:write" disabled=${!matched} onAct=${act} onClose=${onClose} what="Nothing was begun" keep="Leave them" shown=${['body.rate']}>
    ${count.busy && html`<${Skeleton} rows=${1} />`}
    <${Trouble} problem=${count.problem} what="They cannot be counted" />
    ${matched !== undefined && html`<p class="matched"><b>${amount(matched)}</b> ${matched === 1 ? 'job matches' : 'jobs match'}</p>`}
    <p class="fine">${sentenceOf(chosen)}</p>
    <p>${matched === 0 ? 'There is nothing to do. Choose other jobs.' : means}</p>
    <${Text} label="Jobs a second" type="number" min="1" max="100000" placeholder="as fast as it goes" value=${rate} onChange=${setRate} fault=${call.problem?.at('body.rate')} />
    <${Call} request=${request} />
  <//>`;
}

// sentenceOf says in words what a selection chooses.
export const sentenceOf = ({ queue, state, tag, filter }) => html`In ${queue ? html`<code>${queue}</code>` : 'every queue'}${state && html`, ${state.join(' or ')}`}${tag && html`, with the tag <code>${tag}</code>`}${filter && html`, where <code>${filter}</code>`}.`;

const quickMs = 400, slowMs = 5000;
const newsMs = 120_000; // so long an operation that has ended is news

// useOperations reads the newest operations, often while one runs.
function useOperations(begun) {
  const [state, setState] = useState({});
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let timer, gone = false;
    const read = async () => {
      try {
        const { data } = await send({ path: '/v1/job-operations?limit=5' });
        if (gone) return;
        setState({ list: data.items });
        timer = setTimeout(read, data.items.some((o) => o.state === 'running') ? quickMs : slowMs);
      } catch (problem) {
        if (!gone) setState((before) => ({ ...before, problem }));
      }
    };
    read();
    return () => { gone = true; clearTimeout(timer); };
  }, [begun, turn]);
  return { ...state, reload: () => setTurn((n) => n + 1) };
}

// Operations shows those of some kinds that run or have ended lately. begun is
// the id of the newest, so that it is shown at once; onEnd is called when one
// has ended that was seen to run.
export function Operations({ of = Object.keys(kinds), begun, onEnd }) {
  const { list, problem, reload } = useOperations(begun);
  const running = useRef(new Set());
  useEffect(() => {
    for (const o of list ?? []) {
      if (o.state === 'running') running.current.add(o.id);
      else if (running.current.delete(o.id) || o.id === begun) ended(o);
    }
  }, [list]);
  const told = useRef(new Set());
  const ended = (o) => {
    if (told.current.has(o.id)) return;
    told.current.add(o.id);
    announce(`${words(o.changed)} ${kinds[o.kind].did}.`);
    onEnd?.();
  };
  const news = list?.filter((o) => of.includes(o.kind)).filter((o) => o.state === 'running' || o.id === begun || Date.now() - Date.parse(o.ended_at) < newsMs);
  if (!news?.length && !problem) return null;
  return html`<${Panel} title="Bulk operations"><${Trouble} problem=${problem} />
    <ol class="operations">${news?.map((o) => html`<${Operation} key=${o.id} of=${o} onStop=${reload} />`)}</ol><//>`;
}

function Operation({ of: o, onStop }) {
  const call = useCall();
  const runs = o.state === 'running';
  const stop = async () => { if (await call.run({ method: 'POST', path: `/v1/job-operations/${o.id}/cancel` }, true)) onStop(); };
  const part = o.total ? Math.min(1, o.looked / o.total) : undefined;
  const name = `${kinds[o.kind].verb}, ${words(o.changed)} so far`;
  return html`<li><div class="operation-head"><b>${kinds[o.kind].verb}</b><span class="fine">${sentenceOf({ ...o, state: undefined })}</span><${State} of=${o.state} /></div>
    ${runs && html`<progress max="1" value=${part} aria-label=${name}></progress>`}
    <div class="operation-foot"><span class="fine"><span class="mono">${amount(o.changed)}</span> ${kinds[o.kind].did}${o.skipped > 0 && html` · <span class="mono">${amount(o.skipped)}</span> skipped`}
      ${runs && o.total > 0 && html` · looked at <span class="mono">${amount(o.looked)}</span> of <span class="mono">${amount(o.total)}</span>`}${o.rate && ` · ${amount(o.rate)} a second`}${!runs && html` · <${Time} at=${o.ended_at} />`}</span>
      ${runs && html`<${Do} plain=${true} scope="scheduler:write" busy=${call.busy} onClick=${stop} aria-label=${`Stop: ${kinds[o.kind].verb}`}>Stop<//>`}</div>
    ${o.error && html`<p class="fault">${o.error}</p>`}<${Trouble} problem=${call.problem} what="It was not stopped" /></li>`;
}
