/** Sums of sample values: int64, exact, never wrapped. */
import { FlamelakeError } from '@flamelake/model';

/** Largest value of a sum. */
export const VALUE_MAX = 9_223_372_036_854_775_807n;

/**
 * Adds two totals.
 * @throws {FlamelakeError} `out_of_range` when the sum leaves int64
 */
export function addTotals(a: bigint, b: bigint): bigint {
  const sum = a + b;
  if (sum > VALUE_MAX || sum < -VALUE_MAX - 1n) {
    throw new FlamelakeError('out_of_range', 'sum of values leaves int64; narrow the time range or the selector', {
      sum,
    });
  }
  return sum;
}

/** Values summed as halves before the halves leave what a double holds exactly. */
export const SUM_RUN = 1_048_576;

/**
 * Exact sum of `[from, until)` of a column.
 * @throws {FlamelakeError} `out_of_range` when the sum leaves int64
 */
export function sumValues(column: BigInt64Array, from: number, until: number): bigint {
  const low = new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
  const high = new Int32Array(column.buffer, column.byteOffset, column.length * 2);
  let sum = 0n;
  for (let start = from; start < until; start += SUM_RUN) {
    const end = Math.min(start + SUM_RUN, until);
    let [lows, highs] = [0, 0];
    for (let i = start; i < end; i++) {
      lows += low[2 * i];
      highs += high[2 * i + 1];
    }
    sum += sumOfHalves(lows, highs);
  }
  return addTotals(0n, sum);
}

/** A sum from the sums of unsigned low and of signed high halves of at most SUM_RUN values. */
export function sumOfHalves(lows: number, highs: number): bigint {
  const sum = highs * 0x1_0000_0000 + lows;
  return Number.isSafeInteger(sum) ? BigInt(sum) : (BigInt(highs) << 32n) + BigInt(lows);
}
