// Make an API key, and see which there are.
import { html, useState } from './vendor/preact.js';
import { session, may } from './api.js';
import { capabilities } from './capabilities.js';
import { Page, Panel, Text, Choice, Act, Call, Copy, Trouble, Needs, Empty, Skeleton, Time, useFetch, useCall, announce } from './ui.js';

const lives = [['24h', '1 day'], ['7d', '7 days'], ['30d', '30 days'], ['', 'For ever']];
const rights = ['read', 'write', 'admin'];

export function Gateway() {
  const platform = session.value.tenant === '_platform';
  const [name, setName] = useState('');
  const [life, setLife] = useState('30d');
  const [scopes, setScopes] = useState(platform ? ['platform:admin'] : []);
  const readable = may('gateway:read') || may('platform:admin');
  const able = may('gateway:admin') || may('platform:admin');
  const keys = useFetch(readable ? '/v1/apikeys?limit=200' : '');
  const call = useCall();
  const request = { method: 'POST', path: '/v1/apikeys', body: { name: name || 'ci', scopes: scopes.length ? scopes : ['search:read'], ...(life && { expires_in: life }) } };
  const toggle = (scope) => setScopes((all) => (all.includes(scope) ? all.filter((s) => s !== scope) : [...all, scope]));
  const submit = async (e) => {
    e.preventDefault();
    if (await call.run(request)) keys.reload();
  };

  return html`<${Page} of="gateway" title="Gateway" about="Who may do what, and until when">
    ${!platform && html`<${Needs} scopes=${['gateway:read', 'gateway:admin']} />`}
    <div class="split">
      <${Panel} title="Create an API key">
        <form onSubmit=${submit}>
          <${Text} label="Name" value=${name} onChange=${setName} placeholder="ci" required maxlength="128" hint="What the key is for." />
          <fieldset class="field"><legend>Scopes</legend>
            ${platform ? html`<label class="check"><input type="checkbox" checked disabled /> <code>platform:admin</code></label>` : html`<${Scopes} chosen=${scopes} toggle=${toggle} />`}
            <p class="hint">None implies another. You can grant those that you hold.</p></fieldset>
          <${Choice} label="Lives" value=${life} options=${lives} onChange=${setLife} />
          <div class="acts"><${Act} busy=${call.busy} disabled=${!able || !scopes.length}>Create key<//></div>
        </form>
        <${Trouble} problem=${call.problem} what="No key was made" />
        <${Call} request=${request} />
      <//>
      <div class="stack">
        <${Made} answer=${call.answer} />
        <${Self} />
      </div>
    </div>
    ${readable && html`<${Keys} keys=${keys} able=${able} />`}
  <//>`;
}

const Scopes = ({ chosen, toggle }) => html`<table class="matrix"><thead><tr><th><span class="hidden">Capability</span></th>${rights.map((r) => html`<th scope="col">${r}</th>`)}</tr></thead>
  <tbody>${capabilities.map((c) => html`<tr data-c=${c.id}><th scope="row"><i class="dot"></i>${c.id}</th>${rights.map((r) => {
    const scope = `${c.id}:${r}`;
    return html`<td><label title=${may(scope) ? scope : `You do not hold ${scope}`}><input type="checkbox" aria-label=${scope} checked=${chosen.includes(scope)} disabled=${!may(scope)} onChange=${() => toggle(scope)} /></label></td>`;
  })}</tr>`)}</tbody></table>`;

// Made shows a key the one time that it can be seen.
function Made({ answer }) {
  return html`<${Panel} title="Result" class="result">
    ${answer ? html`<div class="secret" role="status"><p><strong>Copy the key now.</strong> It is not kept, and not shown again.</p>
        <div class="secret-line"><code id="new-key" tabindex="0">${answer.data.key}</code><${Copy} text=${answer.data.key} label="Copy key" what="Key copied" /></div></div>
      <${Call} request=${{ path: '/v1/whoami', key: answer.data.key }} label="See what it may do" />`
    : html`<${Empty} title="A key is shown once"><p>Only its SHA-256 is kept. Give each program a key of its own, with no more scopes than it needs: revoking one then stops one.</p><//>`}
  <//>`;
}

function Self() {
  const me = session.value;
  return html`<${Panel} title="You" aside=${html`<span class="fine">${me.kind}</span>`}>
    <dl class="facts"><div><dt>Tenant</dt><dd><code>${me.tenant}</code></dd></div><div><dt>Subject</dt><dd><code>${me.subject}</code></dd></div>
      <div><dt>Session ends</dt><dd><${Time} at=${me.expires_at} /></dd></div><div><dt>Scopes</dt><dd class="chips">${me.scopes.map((s) => html`<code>${s}</code>`)}</dd></div>
      ${me.collections && html`<div><dt>Collections</dt><dd class="chips">${me.collections.map((c) => html`<code>${c}</code>`)}</dd></div>`}${me.filter && html`<div><dt>Filter</dt><dd><code>${me.filter}</code></dd></div>`}</dl>
  <//>`;
}

function Keys({ keys, able }) {
  const { data, problem, loading } = keys;
  return html`<${Panel} title="API keys" aside=${data && html`<span class="fine">${data.items.length}${data.next ? '+' : ''}</span>`}>
    <${Trouble} problem=${problem} />
    ${loading && !data && html`<${Skeleton} rows=${3} />`}
    ${data && html`<div class="table-wrap" tabindex="0" role="region" aria-label="Keys"><table class="rows"><thead><tr><th>Name</th><th>Scopes</th><th class="num">Created</th><th class="num">Ends</th><th><span class="hidden">Acts</span></th></tr></thead>
      <tbody>${data.items.map((k) => html`<${Key} key=${k.id} of=${k} able=${able} gone=${keys.reload} />`)}</tbody></table></div>`}
  <//>`;
}

function Key({ of, able, gone }) {
  const [sure, setSure] = useState(false);
  const call = useCall();
  const revoke = async () => {
    if (!await call.run({ method: 'DELETE', path: `/v1/apikeys/${of.id}` })) return;
    announce(`${of.name} is revoked.`);
    gone();
  };
  const few = of.scopes.slice(0, 3);
  const bound = [of.collections && `in ${of.collections.join(', ')}`, of.filter && `where ${of.filter}`].filter(Boolean).join(' ');
  return html`<tr><td>${of.name}${bound && html` <span class="fine" title=${bound}>${bound.length > 40 ? `${bound.slice(0, 40)}…` : bound}</span>`}</td><td title=${of.scopes.join(' ')}>${few.map((s) => html`<code>${s}</code> `)}${of.scopes.length > 3 && html`<span class="fine">and ${of.scopes.length - 3} more</span>`}</td>
    <td class="num"><${Time} at=${of.created_at} /></td><td class="num"><${Time} at=${of.expires_at} /></td>
    <td class="end">${call.problem ? html`<span class="fine">${call.problem.detail}</span>` : sure
      ? html`<span class="sure">Its calls fail at once. <button class="quiet bad" type="button" onClick=${revoke}>Revoke ${of.name}</button> <button class="quiet" type="button" onClick=${() => setSure(false)}>Keep</button></span>`
      : html`<button class="quiet" type="button" disabled=${!able} onClick=${() => setSure(true)} aria-label=${`Revoke ${of.name}`}>Revoke</button>`}</td></tr>`;
}
