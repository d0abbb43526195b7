/** Parameters of `/pyroscope/render` and its neighbours. */
import { FlamelakeError, readTime } from '@flamelake/model';
import type { StacktraceQuery, TimeRange } from '../queries.ts';
import { splitQuery } from '../split-query.ts';

/** Range of a query that names no start, ms. */
const RANGE_MS_DEFAULT = 3_600_000;

/** Names of the parameters of one side: `query`, or `leftQuery` and `rightQuery`. */
export interface SideNames {
  readonly query: string;
  readonly from: string;
  readonly until: string;
}

/** Names of what narrows a query down; each may be there several times. */
const CALL_SITE = 'callSite';
const PROFILE_ID = 'profileId';

const ONE_SIDE: SideNames = { query: 'query', from: 'from', until: 'until' };

/**
 * One side's profile type, selector and range; the last hour where none is given.
 * @throws {FlamelakeError} `invalid_argument`
 */
export function stacktracesOf(parameters: URLSearchParams, names: SideNames, nowMs: number): StacktraceQuery {
  return {
    ...splitQuery(parameters.get(names.query) ?? ''),
    ...rangeOf(parameters, names, nowMs, RANGE_MS_DEFAULT),
    maxNodes: numberOf(parameters, 'max-nodes') ?? numberOf(parameters, 'maxNodes'),
  };
}

/**
 * The same, narrowed to a call site (function names, root first) or to single profiles.
 * @throws {FlamelakeError} `invalid_argument`
 */
export function narrowedStacktracesOf(parameters: URLSearchParams, nowMs: number): StacktraceQuery {
  const [callSite, profileIds] = [CALL_SITE, PROFILE_ID].map((name) =>
    parameters.getAll(name).filter((value) => value !== ''),
  );
  return {
    ...stacktracesOf(parameters, ONE_SIDE, nowMs),
    callSite,
    ...(profileIds.length > 0 && { choice: { profileIds, spanIds: [], traceIds: [] } }),
  };
}

/** The range asked for; without a start, the last `defaultMs` of it. */
export function rangeOf(
  parameters: URLSearchParams,
  { from, until }: SideNames,
  nowMs: number,
  defaultMs: number,
): TimeRange {
  const endMs = timeOf(parameters, until, nowMs) ?? nowMs;
  return { startMs: timeOf(parameters, from, nowMs) ?? endMs - defaultMs, endMs };
}

function timeOf(parameters: URLSearchParams, name: string, nowMs: number): number | undefined {
  const text = parameters.get(name) ?? '';
  if (text === '') return undefined;
  const time = readTime(text, nowMs);
  if (time === undefined) throw wrong(name, text, 'now, now-1h, or a unix time in s, ms, µs or ns');
  return time;
}

/** A whole number, or undefined where there is none. */
export function numberOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name) ?? '';
  if (text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw wrong(name, text, 'a whole number');
  return Number(text);
}

export function wrong(parameter: string, value: string, expected: string): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'parameter has a wrong value', {
    parameter,
    value: value.slice(0, 128),
    expected,
  });
}
