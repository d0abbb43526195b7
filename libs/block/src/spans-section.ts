/**
 * Section of spans, absent when no sample of the dataset has one. A row an element of a list of stacktraces that has a span or
 * a trace. By column:
 *
 *     0 list, delta                            1 element in the list, delta
 *     2 span, varint: number + 1 in column 3, or 0      3 span ids   8 bytes each, little-endian
 *     4 trace, varint: number + 1 in column 5, or 0     5 trace ids  16 bytes each
 *
 * A delta is the zigzag varint of the difference from the row before in the part; the first counts from 0.
 */
import { FlamelakeError } from '@flamelake/model';
import { columnOf, join, readWhole } from './columns.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, PART_ROWS, type PageWriter } from './page-writer.ts';
import type { StoredProfiles } from './profiles-section.ts';
import type { Lists } from './samples-section.ts';
import type { SampleColumns, SpanColumns } from './types.ts';

const SPAN_WORDS = 2;
const TRACE_WORDS = 4;

/** Elements of the lists of stacktraces that have a span or a trace, ascending. */
export interface SpanEntries {
  readonly list: Uint32Array;
  readonly element: Uint32Array;
  /** Two words (low half first) a row, zero for none. */
  readonly spans: Uint32Array;
  /** Four words a row, zero for none. */
  readonly traces: Uint32Array;
}

export function writeSpans(writer: PageWriter, { list, element, spans, traces }: SpanEntries): void {
  for (let from = 0; from < list.length; from += PART_ROWS) {
    const until = Math.min(from + PART_ROWS, list.length);
    writer.raw.deltas(list.subarray(from, until));
    endColumn(writer);
    writer.raw.deltas(element.subarray(from, until));
    endColumn(writer);
    writeIds(writer, spans.subarray(SPAN_WORDS * from, SPAN_WORDS * until), SPAN_WORDS);
    writeIds(writer, traces.subarray(TRACE_WORDS * from, TRACE_WORDS * until), TRACE_WORDS);
    endPart(writer, 'spans', until - from);
  }
}

/** Two columns: references into the distinct ids, and the ids in the order of their first use. */
function writeIds(writer: PageWriter, words: Uint32Array, width: number): void {
  const numbers = new Map<string, number>();
  const distinct: Uint32Array[] = [];
  for (let at = 0; at < words.length; at += width) {
    const id = words.subarray(at, at + width);
    const key = id.join();
    let number = numbers.get(key);
    if (number === undefined) {
      number = id.some((word) => word !== 0) ? distinct.push(id) : 0;
      numbers.set(key, number);
    }
    writer.raw.varint(number);
  }
  endColumn(writer);
  for (const id of distinct) for (const word of id) writer.raw.uint32(word);
  endColumn(writer);
}

/** Elements of each list. @param parts - all decoded parts of lists */
export function listLengths(parts: readonly (Lists<Uint32Array> | undefined)[]): Uint32Array {
  const lengths = parts.map((lists) => {
    const start = lists?.start ?? new Uint32Array(1);
    return start.subarray(1).map((end, list) => end - start[list]);
  });
  return join(lengths, (length) => new Uint32Array(length));
}

/** By sample. @param lengths - elements of each list of stacktraces */
export function readSpans(
  parts: readonly Part[],
  profiles: StoredProfiles,
  samples: SampleColumns,
  lengths: Uint32Array,
): SpanColumns {
  const firstRowOf = rowsByList(profiles, lengths.length);
  const spans = new Uint32Array(samples.count * SPAN_WORDS);
  const traces = new Uint32Array(samples.count * TRACE_WORDS);
  let hasTraces = false;
  for (const part of parts) {
    const list = readWhole(part, 0, part.rows, (reader, count) => reader.deltas(count, lengths.length));
    const element = readWhole(part, 1, part.rows, (reader, count) => reader.deltas(count));
    for (let i = 0; i < part.rows; i++) {
      if (element[i] >= lengths[list[i]]) {
        throw new FlamelakeError('data_loss', 'span belongs to no sample', { list: list[i], element: element[i] });
      }
    }
    const put = (reference: Uint32Array, words: Uint32Array, into: Uint32Array, width: number): void => {
      for (let i = 0; i < part.rows; i++) {
        if (reference[i] === 0) continue;
        const id = words.subarray(width * (reference[i] - 1), width * reference[i]);
        for (let row = firstRowOf.first[list[i]]; row !== 0; row = firstRowOf.next[row - 1]) {
          into.set(id, width * (samples.start[row - 1] + element[i]));
        }
      }
    };
    const ownSpans = readIds(part, 2, SPAN_WORDS);
    put(ownSpans.reference, ownSpans.words, spans, SPAN_WORDS);
    const ownTraces = readIds(part, 4, TRACE_WORDS);
    put(ownTraces.reference, ownTraces.words, traces, TRACE_WORDS);
    hasTraces ||= ownTraces.words.length > 0;
  }
  return {
    spanIds: new BigUint64Array(spans.buffer),
    traceIds: hasTraces ? new Uint8Array(traces.buffer) : undefined,
  };
}

/** Rows + 1 that name a list, chained: the first by list, the next by row; 0 ends. */
function rowsByList({ count, stackList }: StoredProfiles, lists: number): { first: Uint32Array; next: Uint32Array } {
  const first = new Uint32Array(lists);
  const next = new Uint32Array(count);
  for (let row = count - 1; row >= 0; row--) {
    next[row] = first[stackList[row]];
    first[stackList[row]] = row + 1;
  }
  return { first, next };
}

/** References of a part's rows, and the ids they refer to. */
function readIds(part: Part, column: number, width: number): { reference: Uint32Array; words: Uint32Array } {
  const ids = columnOf(part, column + 1);
  const words = Uint32Array.from({ length: Math.floor(ids.remaining / 4) }, () => ids.uint32());
  const limit = Math.floor(words.length / width) + 1;
  const reference = readWhole(part, column, part.rows, (reader, count) => reader.varints(count, limit));
  return { reference, words };
}
