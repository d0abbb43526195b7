/**
 * Sections of a dataset's symbols, by page column:
 *
 *     strings    0 byte lengths, varint · 1 UTF-8 bytes, back to back; string 0 is empty
 *     functions  0 name, delta · 1 system name - name, zigzag · 2 filename, delta · 3 start line, zigzag
 *     locations  0 mapping + 1 or 0, varint · 1 address, varint · 2 number of lines, varint
 *                3 function by line, delta · 4 line number by line, zigzag
 *     mappings   0 start · 1 limit · 2 offset (varint each) · 3 filename · 4 build id (varint) · 5 flags, varint
 *
 * A delta is the zigzag varint of the difference from the element before it in the page; the first counts from 0.
 */
import type { ByteWriter, FunctionColumns, LocationColumns, MappingColumns, StringColumn } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { checkRows, columnOf, join, readInt64s, readUint32s, readWhole } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { Numbering, Order } from './numbering.ts';
import { createPageDraft, endColumn, PAGE_ROWS, type Page, writePage } from './page.ts';
import type { RunTable } from './run-table.ts';

/** Bytes of strings in a page; one longer string makes a longer page. */
const PAGE_STRING_BYTES = 1_048_576;

export function writeStrings(out: ByteWriter, state: DatasetState, strings: Order, level: number): void {
  const { bytes, offsets } = state.strings;
  const draft = createPageDraft();
  for (let from = 0; from < strings.count; ) {
    let size = 0;
    let until = from;
    while (until < strings.count && (until === from || size < PAGE_STRING_BYTES)) {
      const old = strings.old[until++];
      const length = offsets.items[old + 1] - offsets.items[old];
      size += length;
      draft.raw.varint(length);
    }
    endColumn(draft);
    for (let i = from; i < until; i++) {
      const old = strings.old[i];
      draft.raw.bytes(bytes.items.subarray(offsets.items[old], offsets.items[old + 1]));
    }
    endColumn(draft);
    writePage(out, draft, until - from, level);
    from = until;
  }
}

export function readStrings(pages: readonly Page[], rows: number): StringColumn {
  checkRows(pages, rows);
  const lengths = readUint32s(pages, 0, (reader, count) => reader.varints(count));
  const bytes = join(
    pages.map((page) => columnOf(page, 1)).map((reader) => reader.bytes(reader.remaining)),
    (length) => new Uint8Array(length),
  );
  const offsets = new Uint32Array(rows + 1);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    at += lengths[i];
    offsets[i + 1] = at;
  }
  if (at !== bytes.length || (rows > 0 && lengths[0] !== 0)) {
    throw new FlamelakeError('data_loss', 'string lengths do not match their bytes', {
      lengths: at,
      bytes: bytes.length,
    });
  }
  return { count: rows, bytes, offsets };
}

export function writeFunctions(out: ByteWriter, state: DatasetState, numbering: Numbering, level: number): void {
  const { functions, strings } = numbering;
  const draft = createPageDraft();
  for (let from = 0; from < functions.count; from += PAGE_ROWS) {
    const until = Math.min(from + PAGE_ROWS, functions.count);
    const name = wordColumn(state.functions, functions, 0, from, until, strings);
    const system = wordColumn(state.functions, functions, 1, from, until, strings);
    for (let i = 0; i < system.length; i++) system[i] = system[i] - name[i];
    draft.raw.deltas(name);
    endColumn(draft);
    draft.raw.signedVarints(asInt32(system));
    endColumn(draft);
    draft.raw.deltas(wordColumn(state.functions, functions, 2, from, until, strings));
    endColumn(draft);
    draft.raw.signedVarints(asInt32(wordColumn(state.functions, functions, 3, from, until)));
    endColumn(draft);
    writePage(out, draft, until - from, level);
  }
}

export function readFunctions(pages: readonly Page[], rows: number, stringCount: number): FunctionColumns {
  checkRows(pages, rows);
  const name = readUint32s(pages, 0, (reader, count) => reader.deltas(count, stringCount));
  const systemName = readUint32s(pages, 1, (reader, count) => new Uint32Array(reader.signedVarints(count).buffer));
  for (let i = 0; i < rows; i++) {
    systemName[i] = systemName[i] + name[i];
    if (systemName[i] >= stringCount) throw new FlamelakeError('data_loss', 'stored number is out of range');
  }
  const filename = readUint32s(pages, 2, (reader, count) => reader.deltas(count, stringCount));
  const startLine = readUint32s(pages, 3, (reader, count) => new Uint32Array(reader.signedVarints(count).buffer));
  return { count: rows, name, systemName, filename, startLine: asInt32(startLine) };
}

export function writeLocations(out: ByteWriter, state: DatasetState, numbering: Numbering, level: number): void {
  const { locations, functions, mappings } = numbering;
  const { words, starts } = state.locations;
  const draft = createPageDraft();
  for (let from = 0; from < locations.count; from += PAGE_ROWS) {
    const until = Math.min(from + PAGE_ROWS, locations.count);
    const addresses = new BigUint64Array(until - from);
    const halves = new Uint32Array(addresses.buffer);
    const lineCounts = new Uint32Array(until - from);
    let lines = 0;
    for (let i = from; i < until; i++) {
      const start = starts.items[locations.old[i]];
      const mapping = words.items[start];
      draft.raw.varint(mapping === 0 ? 0 : mappings.next[mapping - 1]);
      halves[2 * (i - from)] = words.items[start + 1];
      halves[2 * (i - from) + 1] = words.items[start + 2];
      lineCounts[i - from] = (starts.items[locations.old[i] + 1] - start - 3) / 2;
      lines += lineCounts[i - from];
    }
    endColumn(draft);
    draft.raw.varints64(addresses);
    endColumn(draft);
    draft.raw.varints(lineCounts);
    endColumn(draft);
    const lineFunction = new Uint32Array(lines);
    const lineNumber = new Int32Array(lines);
    let line = 0;
    for (let i = from; i < until; i++) {
      const old = locations.old[i];
      for (let at = starts.items[old] + 3; at < starts.items[old + 1]; at += 2) {
        lineFunction[line] = functions.next[words.items[at]] - 1;
        lineNumber[line++] = words.items[at + 1];
      }
    }
    draft.raw.deltas(lineFunction);
    endColumn(draft);
    draft.raw.signedVarints(lineNumber);
    endColumn(draft);
    writePage(out, draft, until - from, level);
  }
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

export function writeMappings(out: ByteWriter, state: DatasetState, numbering: Numbering, level: number): void {
  const { mappings, strings } = numbering;
  if (mappings.count === 0) return;
  const draft = createPageDraft();
  for (let word = 0; word < 6; word += 2) {
    const values = new BigUint64Array(mappings.count);
    const halves = new Uint32Array(values.buffer);
    const low = wordColumn(state.mappings, mappings, word, 0, mappings.count);
    const high = wordColumn(state.mappings, mappings, word + 1, 0, mappings.count);
    for (let i = 0; i < mappings.count; i++) {
      halves[2 * i] = low[i];
      halves[2 * i + 1] = high[i];
    }
    draft.raw.varints64(values);
    endColumn(draft);
  }
  draft.raw.varints(wordColumn(state.mappings, mappings, 6, 0, mappings.count, strings));
  endColumn(draft);
  draft.raw.varints(wordColumn(state.mappings, mappings, 7, 0, mappings.count, strings));
  endColumn(draft);
  draft.raw.varints(wordColumn(state.mappings, mappings, 8, 0, mappings.count));
  endColumn(draft);
  writePage(out, draft, mappings.count, level);
}

export function readMappings(pages: readonly Page[], rows: number, stringCount: number): MappingColumns {
  checkRows(pages, rows);
  const [memoryStart, memoryLimit, fileOffset] = [0, 1, 2].map(
    (index) => new BigUint64Array(readInt64s(pages, index, (reader, count) => reader.varints64(count)).buffer),
  ) as [BigUint64Array, BigUint64Array, BigUint64Array];
  const [filename, buildId] = [3, 4].map((index) =>
    readUint32s(pages, index, (reader, count) => reader.varints(count, stringCount)),
  ) as [Uint32Array, Uint32Array];
  const flags = Uint8Array.from(readUint32s(pages, 5, (reader, count) => reader.varints(count, 256)));
  return { count: rows, memoryStart, memoryLimit, fileOffset, filename, buildId, flags };
}

/** Word `word` of the runs `[from, until)` of an order; renumbered when it is a reference. */
function wordColumn(
  table: RunTable,
  runs: Order,
  word: number,
  from: number,
  until: number,
  renumbered?: Order,
): Uint32Array {
  const { words, starts } = table;
  const column = new Uint32Array(until - from);
  for (let i = from; i < until; i++) {
    const value = words.items[starts.items[runs.old[i]] + word];
    column[i - from] = renumbered === undefined ? value : renumbered.next[value] - 1;
  }
  return column;
}

function asInt32(column: Uint32Array): Int32Array {
  return new Int32Array(column.buffer, column.byteOffset, column.length);
}
