/** Checks of what callers send, and the defaults of what they leave out. */
import {
  compileMatchers,
  FlamelakeError,
  formatSelector,
  isTenantId,
  LABEL,
  type LabelMatcher,
  matchLabels,
  parseProfileTypeId,
  parseSelector,
  profileTypeId,
} from '@flamelake/model';
import type { SampleChoice, Selection, TimeGrid } from '@flamelake/query';
import type { HeatmapQuery, SeriesQuery, StacktraceQuery, TimeRange } from './queries.ts';
import type { QueryLimits } from './query-limits.ts';

/** Most tenants of one query. */
export const TENANTS_MAX = 64;

/**
 * Tenants of a call: one, or several joined by `|`. Sorted, unique.
 * @throws {FlamelakeError} `invalid_argument`
 */
export function tenantsOf(tenant: string): readonly string[] {
  const tenants = [...new Set(tenant.split('|'))].sort();
  if (!tenants.every(isTenantId)) throw invalid('tenant id is not valid', { tenant });
  if (tenants.length > TENANTS_MAX) throw invalid('query has too many tenants', { limit: TENANTS_MAX });
  return tenants;
}

/**
 * A range with both ends.
 * @throws {FlamelakeError} `invalid_argument` when an end is missing (zero) or the start is after the end
 */
export function checkRange({ startMs, endMs }: TimeRange): TimeRange {
  if (startMs === 0 || endMs === 0) throw invalid('missing time range: start and end are required, in milliseconds');
  if (!Number.isFinite(startMs) || !Number.isFinite(endMs))
    throw invalid('time range is not valid', { startMs, endMs });
  if (startMs > endMs) throw invalid('start of the time range is after its end', { startMs, endMs });
  return { startMs: wholeMs(startMs), endMs: wholeMs(endMs) };
}

/** Times nobody has profiles of are as good as the last one a number holds exactly. */
function wholeMs(ms: number): number {
  const timeMax = Number.MAX_SAFE_INTEGER - 1;
  return Math.max(-timeMax, Math.min(timeMax, Math.trunc(ms)));
}

/**
 * The selection less what lies too far back.
 * @throws {FlamelakeError} `invalid_argument` on a range that is longer than a query may have
 */
export function withinLimits(
  selection: Selection,
  { rangeMsMax, lookbackMsMax }: QueryLimits,
  nowMs: number,
): Selection {
  const fromMs = lookbackMsMax === 0 ? selection.fromMs : Math.max(selection.fromMs, nowMs - lookbackMsMax);
  const rangeMs = selection.untilMs - fromMs;
  if (rangeMsMax > 0 && rangeMs > rangeMsMax) {
    throw invalid('time range of the query is too long; narrow it, or raise query.range-max', {
      rangeMs,
      limitMs: rangeMsMax,
      tenant: selection.tenants.join('|'),
    });
  }
  return { ...selection, fromMs };
}

/** As `checkRange`, but no range at all is the last `defaultMs` up to now. */
export function rangeOrLast(range: TimeRange, defaultMs: number, nowMs: number): TimeRange {
  if (range.startMs === 0 && range.endMs === 0) return { startMs: nowMs - defaultMs, endMs: nowMs };
  return checkRange(range);
}

/** @throws {FlamelakeError} `invalid_argument` on a bad selector */
export function labelSelection(tenants: readonly string[], range: TimeRange, matchers: readonly string[]): Selection {
  return { ...tenantSelection(tenants, matchers), ...halfOpen(range), profileTypeId: undefined };
}

/** @throws {FlamelakeError} `invalid_argument` on a bad range, selector, profile type or id */
export function stackSelection(
  tenants: readonly string[],
  query: TimeRange & Pick<StacktraceQuery, 'profileTypeId' | 'labelSelector' | 'choice'>,
): Selection {
  const type = profileTypeId(parseProfileTypeId(query.profileTypeId));
  const selection = {
    ...tenantSelection(tenants, [query.labelSelector]),
    ...halfOpen(checkRange(query)),
    profileTypeId: type,
  };
  const choice = query.choice === undefined ? undefined : checkChoice(query.choice);
  return choice === undefined ? selection : { ...selection, choice };
}

/**
 * Tenants and selectors. Where there are several tenants, their series have the label `__tenant_id__`: what selectors say of it picks tenants.
 * @throws {FlamelakeError} `invalid_argument` on a bad selector
 */
function tenantSelection(
  tenants: readonly string[],
  texts: readonly string[],
): Pick<Selection, 'tenants' | 'selectors' | 'namesTenants'> {
  const selectors = texts.map(parseSelector);
  if (tenants.length < 2) return { tenants, selectors: texts };
  const isOfTenants = ({ name }: LabelMatcher): boolean => name === LABEL.tenantId;
  const picks = compileMatchers(selectors.flat().filter(isOfTenants));
  return {
    tenants: tenants.filter((tenant) => matchLabels(picks, [{ name: LABEL.tenantId, value: tenant }])),
    selectors: selectors.map((matchers) => formatSelector(matchers.filter((one) => !isOfTenants(one)))),
    namesTenants: true,
  };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const TRACE_ID = /^[0-9a-f]{32}$/;

/** Most ids of a kind in one query. */
export const IDS_MAX = 10_000;

/** Ids in lower case; undefined when there are none. */
function checkChoice(choice: SampleChoice): SampleChoice | undefined {
  const { profileIds, spanIds, traceIds } = choice;
  if (profileIds.length + spanIds.length + traceIds.length === 0) return undefined;
  if (spanIds.length > 0 && traceIds.length > 0) throw invalid('spans and traces cannot be selected together');
  return {
    profileIds: checkIds(profileIds, UUID, 'profile id is not a UUID'),
    spanIds: checkIds(spanIds, SPAN_ID, 'span id is not 16 hex digits'),
    traceIds: checkIds(traceIds, TRACE_ID, 'trace id is not 32 hex digits'),
  };
}

function checkIds(ids: readonly string[], pattern: RegExp, message: string): readonly string[] {
  if (ids.length > IDS_MAX) {
    throw invalid('query chooses too many ids; ask for fewer at a time', { ids: ids.length, limit: IDS_MAX });
  }
  const lower = ids.map((id) => id.toLowerCase());
  const bad = lower.find((id) => !pattern.test(id));
  if (bad !== undefined) throw invalid(message, { id: bad.slice(0, 64) });
  return lower;
}

/**
 * Steps of a time series.
 * @throws {FlamelakeError} `invalid_argument` on a step under a millisecond, or a negative limit
 */
export function gridOf(query: SeriesQuery | HeatmapQuery): TimeGrid {
  if (!(query.stepSeconds >= 0.001) || !Number.isFinite(query.stepSeconds)) {
    throw invalid('step must be at least 0.001 seconds', { stepSeconds: query.stepSeconds });
  }
  if (query.limit < 0) throw invalid('limit of series must not be negative', { limit: query.limit });
  const { startMs, endMs } = checkRange(query);
  return { startMs, endMs, stepMs: Math.max(1, Math.round(query.stepSeconds * 1_000)) };
}

/**
 * Nodes to show, and whether fewer than asked for.
 * @throws {FlamelakeError} `invalid_argument` on a negative number
 */
export function nodesOf(maxNodes: number | undefined, limits: QueryLimits): { nodes: number; isClamped: boolean } {
  if (maxNodes === undefined || maxNodes === 0) return { nodes: limits.nodesDefault, isClamped: false };
  if (!(maxNodes > 0)) throw invalid('max_nodes must not be negative', { maxNodes });
  if (maxNodes > limits.nodesMax) return { nodes: limits.nodesMax, isClamped: true };
  return { nodes: Math.floor(maxNodes), isClamped: false };
}

function halfOpen({ startMs, endMs }: TimeRange): { fromMs: number; untilMs: number } {
  return { fromMs: startMs, untilMs: endMs + 1 };
}

function invalid(message: string, details: FlamelakeError['details'] = {}): FlamelakeError {
  return new FlamelakeError('invalid_argument', message, details);
}
