/** Writes a dataset's sections. The order puts what is read together side by side: a flame graph is one or two ranges of the object. */
import { profileTypeId } from '@flamelake/model';
import { IDENTITY_BYTES } from './block-sections.ts';
import { compareSeries, type DatasetState, type StoredSeries } from './dataset-state.ts';
import { writeFunctions } from './functions-section.ts';
import { listSamples, type OrderedRows, runsOfLists } from './list-samples.ts';
import { writeLocations } from './locations-section.ts';
import { writeMappings } from './mappings-section.ts';
import { numberDataset } from './numbering.ts';
import { createPageWriter, endPage, type PageWriter } from './page-writer.ts';
import { writeProfiles } from './profiles-section.ts';
import { writeStacks, writeValues } from './samples-section.ts';
import { writeSeries } from './series-section.ts';
import { writeSpans } from './spans-section.ts';
import { writeStrings } from './strings-section.ts';
import { writeTree } from './tree-section.ts';
import type { DatasetInfo } from './types.ts';

/** The builder's identities as they are stored. */
export interface StoredIdentities {
  readonly ids: Uint8Array;
  /** Number in the order of adding → stored number. */
  readonly number: Uint32Array;
}

export interface EncodedDataset {
  readonly info: DatasetInfo;
  /** Its pages. */
  readonly writer: PageWriter;
}

/** Encodes a dataset; yields before what takes a while, so that a caller can let others run. */
export function* encodeDataset(
  state: DatasetState,
  identities: StoredIdentities,
  level: number,
): Generator<undefined, EncodedDataset> {
  const writer = createPageWriter(level);
  const seriesOrder = state.series.map((_, i) => i);
  seriesOrder.sort((a, b) => compareSeries(state.series[a], state.series[b]));
  const series = seriesOrder.map((i) => state.series[i]);
  const rows = orderRows(state, seriesOrder, identities);
  const typeEnds = endsOfTypes(series, rows.series);
  const numbering = numberDataset(state);
  yield;
  const lists = listSamples(state, rows, numbering);
  yield;
  writeSeries(writer, series, rowCounts(rows.series, series.length));
  endPage(writer);
  writeProfiles(writer, lists.profiles, typeEnds);
  yield;
  for (const run of runsOfLists(lists, typeEnds)) {
    writeStacks(writer, lists.stacks, run.stackFrom, run.stackUntil);
    writeValues(writer, lists.values, run.valueFrom, run.valueUntil);
    endPage(writer);
    yield;
  }
  writeTree(writer, state, numbering);
  yield;
  writeLocations(writer, state, numbering);
  writeFunctions(writer, state, numbering);
  yield;
  writeStrings(writer, state, numbering.strings);
  endPage(writer);
  yield;
  if (numbering.mappings.count > 0) writeMappings(writer, state, numbering);
  writeSpans(writer, lists.spans);
  endPage(writer);
  const { timeMs } = rows;
  return {
    info: {
      tenant: state.tenant,
      service: state.service,
      minTimeMs: timeMs.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY),
      maxTimeMs: timeMs.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY),
      profileTypes: [...new Set(series.map(({ type }) => profileTypeId(type)))],
      sizeBytes: writer.out.length,
    },
    writer,
  };
}

/** Number of rows of each series. */
function rowCounts(seriesOf: Uint32Array, count: number): Uint32Array {
  const counts = new Uint32Array(count);
  for (let row = 0; row < seriesOf.length; row++) counts[seriesOf[row]] = counts[seriesOf[row]] + 1;
  return counts;
}

/** Rows behind the last one of each profile type. */
function endsOfTypes(series: readonly StoredSeries[], seriesOf: Uint32Array): readonly number[] {
  const ids = series.map(({ type }) => profileTypeId(type));
  const ends: number[] = [];
  for (let row = 1; row <= seriesOf.length; row++) {
    if (row === seriesOf.length || ids[seriesOf[row]] !== ids[seriesOf[row - 1]]) ends.push(row);
  }
  return ends;
}

/** Rows in their stored order. */
function orderRows(state: DatasetState, seriesOrder: readonly number[], identities: StoredIdentities): OrderedRows {
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
  return {
    order,
    count,
    series: order.map((row) => series[row]),
    timeMs: Float64Array.from(order, (row) => time[row]),
    durationNanos: Float64Array.from(order, (row) => rows.durationNanos.items[row]),
    period: BigInt64Array.from(order as never, (row: number) => rows.period.items[row]),
    total: BigInt64Array.from(order as never, (row: number) => rows.total.items[row]),
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
