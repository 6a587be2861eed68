// Searches as somebody types: asked when the typing rests, and what older ones
// still bring is dropped.
import { useEffect, useRef, useState } from './vendor/preact.js';
import { send } from './api.js';

const restMs = 180;

// searchOf is a search of a collection as a request.
export const searchOf = (collection, body) => ({ method: 'POST', path: `/v1/collections/${collection}/search`, body });

// useAnswers sends each of the requests {name: request} and gives {name: {data,
// problem, ms, busy}}. What was found stays until something else is; turn asks
// again for the same.
export function useAnswers(requests, turn = 0) {
  const key = JSON.stringify(requests);
  const [answers, setAnswers] = useState({});
  const begun = useRef(false);
  useEffect(() => {
    const gone = new AbortController();
    const ask = async (name, request) => {
      let outcome;
      try {
        const { data, ms } = await send({ ...request, signal: gone.signal });
        outcome = { data, ms, problem: undefined };
      } catch (problem) {
        outcome = { problem };
      }
      if (!gone.signal.aborted) setAnswers((before) => ({ ...before, [name]: { ...before[name], ...outcome, of: key } }));
    };
    const timer = setTimeout(() => { for (const name in requests) ask(name, requests[name]); }, begun.current ? restMs : 0);
    begun.current = true;
    return () => { clearTimeout(timer); gone.abort(); };
  }, [key, turn]);
  return Object.fromEntries(Object.keys(requests).map((name) => [name, { ...answers[name], busy: answers[name]?.of !== key }]));
}
