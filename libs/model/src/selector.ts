/**
 * Label selectors: the body of a PromQL vector selector, `name{a="b",c!~"d",}`.
 * Source: the Prometheus query language, and its UTF-8 quoted names (`{"k8s.pod"="x"}`, `{"metric name"}`).
 */
import { FlamelakeError } from './error.ts';
import { LABEL } from './labels.ts';
import { readQuotedString } from './quoted-string.ts';
import { compileRegex } from './regex.ts';

/** How a matcher compares; the regular expressions are anchored at both ends. */
export type MatchOp = '=' | '!=' | '=~' | '!~';

/** One condition on one label. */
export interface LabelMatcher {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
}

/** Longest selector accepted, in UTF-16 units. */
export const SELECTOR_LENGTH_MAX = 131_072;
/** Most matchers in one selector. */
export const SELECTOR_MATCHERS_MAX = 1_000;

const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const BLANKS_AND_COMMENTS = /(?:[ \t\r\n]|#[^\n]*)*/y;
const OPERATOR = /=~|!~|!=|=/y;

interface Cursor {
  readonly text: string;
  at: number;
}

/**
 * Reads a selector. `{}` gives no matchers: everything. A metric name becomes a matcher on `__name__`.
 * @throws {FlamelakeError} `invalid_argument` with `position` (UTF-16 units from 0) and `expected`: on any syntax error, the
 * empty text included, a bad or too large regular expression, or over the limits of this file
 */
export function parseSelector(text: string): LabelMatcher[] {
  if (text.length > SELECTOR_LENGTH_MAX) {
    throw new FlamelakeError('invalid_argument', 'label selector is too long', {
      length: text.length,
      limit: SELECTOR_LENGTH_MAX,
    });
  }
  const cursor: Cursor = { text, at: 0 };
  const matchers: LabelMatcher[] = [];
  skipBlanks(cursor);
  const metric = take(cursor, METRIC_NAME);
  if (metric !== undefined) matchers.push({ name: LABEL.metricName, op: '=', value: metric });
  skipBlanks(cursor);
  if (text.charAt(cursor.at) === '{') {
    readBraces(cursor, matchers);
  } else if (metric === undefined) {
    throw syntaxError(cursor, 'metric name or {');
  }
  skipBlanks(cursor);
  if (cursor.at < text.length)
    throw syntaxError(cursor, metric === undefined ? 'end of selector' : '{ or end of selector');
  return matchers;
}

function readBraces(cursor: Cursor, matchers: LabelMatcher[]): void {
  cursor.at++;
  for (;;) {
    skipBlanks(cursor);
    if (cursor.text.charAt(cursor.at) === '}') break;
    if (matchers.length === SELECTOR_MATCHERS_MAX) {
      throw new FlamelakeError('invalid_argument', 'label selector has too many matchers', {
        limit: SELECTOR_MATCHERS_MAX,
      });
    }
    matchers.push(readMatcher(cursor));
    skipBlanks(cursor);
    const separator = cursor.text.charAt(cursor.at);
    if (separator === '}') break;
    if (separator !== ',') throw syntaxError(cursor, ', or }');
    cursor.at++;
  }
  cursor.at++;
}

function readMatcher(cursor: Cursor): LabelMatcher {
  const isQuoted = isQuote(cursor.text.charAt(cursor.at));
  const name = isQuoted ? takeString(cursor) : take(cursor, LABEL_NAME);
  if (name === undefined) throw syntaxError(cursor, 'label name or }');
  skipBlanks(cursor);
  const next = cursor.text.charAt(cursor.at);
  if (isQuoted && (next === ',' || next === '}')) return { name: LABEL.metricName, op: '=', value: name };
  const op = take(cursor, OPERATOR) as MatchOp | undefined;
  if (op === undefined) throw syntaxError(cursor, '=, !=, =~ or !~');
  skipBlanks(cursor);
  if (!isQuote(cursor.text.charAt(cursor.at))) throw syntaxError(cursor, 'quoted string');
  const value = takeString(cursor);
  if (op === '=~' || op === '!~') compileRegex(value);
  return { name, op, value };
}

function isQuote(c: string): boolean {
  return c === '"' || c === "'" || c === '`';
}

function takeString(cursor: Cursor): string {
  const { value, end } = readQuotedString(cursor.text, cursor.at);
  cursor.at = end;
  return value;
}

function take(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found !== undefined) cursor.at += found.length;
  return found;
}

function skipBlanks(cursor: Cursor): void {
  take(cursor, BLANKS_AND_COMMENTS);
}

function syntaxError(cursor: Cursor, expected: string): FlamelakeError {
  const rest = cursor.text.slice(cursor.at);
  const found = rest === '' ? 'end of selector' : (/^(?:[\w:.]+|[^]{1})/u.exec(rest)?.[0] ?? '').slice(0, 64);
  return new FlamelakeError('invalid_argument', 'label selector cannot be read', {
    position: cursor.at,
    expected,
    found,
  });
}
