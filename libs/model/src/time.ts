/**
 * Times as `/ingest` and `/pyroscope/render` write them: `now-1h`, unix seconds, ms, µs or ns by their length, `yyyymmdd`.
 */

const UNIT_MS: readonly (readonly [prefix: string, ms: number])[] = [
  ['s', 1_000],
  ['mon', 30 * 86_400_000],
  ['M', 30 * 86_400_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
  ['y', 365 * 86_400_000],
];

/** Furthest time a Date can hold, ms. */
const TIME_MS_MAX = 8_640_000_000_000_000;

/** Reads a time as `readTime` does, but never fails: what it cannot read is now. */
export function parseTime(text: string, nowMs: number): number {
  return readTime(text, nowMs) ?? nowMs;
}

/**
 * Reads a time. `_`, `,` and blanks inside are ignored.
 * @returns ms since 1970, whole; undefined when it is no time
 */
export function readTime(text: string, nowMs: number): number | undefined {
  const compact = text.replaceAll(/[_,\s]/g, '');
  if (/^\d+$/.test(compact)) return digitsMs(compact);
  const relative = /^now((?:[+-](?:\d+[a-zA-Z]+)+)*)$/.exec(compact);
  if (relative === null) return undefined;
  const time = nowMs + offsetMs(relative[1] ?? '');
  return Math.abs(time) <= TIME_MS_MAX ? time : undefined;
}

function digitsMs(digits: string): number | undefined {
  if (digits.length === 8) {
    const day = dayMs(digits);
    if (day !== undefined) return day;
  }
  const number = Number(digits);
  const ms = digits.length === 13 ? number : number * 1_000;
  // Beyond 2^53 the last digits of a number are rounded: µs and ns are cut as text.
  const time = digits.length === 16 || digits.length === 19 ? Number(digits.slice(0, 13)) : ms;
  return time <= TIME_MS_MAX ? time : undefined;
}

/** Midnight UTC of `yyyymmdd`, when it is a day after 1900. */
function dayMs(digits: string): number | undefined {
  const [year, month, day] = [Number(digits.slice(0, 4)), Number(digits.slice(4, 6)), Number(digits.slice(6))];
  const date = new Date(Date.UTC(year, month - 1, day));
  const isDay = year > 1900 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isDay ? date.getTime() : undefined;
}

function offsetMs(terms: string): number {
  let sum = 0;
  for (const [, sign, parts] of terms.matchAll(/([+-])((?:\d+[a-zA-Z]+)+)/g)) {
    for (const [, count, unit] of (parts ?? '').matchAll(/(\d+)([a-zA-Z]+)/g)) {
      const ms = UNIT_MS.find(([prefix]) => unit?.startsWith(prefix))?.[1] ?? Number.NaN;
      sum += (sign === '-' ? -1 : 1) * Number(count) * ms;
    }
  }
  return sum;
}
