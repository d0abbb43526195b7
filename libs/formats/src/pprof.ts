/**
 * A pprof profile (google.pprof `Profile`) as structure of arrays.
 * Location, function and mapping ids of the wire are replaced by indexes; every reference is checked.
 */
import type { StackColumns, Symbols } from './symbols.ts';

/** What a sample value counts. */
export interface ValueType {
  readonly type: string;
  readonly unit: string;
}

/** Labels of samples: label `i` of sample `s` is at `[start[s], start[s + 1])`. */
export interface SampleLabelColumns {
  readonly start: Uint32Array;
  /** String indexes; `text` 0 means a number label. */
  readonly key: Uint32Array;
  readonly text: Uint32Array;
  readonly number: BigInt64Array;
  readonly numberUnit: Uint32Array;
}

export interface Pprof {
  readonly symbols: Symbols;
  readonly sampleTypes: readonly ValueType[];
  readonly periodType: ValueType | undefined;
  readonly period: bigint;
  readonly timeNanos: bigint;
  readonly durationNanos: bigint;
  /** Stack of each sample, in sample order, where repeated stacks are repeated; or the distinct ones, when `sampleStack` is there. */
  readonly stacks: StackColumns;
  /** Stack by sample, for formats in which samples share stacks. */
  readonly sampleStack?: Uint32Array;
  readonly sampleCount: number;
  /** Sample-major: value `t` of sample `s` is at `s * sampleTypes.length + t`. */
  readonly values: BigInt64Array;
  readonly labels: SampleLabelColumns;
  /** For formats that say when samples were taken: ns since 1970, of sample `s` at `[start[s], start[s + 1])`. */
  readonly sampleTimes?: { readonly start: Uint32Array; readonly nanos: BigInt64Array } | undefined;
  readonly comments: readonly string[];
  readonly defaultSampleType: string;
}
