/** Writes a dataset's sections. The order puts what is read together side by side: a flame graph is one range of the object. */

import { ByteWriter } from '@flamelake/formats';
import { profileTypeId } from '@flamelake/model';
import { IDENTITY_BYTES } from './block-sections.ts';
import { compareSeries, type DatasetState } from './dataset-state.ts';
import { writeFunctions } from './functions-section.ts';
import { writeLocations } from './locations-section.ts';
import { writeMappings } from './mappings-section.ts';
import { numberDataset } from './numbering.ts';
import { orderEntries } from './order-samples.ts';
import { type StoredProfiles, writeProfiles } from './profiles-section.ts';
import { writeStacks, writeValues } from './samples-section.ts';
import { SECTION, type StoredSection } from './section.ts';
import { writeSeries } from './series-section.ts';
import { type SpanEntries, writeSpans } from './spans-section.ts';
import { writeStrings } from './strings-section.ts';
import { writeTree } from './tree-section.ts';
import type { DatasetInfo } from './types.ts';
import { commonDivisor } from './value-unit.ts';

const TWO_32 = 0x1_0000_0000;

/** The builder's identities as they are stored. */
export interface StoredIdentities {
  readonly ids: Uint8Array;
  /** Number in the order of adding → stored number. */
  readonly number: Uint32Array;
}

export interface EncodedSection {
  readonly kind: number;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

export interface EncodedDataset {
  readonly info: DatasetInfo;
  readonly sections: readonly EncodedSection[];
}

/** Encodes a dataset; yields before each section, so that a caller can let others run. */
export function* encodeDataset(
  state: DatasetState,
  identities: StoredIdentities,
  level: number,
): Generator<undefined, EncodedDataset> {
  const numbering = numberDataset(state);
  const { stacktrace, source } = orderEntries(state, numbering);
  const seriesOrder = state.series.map((_, i) => i);
  seriesOrder.sort((a, b) => compareSeries(state.series[a], state.series[b]));
  const rows = orderRows(state, seriesOrder, identities);
  const lists = orderLists(state, rows.stackList);
  const { quotients, profiles } = divideValues(state, rows, source);
  const series = seriesOrder.map((i) => state.series[i]);
  const spans = orderSpans(state, lists, source);
  const writers: readonly [StoredSection, number, (out: ByteWriter) => void][] = [
    ['series', series.length, (out) => writeSeries(out, series, level)],
    ['profiles', rows.count, (out) => writeProfiles(out, profiles, level)],
    ['stacks', stacktrace.length, (out) => writeStacks(out, listSteps(state, lists, stacktrace), level)],
    ['values', quotients.length, (out) => writeValues(out, quotients, level)],
    ['tree', numbering.nodes.count - 1, (out) => writeTree(out, state, numbering, level)],
    ['locations', numbering.locations.count, (out) => writeLocations(out, state, numbering, level)],
    ['functions', numbering.functions.count, (out) => writeFunctions(out, state, numbering, level)],
    ['strings', numbering.strings.count, (out) => writeStrings(out, state, numbering.strings, level)],
    ['mappings', numbering.mappings.count, (out) => writeMappings(out, state, numbering, level)],
    ['spans', spans.entry.length, (out) => writeSpans(out, spans, level)],
  ];
  const sections: EncodedSection[] = [];
  for (const [section, count, write] of writers) {
    if (count === 0) continue;
    yield;
    const out = new ByteWriter(4096);
    write(out);
    sections.push({ kind: SECTION[section], rows: count, bytes: out.view() });
  }
  const { timeMs } = profiles;
  return {
    info: {
      tenant: state.tenant,
      service: state.service,
      minTimeMs: timeMs.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY),
      maxTimeMs: timeMs.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY),
      profileTypes: [...new Set(series.map(({ type }) => profileTypeId(type)))],
      sizeBytes: sections.reduce((sum, { bytes }) => sum + bytes.length, 0),
    },
    sections,
  };
}

/** Rows in their stored order, with all but their values' unit; `order` is their old numbers. */
function orderRows(
  state: DatasetState,
  seriesOrder: readonly number[],
  identities: StoredIdentities,
): StoredProfiles & { readonly order: Uint32Array } {
  const { rows } = state;
  const count = rows.series.count;
  const rank = new Uint32Array(seriesOrder.length);
  seriesOrder.forEach((series, at) => {
    rank[series] = at;
  });
  const series = Uint32Array.from(rows.series.items.subarray(0, count), (number) => rank[number]);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const { items: time } = rows.timeMs;
  const { items: identity } = rows.identity;
  const { items: group } = rows.group;
  order.sort(
    (a, b) =>
      series[a] - series[b] ||
      time[a] - time[b] ||
      compareIds(identities, identity[a], identity[b]) ||
      group[a] - group[b] ||
      a - b,
  );
  const sampleStart = new Uint32Array(count + 1);
  const { items: listStart } = state.listStart;
  order.forEach((row, i) => {
    const list = rows.list.items[row];
    sampleStart[i + 1] = sampleStart[i] + listStart[list + 1] - listStart[list];
  });
  return {
    order,
    count,
    series: order.map((row) => series[row]),
    timeMs: Float64Array.from(order, (row) => time[row]),
    durationNanos: Float64Array.from(order, (row) => rows.durationNanos.items[row]),
    period: BigInt64Array.from(order as never, (row: number) => rows.period.items[row]),
    total: BigInt64Array.from(order as never, (row: number) => rows.total.items[row]),
    unit: new Float64Array(count),
    sampleStart,
    stackList: order.map((row) => rows.list.items[row]),
    identity: order.map((row) => identities.number[identity[row]]),
    group: order.map((row) => group[row]),
  };
}

function compareIds({ ids, number }: StoredIdentities, a: number, b: number): number {
  const x = number[a] * IDENTITY_BYTES;
  const y = number[b] * IDENTITY_BYTES;
  for (let i = 0; i < IDENTITY_BYTES; i++) {
    const order = ids[x + i] - ids[y + i];
    if (order !== 0) return order;
  }
  return 0;
}

/** Numbers lists as their first rows come, in place; returns their old numbers in that order. */
function orderLists(state: DatasetState, stackList: Uint32Array): readonly number[] {
  const numbers = new Uint32Array(state.listStart.count);
  const old: number[] = [];
  stackList.forEach((list, row) => {
    if (numbers[list] === 0) numbers[list] = old.push(list);
    stackList[row] = numbers[list] - 1;
  });
  return old;
}

/** Stacktraces of the lists in their stored order: the first of each as it is, the others as steps. */
function listSteps(state: DatasetState, lists: readonly number[], stacktrace: Uint32Array): Uint32Array {
  const steps = new Uint32Array(stacktrace.length);
  let at = 0;
  for (const list of lists) {
    let previous = 0;
    const end = state.listStart.items[list + 1];
    for (let entry = state.listStart.items[list]; entry < end; entry++) {
      const node = stacktrace[entry];
      steps[at++] = node - previous;
      previous = node;
    }
  }
  return steps;
}

/** Values in their stored order, divided by their row's unit. */
function divideValues(
  state: DatasetState,
  rows: StoredProfiles & { readonly order: Uint32Array },
  source: Uint32Array,
): { quotients: BigInt64Array; profiles: StoredProfiles } {
  const quotients = new BigInt64Array(rows.sampleStart[rows.count]);
  const out = new Uint32Array(quotients.buffer);
  const { items: halves } = state.values;
  const unit = new Float64Array(rows.count);
  let at = 0;
  rows.order.forEach((row, i) => {
    const list = state.rows.list.items[row];
    const start = state.listStart.items[list];
    const count = state.listStart.items[list + 1] - start;
    const from = state.rows.valueStart.items[row];
    const divisor = commonDivisor(halves, from, count);
    unit[i] = divisor;
    for (let k = 0; k < count; k++, at += 2) {
      const value = 2 * (from + source[start + k] - start);
      const low = halves[value];
      const high = halves[value + 1];
      if (divisor === 1) {
        out[at] = low;
        out[at + 1] = high;
      } else {
        const quotient = Math.round((high * TWO_32 + low) / divisor);
        out[at] = quotient;
        out[at + 1] = quotient / TWO_32;
      }
    }
  });
  return { quotients, profiles: { ...rows, unit } };
}

/** Spans and traces in the order of the stored lists. */
function orderSpans(state: DatasetState, lists: readonly number[], source: Uint32Array): SpanEntries {
  const { items: spans, count: spanWords } = state.spans;
  const { items: traces, count: traceWords } = state.traces;
  const entries: number[] = [];
  const olds: number[] = [];
  let at = 0;
  for (const list of lists) {
    const end = state.listStart.items[list + 1];
    for (let entry = state.listStart.items[list]; entry < end; entry++, at++) {
      const old = source[entry];
      let bits = 2 * old < spanWords ? spans[2 * old] | spans[2 * old + 1] : 0;
      if (4 * old < traceWords) for (let word = 4 * old; word < 4 * old + 4; word++) bits |= traces[word];
      if (bits === 0) continue;
      entries.push(at);
      olds.push(old);
    }
  }
  const ordered = { spans: new Uint32Array(2 * olds.length), traces: new Uint32Array(4 * olds.length) };
  olds.forEach((old, i) => {
    if (2 * old < spanWords) ordered.spans.set(spans.subarray(2 * old, 2 * old + 2), 2 * i);
    if (4 * old < traceWords) ordered.traces.set(traces.subarray(4 * old, 4 * old + 4), 4 * i);
  });
  return { entry: Uint32Array.from(entries), ...ordered };
}
