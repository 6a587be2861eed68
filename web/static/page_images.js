// Upload an image, render it, sign it.
import { html, useEffect, useState } from './vendor/preact.js';
import { may, Problem } from './api.js';
import { Page, Panel, Field, Text, Choice, Act, Call, Copy, Trouble, Needs, Empty, Skeleton, useFetch, useCall, useParam, announce, bytes, milliseconds } from './ui.js';

const fits = [['cover', 'Cover: fill, cut off'], ['contain', 'Contain: show all'], ['fill', 'Fill: distort']];
const formats = [['jpeg', 'JPEG'], ['png', 'PNG']];
const lives = [['1h', '1 hour'], ['24h', '1 day'], ['7d', '7 days']];

export function Images({ rest, go }) {
  const id = rest[0];
  const [file, setFile] = useState();
  const [width, setWidth] = useParam('w', '400');
  const [height, setHeight] = useParam('h', '300');
  const [fit, setFit] = useParam('fit', 'cover');
  const [format, setFormat] = useParam('format', 'jpeg');
  const images = useFetch(may('imaging:read') ? '/v1/images?limit=24' : '');
  const upload = useCall();
  const shown = useRendition();

  const operations = [width && `w=${width}`, height && `h=${height}`, `fit=${fit}`, `format=${format}`].filter(Boolean).join(',');
  const request = file ? { method: 'POST', path: '/v1/images', body: file } : { path: `/v1/images/${id}/${operations}`, output: `rendition.${format}` };
  useEffect(() => { if (id && may('imaging:read')) shown.load(id, operations); }, [id]);

  const submit = async (e) => {
    e.preventDefault();
    if (!file) return shown.load(id, operations);
    const answer = await upload.run(request);
    if (!answer) return;
    setFile(undefined);
    images.reload();
    go(`/console/images/${answer.data.id}${location.hash}`);
  };

  return html`<${Page} of="imaging" title="Images" about="One original, every size and format of it">
    <${Needs} scopes=${['imaging:read', 'imaging:write']} />
    <div class="split">
      <${Panel} title="Render">
        <form onSubmit=${submit}>
          <${Field} label="Image" hint=${file ? `${file.name}, ${bytes(file.size)}: uploaded when you render` : id ? html`Now <code>${id}</code>. Choose a file to take another.` : 'JPEG, PNG, WebP, GIF, TIFF or BMP.'}
            render=${(fid, hint) => html`<input key=${id} id=${fid} type="file" accept="image/*" aria-describedby=${hint} onChange=${(e) => setFile(e.target.files[0])} />`} />
          <div class="pair"><${Text} label="Width" type="number" min="1" max="8192" value=${width} onChange=${setWidth} placeholder="free" />
            <${Text} label="Height" type="number" min="1" max="8192" value=${height} onChange=${setHeight} placeholder="free" /></div>
          <div class="pair"><${Choice} label="Fit" value=${fit} options=${fits} onChange=${setFit} /><${Choice} label="Format" value=${format} options=${formats} onChange=${setFormat} /></div>
          <div class="acts"><${Act} busy=${upload.busy || shown.busy} disabled=${!file && !id}>${file ? 'Upload and render' : 'Render'}<//></div>
        </form>
        <${Trouble} problem=${upload.problem} what="The image was not taken" />
        ${(file || id) && html`<${Call} request=${request} />`}
      <//>
      <div class="stack"><${Outcome} id=${id} shown=${shown} />${shown.done && html`<${Sign} key=${shown.done.path} id=${shown.done.id} operations=${shown.done.operations} />`}</div>
    </div>
    <${Stored} images=${images} id=${id} />
  <//>`;
}

// Stored shows what there is to choose from.
function Stored({ images, id }) {
  const { data, problem, loading } = images;
  if (!may('imaging:read')) return null;
  return html`<${Panel} title="Images" aside=${data && html`<span class="fine">${data.next ? 'the newest ' : ''}${data.items.length}</span>`}>
    <${Trouble} problem=${problem} />
    ${loading && !data && html`<${Skeleton} rows=${2} />`}
    ${data && (data.items.length ? html`<ul class="thumbs">${data.items.map((i) => html`<li key=${i.id}><a href=${`/console/images/${i.id}${location.hash}`} aria-current=${i.id === id ? 'true' : undefined}>
        <img src=${`/v1/images/${i.id}/w=160,h=120,fit=cover,format=jpeg`} alt="" loading="lazy" width="160" height="120" />
        <span class="mono">${i.width} × ${i.height}</span><span class="fine">${i.format} · ${bytes(i.bytes)}</span></a></li>`)}</ul>`
    : html`<${Empty} title="No images yet"><p>What you upload is listed here, the newest first.</p><//>`)}
  <//>`;
}

// useRendition asks for a rendition by fetch, so that a refusal can be told;
// the page then shows it from the browser's cache or asks once more.
function useRendition() {
  const [state, setState] = useState({});
  const load = async (id, operations) => {
    setState((before) => ({ done: before.done, busy: true }));
    const path = `/v1/images/${encodeURIComponent(id)}/${operations}`;
    const began = performance.now();
    try {
      const answer = await fetch(path);
      const data = await answer.blob();
      if (!answer.ok) return setState({ problem: await refusalOf(answer.status, data) });
      announce('Rendered.');
      setState({ done: { id, operations, path, media: data.type, size: data.size, ms: performance.now() - began } });
    } catch {
      setState({ problem: new Problem(0) });
    }
  };
  return { ...state, load };
}

async function refusalOf(status, data) {
  try {
    return new Problem(status, JSON.parse(await data.text()));
  } catch {
    return new Problem(status, { code: 'http', detail: `the server answered ${status}` });
  }
}

function Outcome({ id, shown }) {
  const { done, busy, problem } = shown;
  const [size, setSize] = useState();
  const aside = done && html`<span class="fine">${done.media.replace('image/', '')} · ${bytes(done.size)} · ${milliseconds(done.ms)}</span>`;
  return html`<${Panel} title="Rendition" aside=${aside} class="result">
    <${Trouble} problem=${problem} what="This cannot be rendered" />
    ${!id && html`<${Empty} title="No image yet"><p>Choose a file and render it. An upload from a shell works as well:</p>
      <${Call} request=${{ method: 'POST', path: '/v1/images', body: new File([], 'photo.jpg', { type: 'image/jpeg' }) }} label="Try it" /><//>`}
    ${busy && !done && html`<${Skeleton} rows=${6} />`}
    ${done && html`<div class="images"><figure><img src=${done.path} alt="Rendition" id="rendition" onLoad=${(e) => setSize(`${e.target.naturalWidth} × ${e.target.naturalHeight}`)} /><figcaption>Rendition <span class="mono">${size}</span></figcaption></figure>
      <${Original} id=${done.id} /></div>`}
  <//>`;
}

function Original({ id }) {
  const [size, setSize] = useState();
  return html`<figure><img src=${`/v1/images/${encodeURIComponent(id)}`} alt="Original" onLoad=${(e) => setSize(`${e.target.naturalWidth} × ${e.target.naturalHeight}`)} /><figcaption>Original <span class="mono">${size}</span></figcaption></figure>`;
}

// Sign makes a URL that works without a credential until it ends.
function Sign({ id, operations }) {
  const [life, setLife] = useState('24h');
  const call = useCall();
  const request = { method: 'POST', path: `/v1/images/${id}/sign`, body: { operations, expires_in: life } };
  const url = call.answer && new URL(call.answer.data.url, location.href).href;
  return html`<${Panel} title="Signed address">
    <div class="acts"><${Choice} label="Valid for" value=${life} options=${lives} onChange=${setLife} />
      <button class="act second" type="button" disabled=${!may('imaging:write')} onClick=${() => call.run(request)}>Sign</button></div>
    <${Trouble} problem=${call.problem} what="It was not signed" />
    ${url && html`<div class="secret-line"><code id="signed-url" tabindex="0">${url}</code><${Copy} text=${url} label="Copy address" what="Address copied" /></div>`}
    <${Call} request=${request} />
  <//>`;
}
