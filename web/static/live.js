// Live: one thing of the server, followed by its event stream. Where a stream
// is refused, as some proxies do, the thing is read again and again instead.
import { useEffect, useState } from './vendor/preact.js';
import { send } from './api.js';

const pollMs = 1000;
const awayMs = 3000;

// useLive follows path by the events of a name that path/live sends. It gives
// {data, problem, loading, how, again}; how is 'live', 'polling', 'connecting'
// or 'ended', and again follows anew.
export function useLive(path, event) {
  const [state, setState] = useState({ loading: !!path });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!path) return setState({});
    return follow(path, event, (news) => setState((before) => ({ ...before, loading: false, ...news })));
  }, [path, turn]);
  return { ...state, again: () => setTurn((n) => n + 1) };
}

// hasEnded knows a job that changes no more.
const hasEnded = (data) => !!data.finished_at;

function follow(path, event, tell) {
  let source, timer, gone = false;
  const later = (run, ms) => { timer = setTimeout(run, ms); };

  const read = async () => {
    try {
      const { data, etag } = await send({ path });
      if (!gone) tell({ data, etag, problem: undefined });
      return data;
    } catch (problem) {
      if (!gone) tell({ problem, how: 'connecting' });
      if (!gone && problem.status === 0) later(start, awayMs);
    }
  };
  const poll = async () => {
    const data = await read();
    if (gone || !data) return;
    tell({ how: hasEnded(data) ? 'ended' : 'polling' });
    if (!hasEnded(data)) later(poll, pollMs);
  };
  const open = () => {
    source = new EventSource(`${path}/live`);
    source.addEventListener(event, (message) => tell({ data: JSON.parse(message.data), how: 'live', problem: undefined }));
    source.addEventListener('goodbye', (message) => {
      source.close();
      const { code } = JSON.parse(message.data);
      if (code === 'job_ended') tell({ how: 'ended' });
      else later(start, code === 'gone' ? 0 : awayMs);
    });
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) poll();
      else tell({ how: 'connecting' }); // it tries again by itself
    };
  };
  const start = async () => {
    const data = await read();
    if (gone || !data) return;
    if (hasEnded(data)) tell({ how: 'ended' });
    else open();
  };
  start();
  return () => { gone = true; source?.close(); clearTimeout(timer); };
}
