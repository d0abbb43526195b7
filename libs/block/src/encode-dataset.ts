/** Writes a dataset's sections. The order puts what is read together side by side: a flame graph is one or two ranges of the object. */
import type { ByteWriter } from '@flamelake/formats';
import { profileTypeId } from '@flamelake/model';
import { IDENTITY_BYTES } from './block-sections.ts';
import { compareSeries, type DatasetState, type StoredSeries } from './dataset-state.ts';
import { writeFunctions } from './functions-section.ts';
import type { SeriesRows } from './labels-section.ts';
import { listSamples, type OrderedRows, runsOfLists } from './list-samples.ts';
import { writeLocations } from './locations-section.ts';
import { writeMappings } from './mappings-section.ts';
import { numberDataset } from './numbering.ts';
import { createPageWriter, endPage, type PageWriter } from './page-writer.ts';
import { writeProfiles } from './profiles-section.ts';
import { type PushColumns, writePushes } from './pushes-section.ts';
import { writeStacks, writeValues } from './samples-section.ts';
import { writeSeries } from './series-section.ts';
import { writeSpans } from './spans-section.ts';
import { writeStrings } from './strings-section.ts';
import { writeTimes } from './times-section.ts';
import { sumTotals, writeTotals } from './totals-section.ts';
import { writeTree } from './tree-section.ts';
import type { DatasetInfo } from './types.ts';

/** The builder's identities as they are stored. */
export interface StoredIdentities {
  readonly ids: Uint8Array;
  /** Number in the order of adding → stored number. */
  readonly number: Uint32Array;
}

export interface EncodedDataset extends SeriesRows {
  readonly info: DatasetInfo;
  /** Its pages. */
  readonly writer: PageWriter;
}

/**
 * Encodes a dataset; yields before what takes a while, so that a caller can let others run.
 * @param level - of zstd
 * @param raw - empty, and empty again at the end
 * @param totalsMs - width of the windows of profile time that get totals, ms; none get any when it is left out
 */
export function* encodeDataset(
  state: DatasetState,
  identities: StoredIdentities,
  level: number,
  raw: ByteWriter,
  totalsMs?: number,
): Generator<undefined, EncodedDataset> {
  const writer = createPageWriter(level, raw);
  const seriesOrder = state.series.map((_, i) => i);
  seriesOrder.sort((a, b) => compareSeries(state.series[a], state.series[b]));
  const series = seriesOrder.map((i) => state.series[i]);
  const rows = orderRows(state, seriesOrder, identities);
  const typeEnds = endsOfTypes(series, rows.series);
  const pushes = orderPushes(state, rows, identities);
  const numbering = numberDataset(state);
  yield;
  const lists = listSamples(state, rows, numbering);
  yield;
  const seriesRows = rowCounts(rows.series, series.length);
  writeSeries(writer, series, seriesRows);
  endPage(writer);
  writePushes(writer, pushes);
  writeProfiles(writer, lists.profiles, typeEnds);
  yield;
  for (const run of runsOfLists(lists, typeEnds)) {
    writeStacks(writer, lists.stacks, run.stackFrom, run.stackUntil);
    writeValues(writer, lists.values, lists.isPaired, run.valueFrom, run.valueUntil);
    endPage(writer);
    yield;
  }
  if (totalsMs !== undefined) {
    writeTotals(writer, yield* sumTotals(state, rows, numbering, typeEnds, totalsMs));
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
  writeTimes(writer, lists.times);
  endPage(writer);
  const { timeMs } = pushes;
  return {
    info: {
      tenant: state.tenant,
      service: state.service,
      minTimeMs: timeMs.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY),
      maxTimeMs: timeMs.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY),
      profileTypes: [...new Set(series.map(({ type }) => profileTypeId(type)))],
      sizeBytes: writer.out.length,
    },
    series,
    rows: seriesRows,
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
  const { items: push } = rows.push;
  const { items: group } = rows.group;
  const { items: time } = state.pushes.timeMs;
  const { items: identity } = state.pushes.identity;
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  order.sort(
    (a, b) =>
      series[a] - series[b] ||
      time[push[a]] - time[push[b]] ||
      compareIds(identities, identity[push[a]], identity[push[b]]) ||
      group[a] - group[b] ||
      a - b,
  );
  return {
    order,
    count,
    series: order.map((row) => series[row]),
    push: order.map((row) => push[row]),
    total: BigInt64Array.from(order as never, (row: number) => rows.total.items[row]),
    group: order.map((row) => group[row]),
  };
}

/** Pushes as their first rows come; numbers them anew in `rows`. */
function orderPushes({ pushes }: DatasetState, rows: OrderedRows, identities: StoredIdentities): PushColumns {
  const numbers = new Uint32Array(pushes.identity.count);
  const old: number[] = [];
  for (let row = 0; row < rows.count; row++) {
    const push = rows.push[row];
    if (numbers[push] === 0) numbers[push] = old.push(push);
    rows.push[row] = numbers[push] - 1;
  }
  return {
    count: old.length,
    timeMs: Float64Array.from(old, (push) => pushes.timeMs.items[push]),
    durationNanos: Float64Array.from(old, (push) => pushes.durationNanos.items[push]),
    period: BigInt64Array.from(old as never, (push: number) => pushes.period.items[push]),
    identity: Uint32Array.from(old, (push) => identities.number[pushes.identity.items[push]]),
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
