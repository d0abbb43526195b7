/**
 * Section of a dataset's locations. By column:
 *
 *     0 mapping + 1 or 0, varint     1 address, varint     2 number of lines, varint
 *     3 function by line, delta      4 line number by line, zigzag; innermost inlined function first
 *
 * A delta is the zigzag varint of the difference from the element before it in the part; the first counts from 0.
 */
import type { LocationColumns } from '@flamelake/formats';
import { join, readInt64s, readUint32s, readWhole, totalRows } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { Numbering } from './numbering.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, PART_ROWS, type PageWriter } from './page-writer.ts';
import { LOCATION_HEAD_WORDS } from './run-table.ts';

/** Parts end at 65,536 locations or, where many functions were inlined, so many lines. */
export function writeLocations(writer: PageWriter, state: DatasetState, numbering: Numbering): void {
  const { count, old } = numbering.locations;
  const { starts } = state.locations;
  for (let from = 0; from < count; ) {
    let until = from;
    let lines = 0;
    while (until < count && until - from < PART_ROWS && lines < PART_ROWS) {
      const run = old[until++];
      lines += (starts.items[run + 1] - starts.items[run] - LOCATION_HEAD_WORDS) / 2;
    }
    writeLocationPart(writer, state, numbering, from, until, lines);
    from = until;
  }
}

function writeLocationPart(
  writer: PageWriter,
  state: DatasetState,
  { locations, functions, mappings }: Numbering,
  from: number,
  until: number,
  lines: number,
): void {
  const { words, starts } = state.locations;
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
    writer.raw.varint(mapping === 0 ? 0 : mappings.next[mapping - 1]);
    halves[2 * row] = words.items[start + 1];
    halves[2 * row + 1] = words.items[start + 2];
    const firstLine = line;
    for (let at = start + LOCATION_HEAD_WORDS; at < starts.items[run + 1]; at += 2) {
      lineFunction[line] = functions.next[words.items[at]] - 1;
      lineNumber[line++] = words.items[at + 1];
    }
    lineCounts[row] = line - firstLine;
  }
  endColumn(writer);
  writer.raw.varints64(addresses);
  endColumn(writer);
  writer.raw.varints(lineCounts);
  endColumn(writer);
  writer.raw.deltas(lineFunction);
  endColumn(writer);
  writer.raw.signedVarints(lineNumber);
  endColumn(writer);
  endPart(writer, 'locations', until - from);
}

export function readLocations(parts: readonly Part[], mappingCount: number, functionCount: number): LocationColumns {
  const rows = totalRows(parts);
  const mapping = readUint32s(parts, 0, (reader, count) => reader.varints(count, mappingCount + 1));
  const address = new BigUint64Array(readInt64s(parts, 1, (reader, count) => reader.varints64(count)).buffer);
  const lineCounts = parts.map((part) => readWhole(part, 2, part.rows, (reader, count) => reader.varints(count)));
  const lineStart = new Uint32Array(rows + 1);
  const partLines: number[] = [];
  let row = 0;
  let lines = 0;
  for (const counts of lineCounts) {
    const before = lines;
    for (const count of counts) {
      lines += count;
      lineStart[++row] = lines;
    }
    partLines.push(lines - before);
  }
  const lineFunction = parts.map((part, i) =>
    readWhole(part, 3, partLines[i], (reader, count) => reader.deltas(count, functionCount)),
  );
  const lineNumber = parts.map((part, i) =>
    readWhole(part, 4, partLines[i], (reader, count) => reader.signedVarints(count)),
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
