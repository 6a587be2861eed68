// Sign in with an API key; a link signs in by itself, or says here why not.
import { html, useState } from './vendor/preact.js';
import { signIn, farewell } from './api.js';
import { Mark } from './icons.js';
import { Text, Act, Trouble } from './ui.js';

export function SignIn() {
  const [key, setKey] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState();
  const submit = async (e) => {
    e.preventDefault();
    setBusy(true);
    setProblem(undefined);
    farewell.value = null;
    try {
      await signIn({ key: key.trim() });
    } catch (fault) {
      setProblem(fault);
      setBusy(false);
    }
  };
  return html`<main class="signin">
    <div class="brand"><${Mark} /><span>Quintet</span></div>
    <h1 id="title" tabindex="-1">Sign in</h1>
    ${farewell.value && html`<div class="notice" role="status"><p>${farewell.value}</p></div>`}
    <form onSubmit=${submit}>
      <${Text} label="API key" type="password" value=${key} onChange=${setKey} placeholder="qk_…" required hint="It is exchanged for a cookie of this browser, and not kept." />
      <${Act} busy=${busy} disabled=${busy}>Sign in<//>
    </form>
    <${Trouble} problem=${problem} what="This key does not sign in" />
    <div class="aside-text"><h2>Without a key</h2>
      <p>On the server's machine, run <code>quintet login</code>. It prints a link that signs you in once, within ten minutes.</p></div>
  </main>`;
}
