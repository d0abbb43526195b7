/**
 * The innermost loop of a flame graph: values added up by stacktrace, then each used node of the stacktrace tree visited once.
 * Sums wrap silently here; callers know from the rows' totals that none can (values are ≥ 0, so no sum exceeds the total).
 */

/** Adds samples `[from, until)` to `sums`, by stacktrace. Int64 arrays add without allocating. */
export function accumulate(
  sums: BigInt64Array,
  stacktrace: Uint32Array,
  value: BigInt64Array,
  from: number,
  until: number,
): void {
  for (let i = from; i < until; i++) {
    const node = stacktrace[i];
    sums[node] = sums[node] + value[i];
  }
}

/** Marks, with 1, every node but the root that has a value at or below it. Parents have smaller numbers than their children. */
export function markUsed(sums: BigInt64Array, parent: Uint32Array, count: number): Uint8Array {
  // Zero is found by its two halves: comparing 64-bit values would cost more.
  const halves = new Int32Array(sums.buffer, sums.byteOffset, sums.length * 2);
  const used = new Uint8Array(count);
  for (let node = count - 1; node > 0; node--) {
    if (used[node] === 0 && (halves[2 * node] | halves[2 * node + 1]) === 0) continue;
    used[node] = 1;
    used[parent[node]] = 1;
  }
  return used;
}
