/**
 * A pushed profile after validation and clean-up, before it has series labels: what `normalizeProfile` makes of a `Pprof`,
 * and what the distributor turns into `ProfileRecord`s.
 */
import type { Labels } from '@flamelake/model';
import type { ValueType } from './pprof.ts';
import type { SampleTimes } from './profile-record.ts';
import type { StackTreeColumns, Symbols } from './symbols.ts';

/** Samples that carry the same string labels. `SampleGroup` is this with the series' labels added. */
export interface NormalizedGroup {
  /** String labels of the samples but ids of spans and traces; sorted, names unique; empty for samples without any. */
  readonly sampleLabels: Labels;
  readonly sampleCount: number;
  /** Node of the profile's stacks, by sample. A (stack, span, trace) occurs once in a group. */
  readonly stack: Uint32Array;
  /** Type-major: value of type `t` and sample `s` is at `t * sampleCount + s`; never negative, not all zero in a sample. */
  readonly values: BigInt64Array;
  /** Span id by sample as the number its 16 hex digits spell, 0 for none; absent when no sample has one. */
  readonly spanIds: BigUint64Array | undefined;
  /** 16 bytes by sample, zero for none; absent when no sample has one. */
  readonly traceIds: Uint8Array | undefined;
  /** Absent when no sample has any. */
  readonly times?: SampleTimes | undefined;
}

/** What normalisation dropped or changed, in counts. */
export interface NormalizeCounts {
  /** Samples dropped because one of their values is negative. */
  readonly negativeSamples: number;
  /** Samples dropped because all of their values are zero. */
  readonly zeroSamples: number;
  /** Samples whose stack was cut to the depth limit; their values are kept. */
  readonly truncatedStacks: number;
  /** Strings cut to the length limit. */
  readonly truncatedStrings: number;
  /** Span and trace ids that are no hex of the right length; the samples are kept. */
  readonly badSpanIds: number;
}

export interface NormalizedProfile {
  readonly sampleTypes: readonly ValueType[];
  readonly periodType: ValueType | undefined;
  readonly period: bigint;
  readonly timeNanos: bigint;
  readonly durationNanos: bigint;
  /** Only what the stacks use. */
  readonly symbols: Symbols;
  /** Only what the samples use. */
  readonly stacks: StackTreeColumns;
  /** In order of first appearance; none when no sample is left. */
  readonly groups: readonly NormalizedGroup[];
  /** Sum of the values by sample type; fits int64. */
  readonly totals: BigInt64Array;
  readonly counts: NormalizeCounts;
}
