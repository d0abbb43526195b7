/**
 * The innermost loops of a flame graph: values added up by stacktrace, then each used node of the stacktrace tree visited once.
 * 64-bit values are read and written as halves, low first: whether a loop over BigInts allocates depends on what was compiled when.
 */
import { sumValues } from './value.ts';

const TWO_32 = 0x1_0000_0000;
/** What adding up and folding hold for each node of a stacktrace tree, about: sums both ways, marks, numbers in the result. */
export const NODE_SUM_BYTES = 32;
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

/**
 * Copies `count` samples, times `unit`, to a column of their own: value `valueFrom + i` to `columnFrom + i`.
 * @param column - halves
 * @param values - halves; all ≥ 0, and in int64 when multiplied
 */
export function scaleHalves(
  column: Uint32Array,
  columnFrom: number,
  values: Uint32Array,
  valueFrom: number,
  count: number,
  unit: number,
): void {
  for (let i = 2 * columnFrom, from = 2 * valueFrom, end = i + 2 * count; i < end; i += 2, from += 2) {
    const low = values[from];
    const high = values[from + 1];
    // Below 2^53 a double is exact; hardly any value is above.
    const product = (high * TWO_32 + low) * unit;
    if (product <= Number.MAX_SAFE_INTEGER) {
      column[i] = product;
      column[i + 1] = product / TWO_32;
    } else {
      const whole = ((BigInt(high) << 32n) | BigInt(low)) * BigInt(unit);
      column[i] = Number(whole & 0xffff_ffffn);
      column[i + 1] = Number((whole >> 32n) & 0xffff_ffffn);
    }
  }
}

/** Sums by node of a stacktrace tree as 64-bit values, and what they add up to. */
export interface NodeSums {
  readonly sums: BigInt64Array;
  /** 1 for each node but the root that has a value at or below it. */
  readonly used: Uint8Array;
  readonly total: bigint;
}

/**
 * Sums in doubles as 64-bit values, in one pass, as most nodes have none.
 * @param doubles - by node, whole and ≥ 0; a total of 2^53 or more is not exact, but not less
 * @param parent - by node; parents have smaller numbers than their children
 */
export function settleDoubles(doubles: Float64Array, parent: Uint32Array): NodeSums {
  const sums = new BigInt64Array(doubles.length);
  const halves = halvesOf(sums);
  const used = new Uint8Array(doubles.length);
  let total = 0;
  for (let node = doubles.length - 1; node >= 0; node--) {
    const value = doubles[node];
    if (value !== 0) {
      total += value;
      const high = value < TWO_32 ? 0 : Math.floor(value / TWO_32);
      halves[2 * node] = value - high * TWO_32;
      halves[2 * node + 1] = high;
    } else if (used[node] === 0) continue;
    used[node] = 1;
    used[parent[node]] = 1;
  }
  return { sums, used, total: BigInt(total) };
}

/** The same of sums that were added up as 64-bit values. @throws {FlamelakeError} `out_of_range` when the total leaves int64 */
export function settleInt64s(sums: BigInt64Array, parent: Uint32Array | Int32Array): NodeSums {
  const halves = halvesOf(sums);
  const used = new Uint8Array(sums.length);
  for (let node = sums.length - 1; node >= 0; node--) {
    if (used[node] === 0 && (halves[2 * node] | halves[2 * node + 1]) === 0) continue;
    used[node] = 1;
    used[parent[node]] = 1;
  }
  return { sums, used, total: sumValues(sums, 0, sums.length) };
}
