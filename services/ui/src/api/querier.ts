/** querier.v1 as the app asks it: Connect JSON over fetch. */
import type { WireProfile } from '../flame/profile-graph.ts';

export interface Query {
  readonly type: string;
  readonly selector: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface Caller {
  readonly tenant: string;
  readonly signal: AbortSignal;
}

export interface WireFlameGraph {
  readonly names?: readonly string[];
  readonly levels?: readonly { readonly values?: readonly (string | number)[] }[];
  readonly total?: string;
  readonly leftTicks?: string;
  readonly rightTicks?: string;
}

export interface Series {
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  readonly timesMs: readonly number[];
  readonly values: readonly number[];
}

export interface Heatmap {
  /** Those it is grouped by. */
  readonly labels: Exemplar['labels'];
  readonly slots: readonly {
    readonly timeMs: number;
    readonly counts: readonly number[];
    readonly exemplars: readonly Exemplar[];
  }[];
  readonly edges: readonly number[];
}

export interface Exemplar {
  readonly timeMs: number;
  readonly profileId: string;
  readonly value: number;
  readonly labels: readonly { readonly name: string; readonly value: string }[];
}

/** An answer that says what is wrong, in the server's words. */
export class QueryError extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** What of a query's profiles is looked at, and how closely. */
export interface Narrowing {
  /** Call site, root first; empty for all. */
  readonly focus: readonly string[];
  /** Id of a single profile; empty for all. */
  readonly profile: string;
  readonly detail: 'usual' | 'most';
}

export const QUERIER = 'querier.v1.QuerierService';
/** Bars that are asked for. */
export const NODES_MAX = { usual: 16_384, most: 131_072 } as const;

function narrowed(query: Query, { focus, profile, detail }: Narrowing): object {
  return {
    ...selection(query),
    maxNodes: NODES_MAX[detail],
    ...(focus.length > 0 && { stackTraceSelector: { callSite: focus.map((name) => ({ name })) } }),
    ...(profile !== '' && { profileIdSelector: [profile] }),
  };
}

export function selectFlameGraph(caller: Caller, query: Query, narrowing: Narrowing): Promise<WireFlameGraph> {
  const request = narrowed(query, narrowing);
  return call<{ flamegraph?: WireFlameGraph }>(caller, 'SelectMergeStacktraces', request).then(
    ({ flamegraph = {} }) => flamegraph,
  );
}

/** The profile itself, with its lines. */
export function selectProfile(caller: Caller, query: Query, narrowing: Narrowing): Promise<WireProfile> {
  return call<WireProfile>(caller, 'SelectMergeProfile', narrowed(query, narrowing));
}

export async function selectDiff(
  caller: Caller,
  left: Query,
  right: Query,
  detail: Narrowing['detail'],
): Promise<WireFlameGraph> {
  const sides = {
    left: { ...selection(left), maxNodes: NODES_MAX[detail] },
    right: { ...selection(right), maxNodes: NODES_MAX[detail] },
  };
  const { flamegraph = {} } = await call<{ flamegraph?: WireFlameGraph }>(caller, 'Diff', sides);
  return flamegraph;
}

interface WireSeries {
  readonly labels?: Series['labels'];
  /** JSON has no infinities: these are texts. */
  readonly points?: readonly { readonly value?: number | string; readonly timestamp?: string }[];
}

export async function selectSeries(
  caller: Caller,
  query: Query,
  stepSeconds: number,
  groupBy: readonly string[],
  limit = 0,
): Promise<readonly Series[]> {
  const request = { ...selection(query), step: stepSeconds, groupBy, limit };
  const { series = [] } = await call<{ series?: readonly WireSeries[] }>(caller, 'SelectSeries', request);
  return series.map(({ labels = [], points = [] }) => ({
    labels,
    timesMs: points.map(({ timestamp = 0 }) => Number(timestamp)),
    values: points.map(({ value = 0 }) => Number(value)),
  }));
}

interface WireHeatmap {
  readonly series?: readonly {
    readonly labels?: Exemplar['labels'];
    readonly slots?: readonly {
      readonly timestamp?: string;
      readonly yMin?: readonly number[];
      readonly counts?: readonly number[];
      readonly exemplars?: readonly {
        readonly timestamp?: string;
        readonly profileId?: string;
        readonly value?: string;
        readonly labels?: Exemplar['labels'];
      }[];
    }[];
  }[];
}

export async function selectHeatmap(caller: Caller, query: Query, stepSeconds: number): Promise<Heatmap> {
  const [whole] = await selectHeatmaps(caller, query, stepSeconds, []);
  return whole ?? { labels: [], slots: [], edges: [] };
}

/** One of each set of values that labels have; all of them have the same edges. */
export async function selectHeatmaps(
  caller: Caller,
  query: Query,
  stepSeconds: number,
  groupBy: readonly string[],
): Promise<readonly Heatmap[]> {
  const request = { ...selection(query), step: stepSeconds, groupBy, exemplarType: 'EXEMPLAR_TYPE_INDIVIDUAL' };
  const { series = [] } = await call<WireHeatmap>(caller, 'SelectHeatmap', request);
  return series.map(({ labels = [], slots = [] }) => ({
    labels,
    edges: slots[0]?.yMin ?? [],
    slots: slots.map(({ timestamp = 0, counts = [], exemplars = [] }) => ({
      timeMs: Number(timestamp),
      counts,
      exemplars: exemplars.map((one) => ({
        timeMs: Number(one.timestamp ?? 0),
        profileId: one.profileId ?? '',
        value: Number(one.value ?? 0),
        labels: one.labels ?? [],
      })),
    })),
  }));
}

export async function profileTypes(caller: Caller, { startMs, endMs }: Omit<Query, 'type' | 'selector'>) {
  const { profileTypes: types = [] } = await call<{ profileTypes?: readonly { readonly ID: string }[] }>(
    caller,
    'ProfileTypes',
    { start: startMs, end: endMs },
  );
  return types.map(({ ID }) => ID);
}

export async function labelNames(caller: Caller, { selector, startMs, endMs }: Query): Promise<readonly string[]> {
  const request = { matchers: [selector], start: startMs, end: endMs };
  return (await call<{ names?: readonly string[] }>(caller, 'LabelNames', request)).names ?? [];
}

export async function labelValues(
  caller: Caller,
  name: string,
  { selector, startMs, endMs }: Omit<Query, 'type'>,
): Promise<readonly string[]> {
  const request = { name, matchers: [selector], start: startMs, end: endMs };
  return (await call<{ names?: readonly string[] }>(caller, 'LabelValues', request)).names ?? [];
}

export interface ProfileStats {
  readonly dataIngested?: boolean;
  readonly oldestProfileTime?: string;
  readonly newestProfileTime?: string;
}

export function profileStats(caller: Caller): Promise<ProfileStats> {
  return call<ProfileStats>(caller, 'GetProfileStats', {});
}

function selection({ type, selector, startMs, endMs }: Query) {
  return { profileTypeID: type, labelSelector: selector, start: Math.floor(startMs), end: Math.ceil(endMs) };
}

async function call<Answer>(caller: Caller, method: string, message: object): Promise<Answer> {
  return callService<Answer>(caller, QUERIER, method, message);
}

/** Calls a method of a service; an error in the answer is thrown. */
export async function callService<Answer>(
  caller: Caller,
  service: string,
  method: string,
  message: object,
): Promise<Answer> {
  const response = await request(caller, `${service}/${method}`, JSON.stringify(message));
  return (await response.json()) as Answer;
}

/** @param method - with its service */
export async function request(
  { tenant, signal }: Caller,
  method: string,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<Response> {
  const headers: Record<string, string> = {
    'content-type': typeof body === 'string' ? 'application/json' : 'application/proto',
    accept: '*/*; allow-utf8-labelnames=true',
  };
  if (tenant !== '') headers['x-scope-orgid'] = tenant;
  const response = await fetch(`/${method}`, { method: 'POST', headers, body, signal });
  if (response.ok) return response;
  const text = await response.text();
  let message = text;
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    // A proxy's words are better than none.
  }
  throw new QueryError(message === '' ? `the server answered ${response.status}` : message, response.status);
}
