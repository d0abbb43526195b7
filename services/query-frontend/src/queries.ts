/**
 * The queries Flamelake answers, free of any wire form: the edge decodes into these and encodes from these.
 * Times are ms since 1970 with both ends inclusive, as on the wire of querier.v1.
 */
import type { Labels, Memory, ProfileType } from '@flamelake/model';
import type {
  Exemplar,
  Flamegraph,
  FlamegraphDiff,
  FunctionTree,
  HeatmapSeries,
  LocationTree,
  PointKind,
  SampleChoice,
  TimeSeries,
} from '@flamelake/query';

import type { PgoProfile } from './pgo-profile.ts';
import type { StoredData } from './stored-data.ts';

export type { Exemplar, Flamegraph, FlamegraphDiff, HeatmapSeries, TimeSeries } from '@flamelake/query';

export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** What every call carries. */
export interface CallContext {
  readonly tenant: string;
  readonly signal: AbortSignal;
  /** Sealed read-your-writes token of an earlier push, if the caller sent one. */
  readonly commitToken: string | undefined;
  /** The past that is to be read, as the caller sent it: a time, or the name of a snapshot. */
  readonly asOf?: string | undefined;
  /** Set by the callee: what the query holds is taken from it. */
  memory?: Memory;
  /** Set by the callee: sealed name of the snapshot that answered. */
  snapshot?: string;
  /** Set by the callee: said in a header when max_nodes was clamped. */
  clampedMaxNodes?: number;
}

export interface StacktraceQuery extends TimeRange {
  readonly profileTypeId: string;
  readonly labelSelector: string;
  /** undefined or 0: the default, 16,384. */
  readonly maxNodes: number | undefined;
  /** Stacks that begin with these function names, root first; none keeps all. */
  readonly callSite?: readonly string[];
  /** For pprof: the frames nearest to the leaf. */
  readonly leaves?: LeafSelector | undefined;
  /** Single profiles, spans or traces. */
  readonly choice?: SampleChoice | undefined;
}

export interface LeafSelector {
  /** Locations that stay of each stack; 0 keeps all. */
  readonly locations: number;
  /** Takes all places of a leaf function for one. */
  readonly aggregatesCallees: boolean;
}

export interface SeriesQuery extends TimeRange {
  readonly profileTypeId: string;
  readonly labelSelector: string;
  readonly groupBy: readonly string[];
  readonly stepSeconds: number;
  readonly aggregation: 'sum' | 'average';
  /** 0: all series. */
  readonly limit: number;
  /** Whether to name the largest profile of each point. */
  readonly hasExemplars: boolean;
  /** Single profiles: all by default. */
  readonly choice?: SampleChoice | undefined;
}

/** A time series whose points may name their largest profile: by right edge of the step, ms. */
export interface SeriesWithExemplars extends TimeSeries {
  readonly exemplars?: ReadonlyMap<number, Exemplar> | undefined;
}

export interface HeatmapQuery extends TimeRange {
  readonly profileTypeId: string;
  readonly labelSelector: string;
  readonly groupBy: readonly string[];
  readonly stepSeconds: number;
  readonly points: PointKind;
  readonly hasExemplars: boolean;
  /** 0: all series. */
  readonly limit: number;
}

export interface Heatmap {
  /** Lower edges of the value buckets. */
  readonly edges: readonly number[];
  readonly series: readonly HeatmapSeries[];
}

/** What a query would read, by what the catalog knows. */
export interface QueryEstimate {
  readonly blocks: number;
  readonly bytes: number;
  readonly series: number;
}

export interface ProfileStats {
  readonly dataIngested: boolean;
  readonly oldestProfileMs: number;
  readonly newestProfileMs: number;
}

export type { PgoProfile } from './pgo-profile.ts';
export type { StoredData } from './stored-data.ts';

export interface Queries {
  profileTypes(call: CallContext, range: TimeRange): Promise<readonly ProfileType[]>;
  labelNames(call: CallContext, range: TimeRange, matchers: readonly string[]): Promise<readonly string[]>;
  labelValues(
    call: CallContext,
    range: TimeRange,
    name: string,
    matchers: readonly string[],
  ): Promise<readonly string[]>;
  series(
    call: CallContext,
    range: TimeRange,
    matchers: readonly string[],
    labelNames: readonly string[],
  ): Promise<readonly Labels[]>;
  flamegraph(call: CallContext, query: StacktraceQuery): Promise<Flamegraph>;
  /** All stacks by function names, nothing cut. */
  functions(call: CallContext, query: StacktraceQuery): Promise<FunctionTree>;
  /** All stacks by places in the code, nothing cut. */
  locations(call: CallContext, query: StacktraceQuery): Promise<LocationTree>;
  /** Tree bytes (api/querier-v1.md §7). */
  tree(call: CallContext, query: StacktraceQuery): Promise<Uint8Array>;
  /** Graphviz text. */
  dot(call: CallContext, query: StacktraceQuery): Promise<string>;
  /** An encoded google.v1.Profile. */
  pprof(call: CallContext, query: StacktraceQuery): Promise<Uint8Array>;
  /** @param bytesMax - of the gzipped profile; the lightest stacks go first */
  pgo(call: CallContext, query: StacktraceQuery, bytesMax: number): Promise<PgoProfile>;
  selectSeries(call: CallContext, query: SeriesQuery): Promise<readonly SeriesWithExemplars[]>;
  heatmap(call: CallContext, query: HeatmapQuery): Promise<Heatmap>;
  /** @param query - profile type and selector, as in `process_cpu:cpu:nanoseconds:cpu:nanoseconds{service_name="x"}` */
  analyze(call: CallContext, range: TimeRange, query: string): Promise<QueryEstimate>;
  diff(call: CallContext, left: StacktraceQuery, right: StacktraceQuery): Promise<FlamegraphDiff>;
  stats(call: CallContext): Promise<ProfileStats>;
  /** The stats, and where in the catalog the data of the tenant is. */
  stored(call: CallContext): Promise<ProfileStats & StoredData>;
}
