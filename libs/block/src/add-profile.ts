/** Takes one pushed profile into a dataset: the hot path of the segment-writer. */
import type { ProfileRecord, SampleGroup } from '@flamelake/formats';
import { FlamelakeError, LABEL, type Labels, labelsKey } from '@flamelake/model';
import { addSymbols } from './add-symbols.ts';
import { addTimes } from './add-times.ts';
import { addPush, type DatasetState, internSeries } from './dataset-state.ts';
import { halvesOf } from './int64.ts';
import { pushInt64, pushUint32, reserve } from './list.ts';
import { internChild } from './stack-tree.ts';

const TWO_32 = 0x1_0000_0000;
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
const MADE_LABELS: ReadonlySet<string> = new Set([
  LABEL.metricName,
  LABEL.type,
  LABEL.unit,
  LABEL.periodType,
  LABEL.periodUnit,
  LABEL.profileType,
  LABEL.privateServiceName,
  LABEL.serviceName,
]);

/**
 * Sum of each value column of each group, by group and type.
 * @throws {FlamelakeError} `invalid_argument` on a negative value, `out_of_range` when a sum leaves int64
 */
export function sumGroups(record: ProfileRecord): readonly (readonly bigint[])[] {
  return record.groups.map((group) => {
    const halves = halvesOf(group.values);
    return record.types.map((_, type) => sumValues(halves, type * group.sampleCount, group.sampleCount));
  });
}

function sumValues(halves: Uint32Array, from: number, count: number): bigint {
  let low = 0;
  let high = 0;
  for (let i = 2 * from, end = 2 * (from + count); i < end; i += 2) {
    low += halves[i];
    if (low >= TWO_32) {
      low -= TWO_32;
      high++;
    }
    const part = halves[i + 1];
    if (part >= 0x8000_0000) throw new FlamelakeError('invalid_argument', 'sample value is negative');
    high += part;
  }
  const sum = BigInt(high) * BigInt(TWO_32) + BigInt(low);
  if (sum > INT64_MAX) throw new FlamelakeError('out_of_range', 'sum of sample values leaves int64');
  return sum;
}

/**
 * @param record - checked
 * @param totals - sums of its values, by group and type
 * @param identity - number of the profile's identity in the block being built
 */
export function addProfile(
  state: DatasetState,
  record: ProfileRecord,
  totals: readonly (readonly bigint[])[],
  identity: number,
): void {
  const { stacks } = record;
  const location = addSymbols(state, record.symbols);
  const node = new Uint32Array(stacks.count);
  for (let i = 1; i < stacks.count; i++) {
    node[i] = internChild(state.tree, node[stacks.parent[i]], location[stacks.location[i]]);
  }
  const timeMs = Number(record.timeNanos / 1_000_000n);
  const push = addPush(state, timeMs, clampDuration(record.durationNanos), record.period, identity);
  const { rows } = state;
  record.groups.forEach((group, index) => {
    const labels = storedLabels(group.labels);
    const labelsText = labelsKey(labels);
    const listOfType: number[] = [];
    record.types.forEach((type, t) => {
      const total = totals[index][t];
      if (total === 0n) {
        listOfType.push(-1);
        return;
      }
      listOfType.push(findList(group, t, listOfType) ?? addList(state, group, t, node));
      pushUint32(rows.series, internSeries(state, labels, labelsText, type));
      pushUint32(rows.push, push);
      pushInt64(rows.total, total);
      pushUint32(rows.group, index);
      pushUint32(rows.list, listOfType[t]);
      pushUint32(rows.valueStart, state.values.count / 2);
      addValues(state, group, t);
    });
  });
}

/** What of a label set is stored: made labels come back from the type and the service. */
export function storedLabels(labels: Labels): Labels {
  return labels.filter((label) => !MADE_LABELS.has(label.name));
}

function clampDuration(nanos: bigint): number {
  if (nanos <= 0n) return 0;
  return nanos > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(nanos);
}

/** The list of an earlier type that has values for exactly the same samples. */
function findList(group: SampleGroup, type: number, listOfType: readonly number[]): number | undefined {
  const halves = halvesOf(group.values);
  const count = group.sampleCount;
  for (let other = 0; other < listOfType.length; other++) {
    if (listOfType[other] === -1) continue;
    let same = true;
    for (let s = 0, a = 2 * type * count, b = 2 * other * count; s < count && same; s++, a += 2, b += 2) {
      const isZero = (halves[a] | halves[a + 1]) === 0;
      const isOtherZero = (halves[b] | halves[b + 1]) === 0;
      same = isZero === isOtherZero;
    }
    if (same) return listOfType[other];
  }
  return undefined;
}

/** Appends the list of the samples that have a value of this type, with their spans and times. */
function addList(state: DatasetState, group: SampleGroup, type: number, node: Uint32Array): number {
  const { entries, spans, traces, listStart } = state;
  const halves = halvesOf(group.values);
  const spanHalves = group.spanIds === undefined ? undefined : halvesOf(group.spanIds);
  reserve(entries, entries.count + group.sampleCount);
  for (let s = 0, at = 2 * type * group.sampleCount; s < group.sampleCount; s++, at += 2) {
    if ((halves[at] | halves[at + 1]) === 0) continue;
    const entry = entries.count++;
    entries.items[entry] = node[group.stack[s]];
    if (spanHalves !== undefined) {
      reserve(spans, 2 * entry + 2);
      spans.items[2 * entry] = spanHalves[2 * s];
      spans.items[2 * entry + 1] = spanHalves[2 * s + 1];
      spans.count = 2 * entry + 2;
    }
    if (group.traceIds !== undefined) {
      reserve(traces, 4 * entry + 4);
      for (let word = 0; word < 4; word++) traces.items[4 * entry + word] = wordAt(group.traceIds, 16 * s + 4 * word);
      traces.count = 4 * entry + 4;
    }
    if (group.times !== undefined) {
      addTimes(state, entry, group.times.offsetMs, group.times.start[s], group.times.start[s + 1]);
    }
  }
  pushUint32(listStart, entries.count);
  return listStart.count - 2;
}

function addValues(state: DatasetState, group: SampleGroup, type: number): void {
  const { values } = state;
  const halves = halvesOf(group.values);
  reserve(values, values.count + 2 * group.sampleCount);
  const { items } = values;
  let count = values.count;
  for (let at = 2 * type * group.sampleCount, end = at + 2 * group.sampleCount; at < end; at += 2) {
    const low = halves[at];
    const high = halves[at + 1];
    if ((low | high) === 0) continue;
    items[count++] = low;
    items[count++] = high;
  }
  values.count = count;
}

/** Four bytes as a little-endian word. */
function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
