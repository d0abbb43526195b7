/** Merges samples that share label set, stack, span and trace, and lays each label set's samples out as columns. */
import { asBigInt64 } from './growing-columns.ts';
import type { LabelGroups } from './label-groups.ts';
import type { NormalizedGroup } from './normalized-profile.ts';
import type { Pprof } from './pprof.ts';
import { tableSize } from './symbol-compactor.ts';

const HASH_MULTIPLIER = 0x9e37_79b1;
const TRACE_BYTES = 16;

/** Rows: the merged samples, each known by the first sample in it. */
interface Rows {
  readonly count: number;
  /** Row by kept sample. */
  readonly row: Uint32Array;
  /** First kept sample of each row. */
  readonly first: Uint32Array;
}

/**
 * @param kept - samples by index; `stack` and the columns of `labels` go with it
 * @returns a group for each label set that has samples
 */
export function mergeSamples(
  pprof: Pprof,
  kept: Uint32Array,
  stack: Uint32Array,
  labels: LabelGroups,
): NormalizedGroup[] {
  if (kept.length === 0) return [];
  const rows = mergeRows(stack, labels);
  const sums = sumRows(pprof, kept, rows);
  const setCount = labels.labelSets.length;
  // Rows sorted by group, in order within it.
  const rowStart = new Uint32Array(setCount + 1);
  for (let row = 0; row < rows.count; row++) bump(rowStart, groupOf(labels, rows, row) + 1);
  for (let group = 0; group < setCount; group++) rowStart[group + 1] = rowStart[group + 1] + rowStart[group];
  const sorted = new Uint32Array(rows.count);
  const next = rowStart.slice();
  for (let row = 0; row < rows.count; row++) {
    const group = groupOf(labels, rows, row);
    sorted[next[group]] = row;
    bump(next, group);
  }
  return labels.labelSets.map((sampleLabels, group) => {
    const own = sorted.subarray(rowStart[group], rowStart[group + 1]);
    return {
      sampleLabels,
      sampleCount: own.length,
      stack: Uint32Array.from(own, (row) => stack[rows.first[row]]),
      values: columnsOf(own, sums, pprof.sampleTypes.length),
      spanIds: spansOf(own, rows, labels),
      traceIds: tracesOf(own, rows, labels),
    };
  });
}

function bump(column: Uint32Array, at: number): void {
  column[at] = column[at] + 1;
}

function groupOf({ group }: LabelGroups, { first }: Rows, row: number): number {
  return group === undefined ? 0 : group[first[row]];
}

function mergeRows(stack: Uint32Array, { group, span, trace }: LabelGroups): Rows {
  const samples = stack.length;
  const mask = tableSize(samples) - 1;
  const table = new Uint32Array(mask + 1);
  const row = new Uint32Array(samples);
  const first = new Uint32Array(samples);
  let count = 0;
  for (let i = 0; i < samples; i++) {
    let hash = Math.imul(stack[i], HASH_MULTIPLIER);
    if (group !== undefined) hash = Math.imul((hash ^ (hash >>> 15)) + group[i], HASH_MULTIPLIER);
    if (span !== undefined) hash = Math.imul((hash ^ (hash >>> 15)) + span[i], HASH_MULTIPLIER);
    if (trace !== undefined) hash = Math.imul((hash ^ (hash >>> 15)) + trace[i], HASH_MULTIPLIER);
    let slot = (hash ^ (hash >>> 15)) & mask;
    let found = table[slot] - 1;
    for (; found >= 0; slot = (slot + 1) & mask, found = table[slot] - 1) {
      const other = first[found];
      if (
        stack[other] === stack[i] &&
        (group === undefined || group[other] === group[i]) &&
        (span === undefined || span[other] === span[i]) &&
        (trace === undefined || trace[other] === trace[i])
      ) {
        break;
      }
    }
    if (found < 0) {
      found = count++;
      table[slot] = count;
      first[found] = i;
    }
    row[i] = found;
  }
  return { count, row, first };
}

/** Sums by row and type, as low and high halves. No sum leaves int64: all values are ≥ 0 and the totals fit. */
function sumRows(pprof: Pprof, kept: Uint32Array, { count, row }: Rows): Uint32Array {
  const width = pprof.sampleTypes.length * 2;
  const halves = new Uint32Array(pprof.values.buffer, pprof.values.byteOffset, pprof.values.length * 2);
  const sums = new Uint32Array(count * width);
  for (let i = 0; i < kept.length; i++) {
    const from = kept[i] * width;
    const to = row[i] * width;
    for (let j = 0; j < width; j += 2) {
      const low = sums[to + j] + halves[from + j];
      sums[to + j] = low;
      const carry = low > 0xffff_ffff ? 1 : 0;
      sums[to + j + 1] = sums[to + j + 1] + halves[from + j + 1] + carry;
    }
  }
  return sums;
}

/** Type-major values of some rows. */
function columnsOf(own: Uint32Array, sums: Uint32Array, typeCount: number): BigInt64Array {
  const halves = new Uint32Array(own.length * typeCount * 2);
  let at = 0;
  for (let type = 0; type < typeCount; type++) {
    for (let i = 0; i < own.length; i++) {
      const from = (own[i] * typeCount + type) * 2;
      halves[at++] = sums[from];
      halves[at++] = sums[from + 1];
    }
  }
  return asBigInt64(halves);
}

function spansOf(own: Uint32Array, { first }: Rows, { span, spanIds }: LabelGroups): BigUint64Array | undefined {
  if (span === undefined) return undefined;
  const ids = new BigUint64Array(own.length);
  let any = 0;
  for (let i = 0; i < own.length; i++) {
    const number = span[first[own[i]]];
    if (number > 0) ids[i] = spanIds[number - 1];
    any |= number;
  }
  return any === 0 ? undefined : ids;
}

function tracesOf(own: Uint32Array, { first }: Rows, { trace, traceIds }: LabelGroups): Uint8Array | undefined {
  if (trace === undefined) return undefined;
  const ids = new Uint8Array(own.length * TRACE_BYTES);
  let any = 0;
  for (let i = 0; i < own.length; i++) {
    const number = trace[first[own[i]]];
    if (number > 0) ids.set(traceIds.subarray((number - 1) * TRACE_BYTES, number * TRACE_BYTES), i * TRACE_BYTES);
    any |= number;
  }
  return any === 0 ? undefined : ids;
}
