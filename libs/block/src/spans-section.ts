/**
 * Section of spans, absent when no sample of the dataset has one. A row an element of the section `stacks`. By page column:
 *
 *     0 span, varint     number + 1 in column 1, or 0     1 span ids   8 bytes each, little-endian
 *     2 trace, varint    number + 1 in column 3, or 0     3 trace ids  16 bytes each
 */
import type { ByteReader, ByteWriter } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { checkRows, columnOf, readWhole } from './columns.ts';
import { createPageDraft, endColumn, PAGE_ROWS, type Page, type PageDraft, writePage } from './page.ts';
import type { StoredProfiles } from './profiles-section.ts';
import { listStarts } from './samples-section.ts';
import type { SpanColumns } from './types.ts';

const SPAN_WORDS = 2;
const TRACE_WORDS = 4;

/** @param spans - two words an element; @param traces - four words an element */
export function writeSpans(out: ByteWriter, spans: Uint32Array, traces: Uint32Array, level: number): void {
  const count = spans.length / SPAN_WORDS;
  const draft = createPageDraft();
  for (let from = 0; from < count; from += PAGE_ROWS) {
    const until = Math.min(from + PAGE_ROWS, count);
    writeIds(draft, spans.subarray(SPAN_WORDS * from, SPAN_WORDS * until), SPAN_WORDS);
    writeIds(draft, traces.subarray(TRACE_WORDS * from, TRACE_WORDS * until), TRACE_WORDS);
    writePage(out, draft, until - from, level);
  }
}

/** Two columns: references into the distinct ids, and the ids in the order of their first use. */
function writeIds(draft: PageDraft, words: Uint32Array, width: number): void {
  const numbers = new Map<string, number>();
  const firsts: number[] = [];
  for (let at = 0; at < words.length; at += width) {
    const id = words.subarray(at, at + width);
    let number = 0;
    if (id.some((word) => word !== 0)) {
      const key = id.join();
      const known = numbers.get(key);
      if (known === undefined) firsts.push(at);
      number = known ?? firsts.length;
      numbers.set(key, number);
    }
    draft.raw.varint(number);
  }
  endColumn(draft);
  for (const first of firsts) for (const word of words.subarray(first, first + width)) draft.raw.uint32(word);
  endColumn(draft);
}

export function readSpans(pages: readonly Page[], profiles: StoredProfiles, entryCount: number): SpanColumns {
  checkRows(pages, entryCount);
  const spans = new Uint32Array(entryCount * SPAN_WORDS);
  const traces = new Uint32Array(entryCount * TRACE_WORDS);
  let entry = 0;
  let hasTraces = false;
  for (const page of pages) {
    readIds(page, 0, spans, SPAN_WORDS, entry);
    if (columnOf(page, 3).remaining > 0) hasTraces = true;
    readIds(page, 2, traces, TRACE_WORDS, entry);
    entry += page.rows;
  }
  const bySample = expand(spans, SPAN_WORDS, profiles, entryCount);
  return {
    spanIds: new BigUint64Array(bySample.buffer),
    traceIds: hasTraces ? new Uint8Array(expand(traces, TRACE_WORDS, profiles, entryCount).buffer) : undefined,
  };
}

function readIds(page: Page, column: number, into: Uint32Array, width: number, entry: number): void {
  const ids: ByteReader = columnOf(page, column + 1);
  const words = Uint32Array.from({ length: Math.floor(ids.remaining / 4) }, () => ids.uint32());
  const idCount = words.length / width;
  const references = readWhole(page, column, page.rows, (reader, count) => reader.varints(count, idCount + 1));
  if (!Number.isInteger(idCount)) throw new FlamelakeError('data_loss', 'span ids are cut short');
  references.forEach((reference, row) => {
    if (reference !== 0) into.set(words.subarray(width * (reference - 1), width * reference), width * (entry + row));
  });
}

/** By element of the lists → by sample. */
function expand(byEntry: Uint32Array, width: number, profiles: StoredProfiles, entryCount: number): Uint32Array {
  const { count, sampleStart } = profiles;
  const bySample = new Uint32Array(sampleStart[count] * width);
  listStarts(profiles, entryCount).forEach((start, row) => {
    const from = sampleStart[row];
    const length = sampleStart[row + 1] - from;
    bySample.set(byEntry.subarray(width * start, width * (start + length)), width * from);
  });
  return bySample;
}
