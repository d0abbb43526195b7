/** Columns over the parts of a section: checked to be whole, joined when there are several parts. */
import type { ByteReader } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import type { Part } from './page.ts';

/** Reads `count` elements of a column. */
type ReadColumn<T> = (reader: ByteReader, count: number) => T;

/** A column of a part. @throws {FlamelakeError} `data_loss` when the part lacks it */
export function columnOf(part: Part, index: number): ByteReader {
  const reader = part.columns[index];
  if (reader === undefined) throw new FlamelakeError('data_loss', 'page lacks a column', { column: index });
  return reader;
}

/** Reads a whole column of one part. @throws {FlamelakeError} `data_loss` when it is longer */
export function readWhole<T>(part: Part, index: number, count: number, read: ReadColumn<T>): T {
  const reader = columnOf(part, index);
  const column = read(reader, count);
  if (reader.remaining !== 0)
    throw new FlamelakeError('data_loss', 'column is longer than its rows', { column: index });
  return column;
}

/** Column `index` of all parts, a row an element. */
export function readUint32s(parts: readonly Part[], index: number, read: ReadColumn<Uint32Array>): Uint32Array {
  return join(
    parts.map((part) => readWhole(part, index, part.rows, read)),
    (length) => new Uint32Array(length),
  );
}

/** The same from element 1 on, for what counts from a root that is not stored. @param limit - every element is below it */
export function readBelowRoot(parts: readonly Part[], index: number, limit?: number): Uint32Array {
  for (const part of parts) {
    if (columnOf(part, index).remaining < part.rows) {
      throw new FlamelakeError('data_loss', 'column is shorter than its rows', { column: index });
    }
  }
  const column = new Uint32Array(totalRows(parts) + 1);
  let at = 1;
  for (const part of parts) {
    const into = column.subarray(at, at + part.rows);
    readWhole(part, index, part.rows, (reader, count) => reader.varints(count, limit, into));
    at += part.rows;
  }
  return column;
}

/** The same for 64 bit values. */
export function readInt64s(parts: readonly Part[], index: number, read: ReadColumn<BigInt64Array>): BigInt64Array {
  return join(
    parts.map((part) => readWhole(part, index, part.rows, read)),
    (length) => new BigInt64Array(length),
  );
}

/** One array of several; the first itself when it is the only one. */
export function join<T extends { readonly length: number; set(part: T, offset: number): void }>(
  parts: readonly T[],
  create: (length: number) => T,
): T {
  if (parts.length === 1) return parts[0];
  const whole = create(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Rows of all parts. */
export function totalRows(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.rows, 0);
}

/** Where each of so many runs begins, and the end of the last. */
export function startsOf(lengths: Uint32Array): Uint32Array {
  const starts = new Uint32Array(lengths.length + 1);
  let at = 0;
  for (let i = 0; i < lengths.length; i++) {
    at += lengths[i];
    starts[i + 1] = at;
  }
  if (at > 0xffff_ffff) throw new FlamelakeError('data_loss', 'stored lengths are out of range', { elements: at });
  return starts;
}
