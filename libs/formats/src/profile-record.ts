/**
 * A validated, normalised profile of one service on its way from distributor to segment-writer: the content of a log record.
 * One pushed profile may carry several label sets (pprof sample labels split it); all share symbols and stacks.
 */
import type { Labels, ProfileType } from '@flamelake/model';
import type { StackTreeColumns, Symbols } from './symbols.ts';

/** When samples were taken, where their sender said so: times of sample `s` are `[start[s], start[s + 1])`. */
export interface SampleTimes {
  readonly start: Uint32Array;
  /** ms since the ms of the profile's time; ascending within a sample, at most a day away, may be negative. */
  readonly offsetMs: Int32Array;
}

/** Samples of one label set: equal stacks (and spans) are merged, values are ≥ 0, all-zero samples are gone. */
export interface SampleGroup {
  /** Public and private labels but those made from the profile type (`__type__`, `__profile_type__`, …, which vary by value column). */
  readonly labels: Labels;
  readonly sampleCount: number;
  /** Node of the profile's stacks, by sample. */
  readonly stack: Uint32Array;
  /** Type-major: value of type `t` and sample `s` is at `t * sampleCount + s`. */
  readonly values: BigInt64Array;
  /** Span id by sample, 0 for none; absent when no sample has one. */
  readonly spanIds: BigUint64Array | undefined;
  /** 16 bytes by sample, zero for none; absent when no sample has one. */
  readonly traceIds: Uint8Array | undefined;
  /** Absent when no sample has any. */
  readonly times?: SampleTimes | undefined;
}

export interface ProfileRecord {
  readonly tenant: string;
  /** Value of `service_name`: the dataset. */
  readonly service: string;
  /** 16 bytes: equal for a resend of the same profile, random when the payload carries no clock or id of its own. */
  readonly identity: Uint8Array;
  readonly timeNanos: bigint;
  readonly durationNanos: bigint;
  readonly period: bigint;
  readonly types: readonly ProfileType[];
  readonly symbols: Symbols;
  readonly stacks: StackTreeColumns;
  readonly groups: readonly SampleGroup[];
}
