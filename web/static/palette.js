// The palette: every page and act by its name, opened by Ctrl K or ⌘ K.
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { capabilities } from './capabilities.js';
import { Icon } from './icons.js';

const isId = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

// ofJobs are the pages below that of the queues.
const ofJobs = [['all', 'All jobs', 'Filter, cancel, retry, purge'], ['dead', 'Dead letters', 'Look and redrive'], ['schedules', 'Schedules', 'Ticks, zones, backfill']];

// entries are what a text finds: pages by name and subject, a job by its id.
function entries(text, acts) {
  const pages = [{ name: 'Overview', icon: 'overview', to: '/console', about: 'What is going on' },
    ...capabilities.map((c) => ({ name: c.name, icon: c.path, c: c.id, to: `/console/${c.path}`, about: c.about })),
    ...ofJobs.map(([path, name, about]) => ({ name, icon: 'jobs', c: 'scheduler', to: `/console/jobs/${path}`, about }))];
  if (isId.test(text.trim())) return [{ name: `Job ${text.trim()}`, icon: 'jobs', c: 'scheduler', to: `/console/jobs/${text.trim()}`, about: 'Its state and timeline' }];
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return [...pages, ...acts].filter((e) => words.every((w) => `${e.name} ${e.about}`.toLowerCase().includes(w)));
}

export function Palette({ go, acts }) {
  const dialog = useRef();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const found = entries(text, acts);
  const chosen = Math.min(at, found.length - 1);

  useEffect(() => {
    const open = (e) => {
      if (e.key.toLowerCase() !== 'k' || !(e.metaKey || e.ctrlKey)) return;
      e.preventDefault();
      setText('');
      setAt(0);
      if (!dialog.current.open) dialog.current.showModal();
    };
    addEventListener('keydown', open);
    return () => removeEventListener('keydown', open);
  }, []);

  const take = (entry) => {
    dialog.current.close();
    if (entry?.to) go(entry.to);
    else entry?.run();
  };
  const onKeyDown = (e) => {
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      setAt((chosen + (e.key === 'ArrowDown' ? 1 : found.length - 1)) % Math.max(1, found.length));
    }
    if (e.key === 'Enter') {
      e.preventDefault();
      if (found[chosen]) take(found[chosen]);
    }
  };

  return html`<dialog class="palette" ref=${dialog} aria-label="Go to" onClick=${(e) => { if (e.target === dialog.current) dialog.current.close(); }}>
    <input autofocus role="combobox" aria-label="Page, act or job id" aria-expanded="true" aria-controls="palette-list" aria-activedescendant=${found[chosen] ? `palette-${chosen}` : undefined}
      placeholder="Go to a page, or paste a job id" value=${text} onInput=${(e) => { setText(e.target.value); setAt(0); }} onKeyDown=${onKeyDown} autocomplete="off" spellcheck="false" />
    <ul id="palette-list" role="listbox" aria-label="Found">${found.map((e, i) => html`<li id=${`palette-${i}`} key=${e.name} role="option" aria-selected=${i === chosen ? 'true' : 'false'} data-c=${e.c} onClick=${() => take(e)}>
      <${Icon} name=${e.icon} /><span>${e.name}</span><span class="fine">${e.about}</span></li>`)}</ul>
    ${!found.length && html`<p class="fine">Nothing has this name.</p>`}
  </dialog>`;
}
