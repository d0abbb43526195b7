/** Limits of the write path, by tenant. Defaults are those of the wire contract; each names the option that changes it. */

import { type DemotedLabels, NO_POLICIES, type Policies } from './policies/policies.ts';

const MINUTE_MS = 60_000;
const MIB = 1_048_576;

export interface IngestLimits {
  /** Uncompressed bytes of one profile. */
  readonly profileBytesMax: number;
  readonly samplesMax: number;
  readonly sampleLabelsMax: number;
  /** Frames of a stack; what is cut becomes a `[truncated]` frame. */
  readonly stackDepthMax: number;
  /** Bytes of a function name, file name or other symbol; the tail is kept. */
  readonly symbolBytesMax: number;
  /** Label sets one profile may split into; labels that split it into more are demoted. */
  readonly profileSeriesMax: number;
  /** Values a label of a service's series may have within an hour; labels with more are demoted. 0: none is. */
  readonly labelValuesMax: number;
  readonly seriesLabelsMax: number;
  /** Labels of a series made from an OTLP resource, which say what a machine knows of itself. */
  readonly resourceLabelsMax: number;
  readonly labelNameBytesMax: number;
  readonly labelValueBytesMax: number;
  /** Profiles older than this are refused; above an hour resends are no longer recognised. */
  readonly rejectOlderThanMs: number;
  /** No option: segment-writers remember identities for this long ahead. */
  readonly rejectNewerThanMs: number;
  /** Uncompressed bytes a second; undefined is unlimited. */
  readonly rateBytesPerSecond: number | undefined;
  /** At least the largest profile counts, whatever is set here. */
  readonly burstBytes: number;
  readonly policies: Policies;
  /** No option: what the distributor has found of the tenant's labels. */
  readonly demotedLabels: DemotedLabels;
}

export const DEFAULT_INGEST_LIMITS: IngestLimits = {
  profileBytesMax: 32 * MIB,
  samplesMax: 250_000,
  sampleLabelsMax: 100,
  stackDepthMax: 1_000,
  symbolBytesMax: 65_535,
  profileSeriesMax: 5_000,
  labelValuesMax: 50_000,
  seriesLabelsMax: 64,
  resourceLabelsMax: 256,
  labelNameBytesMax: 1_024,
  labelValueBytesMax: 2_048,
  rejectOlderThanMs: 60 * MINUTE_MS,
  rejectNewerThanMs: 10 * MINUTE_MS,
  rateBytesPerSecond: undefined,
  burstBytes: 0,
  policies: NO_POLICIES,
  demotedLabels: {},
};

/** Limits that can refuse a profile and are options. */
export type RefusingLimit = Exclude<
  keyof IngestLimits,
  | 'stackDepthMax'
  | 'symbolBytesMax'
  | 'profileSeriesMax'
  | 'labelValuesMax'
  | 'rejectNewerThanMs'
  | 'burstBytes'
  | 'policies'
  | 'demotedLabels'
>;

/** The option that changes a limit: named in every refusal. */
export const LIMIT_KEYS: Readonly<Record<RefusingLimit | 'bodyBytesMax', string>> = {
  bodyBytesMax: 'limits.body-size-max',
  profileBytesMax: 'limits.profile-size-max',
  samplesMax: 'limits.samples-max',
  sampleLabelsMax: 'limits.sample-labels-max',
  seriesLabelsMax: 'limits.series-labels-max',
  resourceLabelsMax: 'limits.resource-labels-max',
  labelNameBytesMax: 'limits.label-name-size-max',
  labelValueBytesMax: 'limits.label-value-size-max',
  rejectOlderThanMs: 'limits.ingestion-window',
  rateBytesPerSecond: 'limits.ingestion-rate',
};

/** How much later than its own time plus the window the log may append a profile. */
export const APPEND_DELAY_MAX_MS = 10 * MINUTE_MS;
