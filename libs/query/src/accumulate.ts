/**
 * The innermost loops of a flame graph: values added up by stacktrace, then each used node of the stacktrace tree visited once.
 * 64-bit values are read and written as halves, low first: whether a loop over BigInts allocates depends on what was compiled when.
 */

const TWO_32 = 0x1_0000_0000;
/** Below this a double holds every sum exactly. */
export const DOUBLE_EXACT_MAX = 9_007_199_254_740_992n;

/** The 32-bit halves of a column of 64-bit values. */
export function halvesOf(column: BigInt64Array): Uint32Array {
  return new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
}

/**
 * Adds samples `[from, until)` to `sums`, by stacktrace.
 * @param values - halves; all ≥ 0, and all that is ever added to `sums` together below 2^53
 */
export function accumulateDoubles(
  sums: Float64Array,
  stacktrace: Uint32Array,
  values: Uint32Array,
  from: number,
  until: number,
): void {
  for (let i = from; i < until; i++) {
    sums[stacktrace[i]] += values[2 * i + 1] * TWO_32 + values[2 * i];
  }
}

/**
 * Adds samples `[from, until)` to `sums`, by stacktrace.
 * @param sums - halves
 * @param values - halves; all ≥ 0, and all that is ever added to `sums` together in int64
 */
export function accumulateHalves(
  sums: Uint32Array,
  stacktrace: Uint32Array,
  values: Uint32Array,
  from: number,
  until: number,
): void {
  for (let i = from; i < until; i++) {
    const at = 2 * stacktrace[i];
    const low = sums[at] + values[2 * i];
    sums[at] = low;
    sums[at + 1] += values[2 * i + 1] + (low >= TWO_32 ? 1 : 0);
  }
}

/** Whole doubles in [0, 2^53) as 64-bit values. */
export function toInt64s(doubles: Float64Array): BigInt64Array {
  const column = new BigInt64Array(doubles.length);
  const halves = halvesOf(column);
  for (let i = 0; i < doubles.length; i++) {
    halves[2 * i] = doubles[i];
    halves[2 * i + 1] = doubles[i] / TWO_32;
  }
  return column;
}

/**
 * Marks, with 1, every node but the root that has a value at or below it. Parents have smaller numbers than their children.
 * @param sums - halves
 */
export function markUsed(sums: Uint32Array, parent: Uint32Array, count: number): Uint8Array {
  const used = new Uint8Array(count);
  for (let node = count - 1; node > 0; node--) {
    if (used[node] === 0 && (sums[2 * node] | sums[2 * node + 1]) === 0) continue;
    used[node] = 1;
    used[parent[node]] = 1;
  }
  return used;
}
