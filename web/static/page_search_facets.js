// Facets: the values of fields among what was found, as check boxes that write
// into the filter.
import { html, useState } from './vendor/preact.js';
import { amount } from './ui.js';
import { useAnswers } from './search_ask.js';
import { chosen, toggled, without } from './search_filter.js';

const maxFields = 8;

// fieldsOf are the fields whose values are worth counting: those that are
// declared as facets, else those of few values by their type.
export function fieldsOf({ fields }) {
  const declared = fields.filter((f) => f.facet);
  return (declared.length ? declared : fields.filter((f) => /^(keyword|bool)/.test(f.type))).slice(0, maxFields).map((f) => f.name);
}

// useFacets gives the facets to show, [{field, values, picked}], of a search
// and what it counted. A field whose values are checked is counted anew without
// them, so that others can be checked too.
export function useFacets(search, counted, filter) {
  const fields = search.body.facets ?? [];
  const picked = Object.fromEntries(fields.map((f) => [f, chosen(filter, f)]));
  const { filter: _, ...open } = search.body;
  const wider = (f) => { const rest = without(filter, f); return { ...search, body: { ...open, ...(rest && { filter: rest }), facets: [f], limit: 1, highlight: false, explain: false } }; };
  const answers = useAnswers(Object.fromEntries(fields.filter((f) => picked[f].length).map((f) => [f, wider(f)])));
  return fields.map((field) => {
    const values = (picked[field].length && answers[field]?.data?.facets[field]) || counted?.[field] || [];
    const absent = picked[field].filter((p) => !values.some((v) => v.value === p)).map((value) => ({ value, count: undefined }));
    return { field, picked: picked[field], values: [...values, ...absent] };
  });
}

// worth leaves out a facet whose most frequent values are still rare, as those
// of a name are.
const worth = ({ values, picked }, found) => picked.length > 0 || values.length > 0 && values.reduce((sum, v) => sum + v.count, 0) > found / 10;

export function Facets({ facets, found, filter, setFilter, of }) {
  const [open] = useState(() => matchMedia('(min-width: 760px)').matches);
  const list = facets.filter((f) => worth(f, found));
  if (!list.length) return null;
  return html`<details class="facets" open=${open}><summary>Facets${of && ` of what ${of} finds`}</summary>${list.map(({ field, values, picked }) => html`<fieldset key=${field} class="facet"><legend>${field}</legend>
    <div class="state-chips">${values.map(({ value, count }) => html`<label class="state-chip" key=${String(value)}><input type="checkbox" aria-label=${`${field}: ${value}`} checked=${picked.includes(value)} onChange=${() => setFilter(toggled(filter, field, value))} />
      <span>${String(value)}${count !== undefined && html` <span class="mono">${amount(count)}</span>`}</span></label>`)}</div></fieldset>`)}</details>`;
}
