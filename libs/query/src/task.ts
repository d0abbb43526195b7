/**
 * What a query asks of blocks, in a form that can be sent: a question, the profiles it is about, and the datasets to look into.
 */

/** Which profiles: all conditions hold together. */
export interface Selection {
  /** At least one; each a plain tenant id. */
  readonly tenants: readonly string[];
  /** Profile times, ms since 1970, half-open. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Label selectors, ANDed; none selects everything. */
  readonly selectors: readonly string[];
  /** Five parts, or undefined for any type. */
  readonly profileTypeId: string | undefined;
  /** Single profiles or samples; all of them when left out. */
  readonly choice?: SampleChoice;
  /** Gives every series the label `__tenant_id__`, which selectors do not know. */
  readonly namesTenants?: boolean;
}

/** Ids that profiles and samples must have; an empty list asks for nothing. */
export interface SampleChoice {
  /** UUIDs of stored profiles, lower-case. */
  readonly profileIds: readonly string[];
  /** 16 lower-case hex digits each. */
  readonly spanIds: readonly string[];
  /** 32 lower-case hex digits each. */
  readonly traceIds: readonly string[];
}

/** What to learn of them. */
export type Question =
  /** Values by path of function names. */
  | { readonly kind: 'functions' }
  /** Values by path of whole locations: mapping, address, lines. */
  | { readonly kind: 'locations' }
  /** Totals by time step and by the values of labels. */
  | { readonly kind: 'timeSeries'; readonly grid: TimeGrid; readonly groupBy: readonly string[] }
  /** Distinct label sets, cut down to the named labels; undefined keeps all labels. */
  | { readonly kind: 'labelSets'; readonly names: readonly string[] | undefined }
  /** Distinct label names, as label sets of one label with an empty value. */
  | { readonly kind: 'labelNames' }
  /** Smallest and largest value of a point. */
  | { readonly kind: 'extent'; readonly points: PointKind }
  /** Points by time step, by bucket of their value and by the values of labels. */
  | {
      readonly kind: 'cells';
      readonly points: PointKind;
      readonly grid: TimeGrid;
      readonly buckets: ValueBuckets;
      readonly groupBy: readonly string[];
      /** Whether to name the largest point of each cell. */
      readonly hasExemplars: boolean;
    };

export type LabelQuestion = Extract<Question, { kind: 'labelSets' | 'labelNames' }>;

/** What is kept of a dataset: the answer to a question, or what answers of any time range are made of. */
export type KeptQuestion =
  | Question
  /** Times and totals of single profiles by the values of labels: for time series. */
  | { readonly kind: 'timedTotals'; readonly groupBy: readonly string[] }
  /** Label sets or names, with the times of their first and last profile. */
  | { readonly kind: 'labelTimes'; readonly of: LabelQuestion }
  /** Values by path of function names, profile by profile. */
  | { readonly kind: 'timedStacks' };

/** A point is the total of a stored profile, or the value of a sample that has a span. */
export type PointKind = 'profiles' | 'spans';

/** Equal parts of `[min, max]`; what lies outside is in the first or the last. */
export interface ValueBuckets {
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/**
 * Steps of a time series. Step `i` ends, inclusive, at `startMs + i * stepMs`, the last one at `endMs` at the latest; the first one
 * also takes the step before `startMs`.
 */
export interface TimeGrid {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** A block object to read. Another object under the key is a missing object. */
export interface ObjectRef {
  readonly key: string;
  /** The block's own random id. */
  readonly id: string;
  /** Set for segments, whose keys are not random. */
  readonly etag: string | undefined;
  readonly sizeBytes: number;
  /** Last bytes to read first, where that is known: enough to open it, and for what the question wants of small ones. */
  readonly tailBytes?: number | undefined;
}

/** Profiles that are deleted but still in the object. */
export interface RowDelete {
  readonly tenant: string;
  readonly selector: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A dataset to look into, with the times of its first and last profile as the catalog knows them. */
export interface TaskDataset {
  readonly tenant: string;
  readonly service: string;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** Datasets of one object. */
export interface TaskPart {
  readonly object: ObjectRef;
  readonly datasets: readonly TaskDataset[];
  readonly deletes: readonly RowDelete[];
}

/** A share of a query, for one querier. */
export interface Task {
  readonly question: Question;
  readonly selection: Selection;
  readonly parts: readonly TaskPart[];
  /** Bytes it is expected to read. */
  readonly estimatedBytes: number;
}
