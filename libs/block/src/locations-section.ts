/**
 * Section of a dataset's locations. By page column:
 *
 *     0 mapping + 1 or 0, varint     1 address, varint     2 number of lines, varint
 *     3 function by line, delta      4 line number by line, zigzag; innermost inlined function first
 *
 * A delta is the zigzag varint of the difference from the element before it in the page; the first counts from 0.
 */
import type { ByteWriter, LocationColumns } from '@flamelake/formats';
import { checkRows, join, readInt64s, readUint32s, readWhole } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { Numbering } from './numbering.ts';
import { createPageDraft, endColumn, PAGE_ROWS, type Page, writePage } from './page.ts';
import { LOCATION_HEAD_WORDS } from './run-table.ts';

/** Pages end at 65,536 locations or, where many functions were inlined, so many lines. */
export function writeLocations(out: ByteWriter, state: DatasetState, numbering: Numbering, level: number): void {
  const { count, old } = numbering.locations;
  const { starts } = state.locations;
  for (let from = 0; from < count; ) {
    let until = from;
    let lines = 0;
    while (until < count && until - from < PAGE_ROWS && lines < PAGE_ROWS) {
      const run = old[until++];
      lines += (starts.items[run + 1] - starts.items[run] - LOCATION_HEAD_WORDS) / 2;
    }
    writeLocationPage(out, state, numbering, from, until, lines, level);
    from = until;
  }
}

function writeLocationPage(
  out: ByteWriter,
  state: DatasetState,
  { locations, functions, mappings }: Numbering,
  from: number,
  until: number,
  lines: number,
  level: number,
): void {
  const { words, starts } = state.locations;
  const draft = createPageDraft();
  const addresses = new BigUint64Array(until - from);
  const halves = new Uint32Array(addresses.buffer);
  const lineCounts = new Uint32Array(until - from);
  const lineFunction = new Uint32Array(lines);
  const lineNumber = new Int32Array(lines);
  let line = 0;
  for (let row = 0; row < lineCounts.length; row++) {
    const run = locations.old[from + row];
    const start = starts.items[run];
    const mapping = words.items[start];
    draft.raw.varint(mapping === 0 ? 0 : mappings.next[mapping - 1]);
    halves[2 * row] = words.items[start + 1];
    halves[2 * row + 1] = words.items[start + 2];
    const firstLine = line;
    for (let at = start + LOCATION_HEAD_WORDS; at < starts.items[run + 1]; at += 2) {
      lineFunction[line] = functions.next[words.items[at]] - 1;
      lineNumber[line++] = words.items[at + 1];
    }
    lineCounts[row] = line - firstLine;
  }
  endColumn(draft);
  draft.raw.varints64(addresses);
  endColumn(draft);
  draft.raw.varints(lineCounts);
  endColumn(draft);
  draft.raw.deltas(lineFunction);
  endColumn(draft);
  draft.raw.signedVarints(lineNumber);
  endColumn(draft);
  writePage(out, draft, until - from, level);
}

export function readLocations(
  pages: readonly Page[],
  rows: number,
  mappingCount: number,
  functionCount: number,
): LocationColumns {
  checkRows(pages, rows);
  const mapping = readUint32s(pages, 0, (reader, count) => reader.varints(count, mappingCount + 1));
  const address = new BigUint64Array(readInt64s(pages, 1, (reader, count) => reader.varints64(count)).buffer);
  const lineCounts = pages.map((page) => readWhole(page, 2, page.rows, (reader, count) => reader.varints(count)));
  const lineStart = new Uint32Array(rows + 1);
  const pageLines: number[] = [];
  let row = 0;
  let lines = 0;
  for (const counts of lineCounts) {
    const before = lines;
    for (const count of counts) {
      lines += count;
      lineStart[++row] = lines;
    }
    pageLines.push(lines - before);
  }
  const lineFunction = pages.map((page, i) =>
    readWhole(page, 3, pageLines[i], (reader, count) => reader.deltas(count, functionCount)),
  );
  const lineNumber = pages.map((page, i) =>
    readWhole(page, 4, pageLines[i], (reader, count) => reader.signedVarints(count)),
  );
  return {
    count: rows,
    mapping,
    address,
    lineStart,
    lineFunction: join(lineFunction, (length) => new Uint32Array(length)),
    lineNumber: join(lineNumber, (length) => new Int32Array(length)),
  };
}
