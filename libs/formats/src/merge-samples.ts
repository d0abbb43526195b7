/** Merges samples that share label set, stack, span and trace, and lays each label set's samples out as columns. */
import { asBigInt64 } from './growing-columns.ts';
import type { LabelGroups } from './label-groups.ts';
import { mergeTimes, timesOf } from './merge-times.ts';
import type { NormalizedGroup } from './normalized-profile.ts';
import type { Pprof } from './pprof.ts';
import { tableSize } from './symbol-compactor.ts';

const HASH_MULTIPLIER = 0x9e37_79b1;
const TRACE_BYTES = 16;

/** Rows: the merged samples, each known by the first sample in it. */
export interface Rows {
  readonly count: number;
  /** Row by kept sample. */
  readonly row: Uint32Array;
  /** First kept sample of each row. */
  readonly first: Uint32Array;
}

/**
 * @param kept - samples by index; `stack` and the columns of `labels` go with it
 * @returns a group for each label set that has samples; their columns are views of the same memory
 */
export function mergeSamples(
  pprof: Pprof,
  kept: Uint32Array,
  stack: Uint32Array,
  labels: LabelGroups,
): NormalizedGroup[] {
  if (kept.length === 0) return [];
  const rows = mergeRows(stack, labels);
  const { rowStart, sorted } = sortByGroup(rows, labels);
  const { length: typeCount } = pprof.sampleTypes;
  const stacks = new Uint32Array(rows.count);
  for (let i = 0; i < sorted.length; i++) stacks[i] = stack[rows.first[sorted[i]]];
  const values = columnsOf(sumRows(pprof, kept, rows), sorted, rowStart, typeCount);
  const spans = spansOf(sorted, rows, labels);
  const traces = tracesOf(sorted, rows, labels);
  const allTimes = mergeTimes(pprof, kept, rows, sorted);
  return labels.labelSets.map((sampleLabels, group) => {
    const from = rowStart[group];
    const until = rowStart[group + 1];
    const spanIds = spans?.subarray(from, until);
    const traceIds = traces?.subarray(from * TRACE_BYTES, until * TRACE_BYTES);
    const times = allTimes && timesOf(allTimes, from, until);
    return {
      sampleLabels,
      sampleCount: until - from,
      stack: stacks.subarray(from, until),
      values: values.subarray(from * typeCount, until * typeCount),
      spanIds: spanIds?.some((id) => id !== 0n) ? spanIds : undefined,
      traceIds: traceIds?.some((byte) => byte !== 0) ? traceIds : undefined,
      ...(times && { times }),
    };
  });
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

/** Rows in order of their groups: those of group `g` are `sorted[rowStart[g], rowStart[g + 1])`. */
function sortByGroup({ count, first }: Rows, { group, labelSets }: LabelGroups) {
  const sorted = new Uint32Array(count);
  const rowStart = new Uint32Array(labelSets.length + 1);
  if (group === undefined) {
    for (let row = 0; row < count; row++) sorted[row] = row;
    rowStart[labelSets.length] = count;
    return { rowStart, sorted };
  }
  for (let row = 0; row < count; row++) rowStart[group[first[row]] + 1]++;
  for (let i = 1; i < rowStart.length; i++) rowStart[i] += rowStart[i - 1];
  const next = rowStart.slice();
  for (let row = 0; row < count; row++) sorted[next[group[first[row]]]++] = row;
  return { rowStart, sorted };
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
      sums[to + j + 1] += halves[from + j + 1] + (low > 0xffff_ffff ? 1 : 0);
    }
  }
  return sums;
}

/** Values of all groups one after the other, each type-major. */
function columnsOf(sums: Uint32Array, sorted: Uint32Array, rowStart: Uint32Array, typeCount: number): BigInt64Array {
  const halves = new Uint32Array(sums.length);
  let at = 0;
  for (let group = 1; group < rowStart.length; group++) {
    for (let type = 0; type < typeCount; type++) {
      for (let i = rowStart[group - 1]; i < rowStart[group]; i++) {
        const from = (sorted[i] * typeCount + type) * 2;
        halves[at++] = sums[from];
        halves[at++] = sums[from + 1];
      }
    }
  }
  return asBigInt64(halves);
}

function spansOf(sorted: Uint32Array, { first }: Rows, { span, spanIds }: LabelGroups): BigUint64Array | undefined {
  if (span === undefined) return undefined;
  const ids = new BigUint64Array(sorted.length);
  for (let i = 0; i < sorted.length; i++) {
    const number = span[first[sorted[i]]];
    if (number > 0) ids[i] = spanIds[number - 1];
  }
  return ids;
}

function tracesOf(sorted: Uint32Array, { first }: Rows, { trace, traceIds }: LabelGroups): Uint8Array | undefined {
  if (trace === undefined) return undefined;
  const ids = new Uint8Array(sorted.length * TRACE_BYTES);
  for (let i = 0; i < sorted.length; i++) {
    const number = trace[first[sorted[i]]];
    if (number > 0) ids.set(traceIds.subarray((number - 1) * TRACE_BYTES, number * TRACE_BYTES), i * TRACE_BYTES);
  }
  return ids;
}
