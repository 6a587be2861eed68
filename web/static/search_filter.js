// The text of a filter as check boxes change it. The values that are checked of
// a field stand in one list, field in ['a', 'b'], which the rest is joined to
// by and. The text stays the only truth: a list that somebody types counts too.

const form = /\s*('(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_][\w.+-]*|[\d.+-][\w.+-]*|!=|<=|>=|[=<>()[\],])/y;

// cut makes tokens of a filter, as far as it can be read.
function cut(text) {
  const tokens = [];
  form.lastIndex = 0;
  for (let found; (found = form.exec(text));) tokens.push({ raw: found[1], at: form.lastIndex - found[1].length, end: form.lastIndex });
  return tokens;
}

const is = (token, word) => token?.raw.toLowerCase() === word;

// outside are the numbers of the tokens that no bracket holds.
function outside(tokens) {
  let depth = 0;
  return tokens.flatMap((token, i) => {
    if (token.raw === '(') depth++;
    if (token.raw === ')') depth--;
    return depth === 0 ? [i] : [];
  });
}

// listOf finds the list of a field. One below or, not or brackets is not what a
// check box stands for.
function listOf(tokens, field) {
  const free = outside(tokens);
  if (free.some((i) => is(tokens[i], 'or'))) return undefined;
  const first = free.find((i) => tokens[i].raw === field && is(tokens[i + 1], 'in') && is(tokens[i + 2], '[') && !is(tokens[i - 1], 'not'));
  const last = first === undefined ? -1 : tokens.findIndex((token, i) => i > first && token.raw === ']');
  if (last < 0) return undefined;
  return { first, last, values: tokens.slice(first + 3, last).filter((token) => token.raw !== ',').map((token) => valueOf(token.raw)) };
}

function valueOf(raw) {
  const quote = raw[0];
  if (quote === "'" || quote === '"') return raw.slice(1, -1).replaceAll(quote + quote, quote);
  return is({ raw }, 'true') ? true : is({ raw }, 'false') ? false : Number(raw);
}

const literal = (value) => (typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value));

// chosen are the values of a field that a filter lists.
export const chosen = (filter, field) => listOf(cut(filter), field)?.values ?? [];

// without is a filter that lists no values of a field.
export function without(filter, field) {
  const tokens = cut(filter), list = listOf(tokens, field);
  if (!list) return filter;
  const before = is(tokens[list.first - 1], 'and'), after = !before && is(tokens[list.last + 1], 'and');
  return (filter.slice(0, tokens[list.first - (before ? 1 : 0)].at).trimEnd() + ' ' + filter.slice(tokens[list.last + (after ? 1 : 0)].end).trimStart()).trim();
}

// toggled is a filter with a value of a field put into its list, or taken out.
export function toggled(filter, field, value) {
  const tokens = cut(filter), list = listOf(tokens, field);
  if (!list) {
    const rest = outside(tokens).some((i) => is(tokens[i], 'or')) ? `(${filter.trim()})` : filter.trim();
    return `${rest && `${rest} and `}${field} in [${literal(value)}]`;
  }
  const values = list.values.includes(value) ? list.values.filter((v) => v !== value) : [...list.values, value];
  if (!values.length) return without(filter, field);
  return `${filter.slice(0, tokens[list.first].at)}${field} in [${values.map(literal).join(', ')}]${filter.slice(tokens[list.last].end)}`;
}
