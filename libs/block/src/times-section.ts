/**
 * Section of times, absent when no sample of the dataset has one. A row an element of a list of stacktraces that has times, in
 * their order; an element with very many has several rows, one after the other. By column:
 *
 *     0 list, delta       1 element in the list, delta
 *     2 times, varint, at least 1
 *     3 a row a time: ms from the time of the push whose rows name the list, delta (int32)
 *
 * A delta is the zigzag varint of the difference from the row before in the part; the first counts from 0.
 */
import { FlamelakeError } from '@flamelake/model';
import { columnOf, join, readWhole, startsOf } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, PART_ROWS, type PageWriter } from './page-writer.ts';
import type { TimeColumns } from './types.ts';

/** Rows of the section; times of row `i` are `[start[i], start[i + 1])`. */
export interface TimeEntries {
  readonly list: Uint32Array;
  readonly element: Uint32Array;
  readonly start: Uint32Array;
  readonly offsets: Uint32Array;
}

/**
 * Times in the order of the stored lists.
 * @param lists - old numbers of the lists in their new order
 * @param source - by entry in the new order, which it was before
 */
export function orderTimes(state: DatasetState, lists: readonly number[], source: Uint32Array): TimeEntries {
  const { items: ends, count } = state.timeEnds;
  const rows: { list: number; element: number; from: number; until: number }[] = [];
  if (count > 0) {
    lists.forEach((old, list) => {
      const first = state.listStart.items[old];
      const end = state.listStart.items[old + 1];
      for (let entry = first; entry < end; entry++) {
        const before = source[entry];
        if (before >= count) continue;
        const until = ends[before];
        const own = before === 0 ? 0 : ends[before - 1];
        for (let from = own; from < until; from += PART_ROWS) {
          rows.push({ list, element: entry - first, from, until: Math.min(until, from + PART_ROWS) });
        }
      }
    });
  }
  const start = new Uint32Array(rows.length + 1);
  rows.forEach(({ from, until }, i) => {
    start[i + 1] = start[i] + until - from;
  });
  const offsets = new Uint32Array(start[rows.length]);
  rows.forEach(({ from, until }, i) => offsets.set(state.times.items.subarray(from, until), start[i]));
  return {
    list: Uint32Array.from(rows, ({ list }) => list),
    element: Uint32Array.from(rows, ({ element }) => element),
    start,
    offsets,
  };
}

/** A part ends at so many rows, or at so many times. */
export function writeTimes(writer: PageWriter, { list, element, start, offsets }: TimeEntries): void {
  for (let from = 0, until = 0; from < list.length; from = until) {
    until = from + 1;
    while (until < list.length && until - from < PART_ROWS && start[until + 1] - start[from] <= PART_ROWS) until++;
    writer.raw.deltas(list.subarray(from, until));
    endColumn(writer);
    writer.raw.deltas(element.subarray(from, until));
    endColumn(writer);
    for (let row = from; row < until; row++) writer.raw.varint(start[row + 1] - start[row]);
    endColumn(writer);
    writer.raw.deltas(offsets.subarray(start[from], start[until]));
    endColumn(writer);
    endPart(writer, 'times', until - from);
  }
}

/** @param lengths - elements of each list of stacktraces */
export function readTimes(parts: readonly Part[], lengths: Uint32Array): TimeColumns {
  const firstElement = startsOf(lengths);
  const ends = new Uint32Array(firstElement[lengths.length] + 1);
  const columns: Uint32Array[] = [];
  /** Elements whose ends are known. */
  let known = 0;
  let times = 0;
  for (const part of parts) {
    const list = readWhole(part, 0, part.rows, (reader, count) => reader.deltas(count, lengths.length));
    const element = readWhole(part, 1, part.rows, (reader, count) => reader.deltas(count));
    const counts = readWhole(part, 2, part.rows, (reader, count) => reader.varints(count));
    const before = times;
    for (let row = 0; row < part.rows; row++) {
      const at = firstElement[list[row]] + element[row];
      if (element[row] >= lengths[list[row]] || at + 1 < known || counts[row] === 0) {
        throw new FlamelakeError('data_loss', 'times belong to no sample', { list: list[row], element: element[row] });
      }
      ends.fill(times, known + 1, at + 1);
      times += counts[row];
      ends[at + 1] = times;
      known = at + 1;
    }
    const reader = columnOf(part, 3);
    // More than there are bytes are refused before there is room for them.
    columns.push(reader.deltas(times - before));
    if (reader.remaining !== 0) throw new FlamelakeError('data_loss', 'column is longer than its rows', { column: 3 });
  }
  ends.fill(times, known + 1);
  const offsets = join(columns, (length) => new Uint32Array(length));
  return { firstElement, start: ends, offsetMs: new Int32Array(offsets.buffer, offsets.byteOffset, offsets.length) };
}
