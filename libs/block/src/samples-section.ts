/**
 * Sections of a dataset's samples. Rows of one pushed label set often have the same stacktraces (samples and CPU time, objects
 * and bytes) and even the same values but for their unit, so both are stored once, as lists that rows name. By column:
 *
 *     stacks  0 elements of each list, varint   1 stacktrace, varint: list after list, each ascends: the first element as it
 *                                                 is, the others as difference from the one before
 *     values  0 elements of each list, varint   1 value ÷ unit, varint: list after list
 *
 * Lists are numbered as their first rows come. Parts end where the rows of a profile type end, once they are large enough.
 */
import { FlamelakeError } from '@flamelake/model';
import { readWhole, startsOf } from './columns.ts';
import { halvesOf } from './int64.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, type PageWriter } from './page-writer.ts';

/** Lists of one kind: list `i` is `[start[i], start[i + 1])` of what they hold. */
export interface Lists<Elements> {
  readonly start: Uint32Array;
  readonly elements: Elements;
}

/** Writes lists `[from, until)`. @param lists - of steps: the first of a list as it is, the others as differences */
export function writeStacks(writer: PageWriter, lists: Lists<Uint32Array>, from: number, until: number): void {
  if (from === until) return;
  writeLengths(writer, lists.start, from, until);
  writer.raw.varints(lists.elements, lists.start[from], lists.start[until]);
  endColumn(writer);
  endPart(writer, 'stacks', until - from);
}

/** Writes lists `[from, until)`. @param lists - of values ÷ unit */
export function writeValues(writer: PageWriter, lists: Lists<BigInt64Array>, from: number, until: number): void {
  if (from === until) return;
  writeLengths(writer, lists.start, from, until);
  writer.raw.varints64(lists.elements.subarray(lists.start[from], lists.start[until]));
  endColumn(writer);
  endPart(writer, 'values', until - from);
}

function writeLengths(writer: PageWriter, start: Uint32Array, from: number, until: number): void {
  for (let i = from; i < until; i++) writer.raw.varint(start[i + 1] - start[i]);
  endColumn(writer);
}

/** Stacktraces of the lists of a part. @param nodeCount - of the tree */
export function readStacks(part: Part, nodeCount: number): Lists<Uint32Array> {
  const start = readStarts(part);
  const elements = readWhole(part, 1, start[part.rows], (reader, count) => reader.varints(count, nodeCount));
  for (let list = 0; list < part.rows; list++) {
    let node = 0;
    const end = start[list + 1];
    for (let at = start[list]; at < end; at++) {
      node += elements[at];
      elements[at] = node;
    }
    if (node >= nodeCount) throw new FlamelakeError('data_loss', 'sample refers to no stacktrace', { list });
  }
  return { start, elements };
}

/** Values ÷ unit of the lists of a part, as 32 bit halves; `start` counts values. */
export function readValues(part: Part): Lists<Uint32Array> {
  const start = readStarts(part);
  const values = readWhole(part, 1, start[part.rows], (reader, count) => reader.varints64(count));
  return { start, elements: halvesOf(values) };
}

function readStarts(part: Part): Uint32Array {
  return startsOf(readWhole(part, 0, part.rows, (reader, count) => reader.varints(count)));
}
