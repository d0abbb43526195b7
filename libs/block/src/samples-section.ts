/**
 * Sections of a dataset's samples. Rows of one pushed label set often have the same stacktraces (samples and CPU time, objects
 * and bytes) and even the same values but for their unit, so both are stored once, as lists that rows name. By column:
 *
 *     stacks  0 elements of each list, varint   1 stacktrace, varint: list after list, each ascends: the first element as it
 *                                                 is, the others as difference from the one before
 *     values  0 elements of each list, varint   1 value ÷ unit, varint: list after list
 *
 * Of a list of values that a row names first together with a list of stacktraces, 0 is stored: it is as long as that one. These lists of
 * stacktraces are those of the part of `stacks` right before, in order.
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
  for (let i = from; i < until; i++) writer.raw.varint(lists.start[i + 1] - lists.start[i]);
  endColumn(writer);
  writer.raw.varints(lists.elements, lists.start[from], lists.start[until]);
  endColumn(writer);
  endPart(writer, 'stacks', until - from);
}

/**
 * Writes lists `[from, until)`.
 * @param lists - of values ÷ unit
 * @param isPaired - by list, 1 when its first row names a new list of stacktraces too
 */
export function writeValues(
  writer: PageWriter,
  lists: Lists<BigInt64Array>,
  isPaired: Uint8Array,
  from: number,
  until: number,
): void {
  if (from === until) return;
  for (let i = from; i < until; i++) {
    writer.raw.varint(isPaired[i] === 1 ? 0 : lists.start[i + 1] - lists.start[i]);
  }
  endColumn(writer);
  writer.raw.varints64(lists.elements.subarray(lists.start[from], lists.start[until]));
  endColumn(writer);
  endPart(writer, 'values', until - from);
}

/** Stacktraces of the lists of a part. @param nodeCount - of the tree */
export function readStacks(part: Part, nodeCount: number): Lists<Uint32Array> {
  const start = startsOf(readLengths(part));
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

/**
 * Values ÷ unit of the lists of a part, as 32 bit halves; `start` counts values.
 * @param paired - lists of the part of `stacks` right before, if that is what is there
 */
export function readValues(part: Part, paired: Lists<Uint32Array> | undefined): Lists<Uint32Array> {
  const lengths = readLengths(part);
  let next = 0;
  for (let list = 0; list < lengths.length; list++) {
    if (lengths[list] !== 0) continue;
    if (paired === undefined || next + 1 >= paired.start.length) {
      throw new FlamelakeError('data_loss', 'a list of values goes with no list of stacktraces', { list });
    }
    lengths[list] = paired.start[next + 1] - paired.start[next];
    next++;
  }
  const start = startsOf(lengths);
  const values = readWhole(part, 1, start[part.rows], (reader, count) => reader.varints64(count));
  return { start, elements: halvesOf(values) };
}

function readLengths(part: Part): Uint32Array {
  return readWhole(part, 0, part.rows, (reader, count) => reader.varints(count));
}
