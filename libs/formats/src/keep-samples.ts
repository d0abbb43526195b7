/** Chooses the samples worth keeping and sums their values exactly, in 32 bit halves: no BigInt per sample. */
import { FlamelakeError } from '@flamelake/model';
import type { Pprof } from './pprof.ts';

const INT64_MAX = 2n ** 63n - 1n;

export interface KeptSamples {
  /** By index, ascending: without a negative value, and not all zero. */
  readonly kept: Uint32Array;
  readonly negative: number;
  readonly zero: number;
  /** Sum of the kept samples by type. */
  readonly totals: BigInt64Array;
}

/** @throws {FlamelakeError} `invalid_argument` when the values of a type sum to more than int64 holds */
export function keepSamples(pprof: Pprof): KeptSamples {
  const { values, sampleCount, sampleTypes } = pprof;
  const typeCount = sampleTypes.length;
  const halves = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const kept = new Uint32Array(sampleCount);
  // Sums of fewer than 2^21 halves are exact: they stay below 2^53.
  const low = new Float64Array(typeCount);
  const high = new Float64Array(typeCount);
  let count = 0;
  let negative = 0;
  let zero = 0;
  for (let sample = 0; sample < sampleCount; sample++) {
    const start = sample * typeCount * 2;
    const end = start + typeCount * 2;
    let any = 0;
    let signs = 0;
    for (let i = start; i < end; i += 2) {
      any |= halves[i] | halves[i + 1];
      signs |= halves[i + 1];
    }
    if (signs < 0) negative++;
    else if (any === 0) zero++;
    else {
      kept[count++] = sample;
      for (let type = 0, i = start; i < end; type++, i += 2) {
        low[type] = low[type] + halves[i];
        high[type] = high[type] + halves[i + 1];
      }
    }
  }
  const totals = BigInt64Array.from(sampleTypes, ({ type, unit }, i) => {
    const total = BigInt(high[i]) * 0x1_0000_0000n + BigInt(low[i]);
    if (total > INT64_MAX) {
      throw new FlamelakeError('invalid_argument', 'sum of values leaves int64', { type, unit, total });
    }
    return total;
  });
  return { kept: kept.slice(0, count), negative, zero, totals };
}
