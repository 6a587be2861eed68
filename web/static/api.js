// The console's calls. Each is a request as a value, so that a page can show
// it as curl before it is sent.
import { signal } from './vendor/preact.js';

// session is who is signed in: undefined while that is asked, null for nobody.
export const session = signal(undefined);
// farewell is why nobody is signed in any more, for the sign-in page.
export const farewell = signal(null);

const ended = 'Your session has ended. Sign in again to go on.';

// sentence turns what the server says into one, unless it begins with a place.
export const sentence = (text) => (/^\w+[.[]\S/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1)) + (/[.!?]$/.test(text) ? '' : '.');

// Problem is an answer that is none, as RFC 9457 has it.
export class Problem extends Error {
  constructor(status, body = {}) {
    super(sentence(body.detail || 'the server did not answer'));
    this.status = status;
    this.code = body.code || 'unreachable';
    this.detail = this.message;
    this.errors = body.errors || [];
    this.requestId = body.request_id;
  }

  // at says what is wrong with one field, by its place in the request.
  at(location) {
    return this.errors.find((e) => e.location === location)?.message;
  }
}

// send makes a call and returns {status, data, etag, ms}. A request is {method,
// path, body, headers}; body is JSON, or a File with a type of its own.
export async function send({ method = 'GET', path, body, headers, signal }) {
  const init = { method, signal, headers: { Accept: 'application/json', ...headers } };
  if (body instanceof Blob) {
    init.body = body;
    init.headers['Content-Type'] = body.type || 'application/octet-stream';
  } else if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers['Content-Type'] = 'application/json';
  }
  const began = performance.now();
  let answer;
  try {
    answer = await fetch(path, init);
  } catch (fault) {
    if (fault.name === 'AbortError') throw fault;
    throw new Problem(0, { detail: 'The server does not answer. It may be stopping; try again.' });
  }
  const ms = performance.now() - began;
  const data = await read(answer);
  if (answer.ok) return { status: answer.status, data, etag: answer.headers.get('ETag'), ms };
  if (answer.status === 401 && session.peek()) {
    farewell.value = ended;
    session.value = null;
  }
  throw new Problem(answer.status, data);
}

async function read(answer) {
  if (answer.status === 204) return undefined;
  const text = await answer.text();
  try {
    return JSON.parse(text);
  } catch {
    return { detail: text.slice(0, 400) };
  }
}

// whoami asks whose session the browser has, without provoking a refusal.
export async function whoami() {
  const { data } = await send({ path: '/console/session' });
  if (!data.signed_in && session.peek()) farewell.value = ended;
  session.value = data.signed_in ? (await send({ path: '/v1/whoami' })).data : null;
}

export async function signIn(credential) {
  await send({ method: 'POST', path: '/console/session', body: credential });
  farewell.value = null;
  session.value = (await send({ path: '/v1/whoami' })).data;
}

export async function signOut() {
  await send({ method: 'DELETE', path: '/console/session' });
  farewell.value = 'You are signed out.';
  session.value = null;
}

export const may = (scope) => session.value?.scopes.includes(scope);

// keyText is how a shell on the server's machine gets a key of the tenant.
function keyText(tenant) {
  if (tenant === 'demo') return '$(cat data/demo.key)';
  if (tenant === '_platform') return '$(cat data/admin.key)';
  return '$QUINTET_KEY';
}

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// layout writes JSON with a line for each member, or each item of a list.
function layout(value) {
  const list = Array.isArray(value);
  if (!list && (typeof value !== 'object' || value === null)) return JSON.stringify(value);
  const parts = list ? value.map((v) => JSON.stringify(v)) : Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${JSON.stringify(v)}`);
  const [open, close] = list ? '[]' : '{}';
  return parts.length ? `${open}\n    ${parts.join(',\n    ')}\n  ${close}` : open + close;
}

// curl writes a request as a command that works when pasted.
// It is sent with the tenant's key, or with the key that the request names.
export function curl({ method = 'GET', path, body, headers, key, output }) {
  const url = location.origin + path;
  const lines = [`curl ${/[?&,=*]/.test(url) ? quote(url) : url}`, `-H "Authorization: Bearer ${key ?? keyText(session.value?.tenant)}"`];
  for (const [name, value] of Object.entries(headers ?? {})) lines.push(`-H ${quote(`${name}: ${value}`)}`);
  if (body instanceof Blob) {
    lines.push(`-H ${quote('Content-Type: ' + (body.type || 'application/octet-stream'))}`, `--data-binary @${quote(body.name)}`);
  } else if (body !== undefined) {
    lines.push(`--json ${quote(layout(body))}`);
  } else if (method === 'POST') {
    lines.push('-X POST');
  }
  if (method !== 'GET' && method !== 'POST') lines.push(`-X ${method}`);
  if (output) lines.push(`--output ${output}`);
  return lines.join(' \\\n  ');
}
