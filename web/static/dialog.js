// A dialog asks before something happens that is not easily undone.
import { html, useEffect, useId, useRef } from './vendor/preact.js';
import { Act, Trouble } from './ui.js';

// Dialog stands above the page until it is answered. Escape answers no, and the
// focus goes back to where it was.
export function Dialog({ title, onClose, class: more = '', children }) {
  const root = useRef();
  const id = useId();
  useEffect(() => {
    const dialog = root.current, closed = () => onClose();
    dialog.showModal();
    dialog.addEventListener('close', closed);
    return () => { // the event comes later, when another dialog may be asking
      dialog.removeEventListener('close', closed);
      dialog.close();
    };
  }, []);
  return html`<dialog class=${`dialog ${more}`} ref=${root} aria-labelledby=${id}
    onClick=${(e) => { if (e.target === root.current) onClose(); }}><div class="dialog-body"><h2 id=${id}>${title}</h2>${children}</div></dialog>`;
}

// Ask is a dialog with one act: what it means, what may be said about it, and
// what went wrong if it did. onAct is called when it is confirmed.
export function Ask({ title, act, bad, call, scope, disabled, what, keep = 'Leave it', onAct, onClose, shown, children }) {
  const submit = (e) => { e.preventDefault(); onAct(); };
  return html`<${Dialog} title=${title} onClose=${onClose}><form onSubmit=${submit}>
    ${children}
    <${Trouble} problem=${call?.problem} what=${what} shown=${shown} />
    <div class="acts"><${Act} busy=${call?.busy} bad=${bad} scope=${scope} disabled=${disabled || call?.busy}>${act}<//>
      <button class="act second" type="button" onClick=${onClose}>${keep}</button></div>
  </form><//>`;
}
