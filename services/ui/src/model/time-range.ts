/** Time ranges as addresses hold them: `now-1h` moves with the clock, ms since 1970 stand still. */

export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

export const QUICK_RANGES: readonly (readonly [from: string, words: string])[] = [
  ['now-5m', 'Last 5 minutes'],
  ['now-15m', 'Last 15 minutes'],
  ['now-1h', 'Last hour'],
  ['now-3h', 'Last 3 hours'],
  ['now-12h', 'Last 12 hours'],
  ['now-24h', 'Last day'],
  ['now-2d', 'Last 2 days'],
  ['now-7d', 'Last 7 days'],
  ['now-30d', 'Last 30 days'],
];

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** Points a chart asks for, and the shortest step, s. */
const CHART_POINTS = 90;
const STEPS = [15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400];

/** What `parseTime` takes, for people. */
export const TIMES_TAKEN = 'now-90m (s, m, h, d or w), 2026-11-21 03:42 in local time, or milliseconds since 1970';

/** undefined when the text is no time. */
export function parseTime(text: string, nowMs: number): number | undefined {
  const relative = /^now(?:-(\d+)([smhdw]))?$/.exec(text);
  if (relative !== null) return nowMs - Number(relative[1] ?? 0) * (UNIT_MS[relative[2] ?? 's'] ?? 0);
  if (/^\d{13}$/.test(text)) return Number(text);
  if (!/^\d{4}-\d\d-\d\d(?:[ T]\d|$)/.test(text)) return undefined;
  // A day alone begins where the reader is, as a day with a time does.
  const ms = Date.parse(text.length === 10 ? `${text} 00:00` : text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** What is wrong with the ends of a range, in words; empty where nothing is. */
export function rangeTrouble(
  from: string,
  until: string,
  nowMs: number,
): { readonly from: string; readonly until: string } {
  const [startMs, endMs] = [parseTime(from, nowMs), parseTime(until, nowMs)];
  const order = startMs !== undefined && endMs !== undefined && startMs >= endMs;
  return {
    from: startMs === undefined ? noTime(from) : '',
    until: endMs === undefined ? noTime(until) : order ? `“${until}” is not after “${from}”.` : '',
  };
}

function noTime(text: string): string {
  return `“${text}” is no time: write ${TIMES_TAKEN}.`;
}

/** The last hour where either end is no time, or they are the wrong way round. */
export function rangeOf(from: string, until: string, nowMs: number): TimeRange {
  const [startMs, endMs] = [parseTime(from, nowMs), parseTime(until, nowMs)];
  if (startMs === undefined || endMs === undefined || startMs >= endMs) {
    return { startMs: nowMs - 3_600_000, endMs: nowMs };
  }
  return { startMs, endMs };
}

/** Step of a chart over a range, s: of the usual ones, the first that gives few enough points. */
export function stepOf({ startMs, endMs }: TimeRange): number {
  const wanted = (endMs - startMs) / 1_000 / CHART_POINTS;
  return STEPS.find((step) => step >= wanted) ?? 86_400;
}

/** Words for a range. */
export function describeRange(from: string, until: string): string {
  const quick = QUICK_RANGES.find(([start]) => start === from && until === 'now');
  return quick?.[1] ?? `${describeTime(from)} to ${describeTime(until)}`;
}

function describeTime(text: string): string {
  return /^\d{13}$/.test(text) ? formatTime(Number(text)) : text;
}

/** A range of times, the day said once where it is one. */
export function formatRange({ startMs, endMs }: TimeRange): string {
  const [start, end] = [formatTime(startMs), formatTime(endMs)];
  return `${start} to ${start.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end}`;
}

/** Local date and time to the second. */
export function formatTime(ms: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = new Date(ms);
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
