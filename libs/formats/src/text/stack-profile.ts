/** Makes the columns of a pprof out of stacks with one value each. */
import { FlamelakeError } from '@flamelake/model';
import type { Pprof, SampleLabelColumns, ValueType } from '../pprof.ts';
import type { StringColumn, Symbols } from '../symbols.ts';
import type { StackKind } from './stack-kind.ts';
import type { StackSamples } from './stack-samples.ts';

const NANOS_PER_SECOND = 1e9;
const PERIOD_TYPE: ValueType = { type: 'cpu', unit: 'nanoseconds' };

/** Frames by location index. */
export interface FrameColumns {
  /** String indexes. */
  readonly name: Uint32Array;
  readonly filename: Uint32Array;
  /** 0 when unknown. */
  readonly line: Int32Array;
}

/** What the values of a profile are, and how they get there. */
export interface StackUnit {
  readonly sampleType: ValueType;
  /** Nanoseconds of one sample of time; 0 when the values are no time. */
  readonly period: number;
  /** What a value is multiplied by; whole. */
  readonly scale: number;
}

/**
 * Values of a kind as text has them: samples of time become nanoseconds, at a rate of 0 they stay counts.
 * @param sampleRate - Hz
 * @throws {FlamelakeError} `invalid_argument` when the rate is more than one a nanosecond
 */
export function stackUnit(kind: StackKind, sampleRate: number): StackUnit {
  if (!kind.isTime) return { sampleType: kind.sampleType, period: 0, scale: 1 };
  const period = nanosOfSample(sampleRate);
  if (period === 0) return { sampleType: { type: 'samples', unit: 'count' }, period: 0, scale: 1 };
  return { sampleType: kind.sampleType, period, scale: period };
}

/** @throws {FlamelakeError} `invalid_argument` when a value leaves int64 */
export function stackProfile(symbols: Symbols, samples: StackSamples, { sampleType, period, scale }: StackUnit): Pprof {
  const { stacks, values } = samples.finish(scale);
  return {
    symbols,
    sampleTypes: [sampleType],
    periodType: period === 0 ? undefined : PERIOD_TYPE,
    period: BigInt(period),
    timeNanos: 0n,
    durationNanos: 0n,
    stacks,
    sampleCount: stacks.count,
    values,
    labels: noLabels(stacks.count),
    comments: [],
    defaultSampleType: '',
  };
}

function noLabels(sampleCount: number): SampleLabelColumns {
  const none = new Uint32Array(0);
  return {
    start: new Uint32Array(sampleCount + 1),
    key: none,
    text: none,
    number: new BigInt64Array(0),
    numberUnit: none,
  };
}

/** Frames of a profile in which every string but the first is one: location `i` is string `i + 1`. */
export function framesOfStrings({ count }: StringColumn): FrameColumns {
  const name = Uint32Array.from({ length: count - 1 }, (_, i) => i + 1);
  return { name, filename: new Uint32Array(name.length), line: new Int32Array(name.length) };
}

/** Whole nanoseconds that one sample stands for; 0 without a rate. */
export function nanosOfSample(sampleRate: number): number {
  if (sampleRate === 0) return 0;
  if (sampleRate > NANOS_PER_SECOND) {
    throw new FlamelakeError('invalid_argument', 'sample rate is more than one a nanosecond', {
      sampleRate,
      limit: NANOS_PER_SECOND,
    });
  }
  return Math.floor(NANOS_PER_SECOND / sampleRate);
}

/** A function and a location for each frame; no mappings, no addresses. */
export function stackSymbols(strings: StringColumn, { name, filename, line }: FrameColumns): Symbols {
  const count = name.length;
  const none = new Uint32Array(0);
  return {
    strings,
    functions: { count, name, systemName: name, filename, startLine: new Int32Array(count) },
    mappings: {
      count: 0,
      memoryStart: new BigUint64Array(0),
      memoryLimit: new BigUint64Array(0),
      fileOffset: new BigUint64Array(0),
      filename: none,
      buildId: none,
      flags: new Uint8Array(0),
    },
    locations: {
      count,
      mapping: new Uint32Array(count),
      address: new BigUint64Array(count),
      lineStart: Uint32Array.from({ length: count + 1 }, (_, i) => i),
      lineFunction: Uint32Array.from({ length: count }, (_, i) => i),
      lineNumber: line,
    },
  };
}
