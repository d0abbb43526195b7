/**
 * Regular expressions of selectors: RE2 syntax, anchored at both ends, `.` matches a newline too (as Prometheus does),
 * matched in time linear in the text whatever the pattern (re2js), with short cuts for the forms people write most.
 */
import { RE2JS } from 're2js';
import { FlamelakeError } from './error.ts';

/** A compiled pattern. */
export interface Regex {
  /** Whether the whole text matches. */
  test(text: string): boolean;
  /** All texts that match, when there are only these: the pattern is one literal or an alternation of literals. */
  readonly literals: readonly string[] | undefined;
}

/** Longest pattern, in UTF-16 units, that is not an alternation of literals. */
const REGEX_LENGTH_MAX = 16_384;
/** Largest pattern once its counted repetitions are written out, in characters and classes. */
const REGEX_SIZE_MAX = 20_000;

const LITERAL = /^[^\\.+*?()|[\]{}^$]*$/;
const LITERALS = /^[^\\.+*?()[\]{}^$]*$/;
const WILDCARDS_AROUND = /^(\.[*+])?([^\\.+*?()|[\]{}^$]*)(\.[*+])?$/;

/**
 * Compiles a pattern.
 * @throws {FlamelakeError} `invalid_argument` when it is no RE2 pattern or is too large
 */
export function compileRegex(pattern: string): Regex {
  if (LITERALS.test(pattern)) {
    if (LITERAL.test(pattern)) return { test: (text) => text === pattern, literals: [pattern] };
    const set = new Set(pattern.split('|'));
    return { test: (text) => set.has(text), literals: [...set] };
  }
  const around = WILDCARDS_AROUND.exec(pattern);
  if (around !== null) return { test: wildcardsAround(around[1], around[2] ?? '', around[3]), literals: undefined };
  const compiled = compileRe2(pattern);
  return { test: (text) => compiled.testExact(text), literals: undefined };
}

/** A compiled pattern whose groups can be put into a template. */
export interface CapturingRegex {
  /** Whether the whole text matches. */
  test(text: string): boolean;
  /**
   * Fills a template: `$1`, `${1}` and `${name}` are what the groups matched, or nothing, `$$` is a dollar; as Go's regexp does.
   * @returns undefined when the text does not match
   */
  expand(text: string, template: string): string | undefined;
}

const TEMPLATE_PART = /\$(?:\$|(\w+)|\{(\w+)\})/gu;

/** @throws {FlamelakeError} `invalid_argument` when it is no RE2 pattern or is too large */
export function compileCapturingRegex(pattern: string): CapturingRegex {
  const compiled = compileRe2(pattern);
  const names = compiled.namedGroups();
  const groupCount = compiled.groupCount();
  return {
    test: (text) => compiled.testExact(text),
    expand(text, template) {
      const matcher = compiled.matcher(text);
      if (!matcher.matches()) return undefined;
      return template.replaceAll(TEMPLATE_PART, (_, bare?: string, braced?: string) => {
        const name = bare ?? braced;
        if (name === undefined) return '$';
        if (Object.hasOwn(names, name)) return matcher.group(name) ?? '';
        const isNumber = /^(0|[1-9]\d{0,7})$/.test(name) && Number(name) <= groupCount;
        return isNumber ? (matcher.group(Number(name)) ?? '') : '';
      });
    },
  };
}

/** @throws {FlamelakeError} `invalid_argument` */
function compileRe2(pattern: string): RE2JS {
  if (pattern.length > REGEX_LENGTH_MAX) {
    throw new FlamelakeError('invalid_argument', 'regular expression is too long', {
      length: pattern.length,
      limit: REGEX_LENGTH_MAX,
    });
  }
  const size = expandedSize(pattern);
  if (size > REGEX_SIZE_MAX) {
    throw new FlamelakeError('invalid_argument', 'regular expression is too large with its repetitions written out', {
      size,
      limit: REGEX_SIZE_MAX,
    });
  }
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : 'unknown';
    throw new FlamelakeError('invalid_argument', 'regular expression cannot be read', { reason }, { cause });
  }
}

/** `.*lit`, `lit.*`, `.+lit.*` and the like: at most one literal, wildcards around it. */
function wildcardsAround(
  before: string | undefined,
  literal: string,
  after: string | undefined,
): (t: string) => boolean {
  const beforeMin = before === '.+' ? 1 : 0;
  const afterMin = after === '.+' ? 1 : 0;
  const lengthMin = literal.length + beforeMin + afterMin;
  if (literal === '') {
    // A character is a code point: one pair of surrogates does not satisfy two `.+`.
    if (lengthMin < 2) return (text) => text.length >= lengthMin;
    return (text) => text.length > ((text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
  }
  if (before === undefined) return (text) => text.length >= lengthMin && text.startsWith(literal);
  if (after === undefined) return (text) => text.length >= lengthMin && text.endsWith(literal);
  return (text) => {
    const at = text.indexOf(literal, beforeMin);
    return at >= 0 && at + literal.length + afterMin <= text.length;
  };
}

/**
 * Characters and classes of the pattern once `x{n}` is written out n times, nested ones multiplied: what compiling costs.
 * Reads the pattern loosely; what it misreads is refused by the compiler or stays small.
 */
function expandedSize(pattern: string): number {
  const open: number[] = [];
  let sum = 0;
  let last = 0;
  let i = 0;
  while (i < pattern.length && sum <= REGEX_SIZE_MAX) {
    const c = pattern.charAt(i);
    if (c === '(') {
      open.push(sum);
      sum = 0;
      last = 0;
      i++;
    } else if (c === ')') {
      last = sum + 1;
      sum = (open.pop() ?? 0) + last;
      i++;
    } else {
      const count = repetition(pattern, i);
      if (count !== undefined) {
        sum += last * (count.times - 1);
        last *= count.times;
        i = count.end;
      } else {
        last = 1;
        sum++;
        i = atomEnd(pattern, i);
      }
    }
  }
  return open.reduce((total, outer) => total + outer, sum);
}

function repetition(pattern: string, at: number): { times: number; end: number } | undefined {
  const c = pattern.charAt(at);
  if (c === '*' || c === '+' || c === '?') return { times: 1, end: at + 1 };
  if (c !== '{') return undefined;
  const counts = /\{(\d{1,8})(?:,(\d{0,8}))?\}/y;
  counts.lastIndex = at;
  const found = counts.exec(pattern);
  if (found === null) return undefined;
  const times = Math.max(Number(found[1]) + (found[2] === '' ? 1 : 0), Number(found[2] ?? 0), 1);
  return { times, end: counts.lastIndex };
}

/** Index behind the character, escape or class at `at`. */
function atomEnd(pattern: string, at: number): number {
  if (pattern.charAt(at) === '\\') return at + 2;
  if (pattern.charAt(at) !== '[') return at + 1;
  // A ] right after [ or [^ stands for itself.
  let i = at + 1;
  if (pattern.charAt(i) === '^') i++;
  if (pattern.charAt(i) === ']') i++;
  while (i < pattern.length && pattern.charAt(i) !== ']') {
    if (pattern.charAt(i) === '\\') i++;
    else if (pattern.startsWith('[:', i)) i = Math.max(pattern.indexOf(':]', i), i) + 1;
    i++;
  }
  return i + 1;
}
