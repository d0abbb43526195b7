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
 * Adds `count` samples to `sums`: value `valueFrom + i` × `unit` at stacktrace `stackFrom + i`.
 * @param values - halves; all ≥ 0, and all that is ever added to `sums` together below 2^53
 */
export function accumulateDoubles(
  sums: Float64Array,
  stacktraces: Uint32Array,
  stackFrom: number,
  values: Uint32Array,
  valueFrom: number,
  count: number,
  unit: number,
): void {
  for (let i = stackFrom, at = 2 * valueFrom, end = stackFrom + count; i < end; i++, at += 2) {
    sums[stacktraces[i]] += (values[at + 1] * TWO_32 + values[at]) * unit;
  }
}

/**
 * The same for sums that may be larger.
 * @param sums - halves
 * @param values - halves; all ≥ 0, and all that is ever added to `sums` together in int64
 */
export function accumulateHalves(
  sums: Uint32Array,
  stacktraces: Uint32Array,
  stackFrom: number,
  values: Uint32Array,
  valueFrom: number,
  count: number,
  unit: number,
): void {
  for (let i = stackFrom, from = 2 * valueFrom, end = stackFrom + count; i < end; i++, from += 2) {
    const at = 2 * stacktraces[i];
    let low = values[from];
    let high = values[from + 1];
    if (unit !== 1) {
      const product = (high * TWO_32 + low) * unit;
      const isExact = product <= Number.MAX_SAFE_INTEGER;
      const whole = isExact ? 0n : ((BigInt(high) << 32n) | BigInt(low)) * BigInt(unit);
      low = isExact ? product % TWO_32 : Number(whole & 0xffff_ffffn);
      high = isExact ? product / TWO_32 : Number((whole >> 32n) & 0xffff_ffffn);
    }
    low += sums[at];
    sums[at] = low;
    sums[at + 1] += Math.floor(high) + (low >= TWO_32 ? 1 : 0);
  }
}

/** Whole doubles in [0, 2^53) as 64-bit values. */
export function toInt64s(doubles: Float64Array): BigInt64Array {
  const column = new BigInt64Array(doubles.length);
  const halves = halvesOf(column);
  for (let i = 0; i < doubles.length; i++) {
    const value = doubles[i];
    if (value === 0) continue;
    halves[2 * i] = value % TWO_32;
    halves[2 * i + 1] = Math.floor(value / TWO_32);
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
