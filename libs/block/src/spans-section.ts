/**
 * Section of spans, absent when no sample of the dataset has one. A row an element of `stacks` that has a span or a trace.
 * By page column:
 *
 *     0 element, varint   the first as it is, the others as difference from the one before in the page
 *     1 span, varint      number + 1 in column 2, or 0     2 span ids   8 bytes each, little-endian
 *     3 trace, varint     number + 1 in column 4, or 0     4 trace ids  16 bytes each
 */
import type { ByteWriter } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { checkRows, columnOf, readWhole } from './columns.ts';
import { createPageDraft, endColumn, PAGE_ROWS, type Page, type PageDraft, writePage } from './page.ts';
import { listStarts, type StoredProfiles } from './profiles-section.ts';
import type { SpanColumns } from './types.ts';

const SPAN_WORDS = 2;
const TRACE_WORDS = 4;

/** Elements of the lists of stacktraces that have a span or a trace, ascending. */
export interface SpanEntries {
  readonly entry: Uint32Array;
  /** Two words (low half first) a row, zero for none. */
  readonly spans: Uint32Array;
  /** Four words a row, zero for none. */
  readonly traces: Uint32Array;
}

export function writeSpans(out: ByteWriter, { entry, spans, traces }: SpanEntries, level: number): void {
  const draft = createPageDraft();
  for (let from = 0; from < entry.length; from += PAGE_ROWS) {
    const until = Math.min(from + PAGE_ROWS, entry.length);
    for (let i = from; i < until; i++) draft.raw.varint(i === from ? entry[i] : entry[i] - entry[i - 1]);
    endColumn(draft);
    writeIds(draft, spans.subarray(SPAN_WORDS * from, SPAN_WORDS * until), SPAN_WORDS);
    writeIds(draft, traces.subarray(TRACE_WORDS * from, TRACE_WORDS * until), TRACE_WORDS);
    writePage(out, draft, until - from, level);
  }
}

/** Two columns: references into the distinct ids, and the ids in the order of their first use. */
function writeIds(draft: PageDraft, words: Uint32Array, width: number): void {
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
    draft.raw.varint(number);
  }
  endColumn(draft);
  for (const id of distinct) for (const word of id) draft.raw.uint32(word);
  endColumn(draft);
}

/** @param entryCount - elements of all lists of stacktraces */
export function readSpans(
  pages: readonly Page[],
  rows: number,
  profiles: StoredProfiles,
  entryCount: number,
): SpanColumns {
  checkRows(pages, rows);
  const spans = new Uint32Array(entryCount * SPAN_WORDS);
  const traces = new Uint32Array(entryCount * TRACE_WORDS);
  let hasTraces = false;
  for (const page of pages) {
    const entry = readWhole(page, 0, page.rows, (reader, count) => reader.varints(count));
    let at = 0;
    for (let i = 0; i < page.rows; i++) {
      at += entry[i];
      if (at >= entryCount) throw new FlamelakeError('data_loss', 'span belongs to no sample', { entry: at });
      entry[i] = at;
    }
    readIds(page, 1, entry, spans, SPAN_WORDS);
    hasTraces = readIds(page, 3, entry, traces, TRACE_WORDS) || hasTraces;
  }
  const spanIds = new BigUint64Array(bySample(spans, SPAN_WORDS, profiles, entryCount).buffer);
  const traceIds = hasTraces ? new Uint8Array(bySample(traces, TRACE_WORDS, profiles, entryCount).buffer) : undefined;
  return { spanIds, traceIds };
}

/** Puts the ids of a page where they belong; tells whether there is any. */
function readIds(page: Page, column: number, entry: Uint32Array, into: Uint32Array, width: number): boolean {
  const ids = columnOf(page, column + 1);
  const words = Uint32Array.from({ length: Math.floor(ids.remaining / 4) }, () => ids.uint32());
  const limit = Math.floor(words.length / width) + 1;
  const references = readWhole(page, column, page.rows, (reader, count) => reader.varints(count, limit));
  references.forEach((reference, row) => {
    if (reference !== 0) into.set(words.subarray(width * (reference - 1), width * reference), width * entry[row]);
  });
  return words.length > 0;
}

/** By element of the lists → by sample. */
function bySample(byEntry: Uint32Array, width: number, profiles: StoredProfiles, entryCount: number): Uint32Array {
  const { count, sampleStart } = profiles;
  const samples = new Uint32Array(sampleStart[count] * width);
  listStarts(profiles, entryCount).forEach((start, row) => {
    const length = sampleStart[row + 1] - sampleStart[row];
    samples.set(byEntry.subarray(width * start, width * (start + length)), width * sampleStart[row]);
  });
  return samples;
}
