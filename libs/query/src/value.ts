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
