/** Label selectors as people edit them: `{service_name="shop", region=~"eu.*"}`. The server has the last word on what is valid. */

export interface Matcher {
  readonly name: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

const MATCHER = /^\s*("(?:[^"\\]|\\.)*"|[^\s"=!~,{}]+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")\s*(,|$)/;

/** The matchers of a selector; undefined when it is not of the plain form. */
export function parseSelector(selector: string): readonly Matcher[] | undefined {
  const body = /^\s*\{(.*)\}\s*$/s.exec(selector)?.[1];
  if (body === undefined) return undefined;
  const matchers: Matcher[] = [];
  for (let rest = body.trim(); rest !== ''; ) {
    const found = MATCHER.exec(rest);
    if (found === null) return undefined;
    const [whole, name, op, value] = found;
    matchers.push({ name: unquote(name), op: op as Matcher['op'], value: unquote(value) });
    rest = rest.slice(whole.length).trim();
  }
  return matchers;
}

export function formatSelector(matchers: readonly Matcher[]): string {
  return `{${matchers.map(({ name, op, value }) => `${quoteName(name)}${op}${JSON.stringify(value)}`).join(', ')}}`;
}

/** The selector with an equality for a label, in place of what it said of it; without one when the value is empty. */
export function withLabel(selector: string, name: string, value: string): string {
  const others = (parseSelector(selector) ?? []).filter((matcher) => matcher.name !== name);
  return formatSelector(value === '' ? others : [...others, { name, op: '=', value }]);
}

/** Value that a selector wants a label to have; empty when it says otherwise or nothing. */
export function labelOf(selector: string, name: string): string {
  return parseSelector(selector)?.find((matcher) => matcher.name === name && matcher.op === '=')?.value ?? '';
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

function quoteName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name);
}
