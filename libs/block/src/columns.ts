/** Columns over the pages of a section: checked to be whole, joined when there are several pages. */
import type { ByteReader } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import type { Page } from './page.ts';

/** Reads `count` elements of a column. */
type ReadColumn<T> = (reader: ByteReader, count: number) => T;

/** Rows of all pages. @throws {FlamelakeError} `data_loss` when they are not `expected` many */
export function checkRows(pages: readonly Page[], expected: number): void {
  let rows = 0;
  for (const page of pages) rows += page.rows;
  if (rows !== expected) throw new FlamelakeError('data_loss', 'section rows are not as stated', { rows, expected });
}

/** A column of a page. @throws {FlamelakeError} `data_loss` when the page lacks it */
export function columnOf(page: Page, index: number): ByteReader {
  const reader = page.columns[index];
  if (reader === undefined) throw new FlamelakeError('data_loss', 'page lacks a column', { column: index });
  return reader;
}

/** Reads a whole column of one page. @throws {FlamelakeError} `data_loss` when it is longer */
export function readWhole<T>(page: Page, index: number, count: number, read: ReadColumn<T>): T {
  const reader = columnOf(page, index);
  const column = read(reader, count);
  if (reader.remaining !== 0)
    throw new FlamelakeError('data_loss', 'column is longer than its rows', { column: index });
  return column;
}

/** Column `index` of all pages, a row an element. */
export function readUint32s(pages: readonly Page[], index: number, read: ReadColumn<Uint32Array>): Uint32Array {
  return join(
    pages.map((page) => readWhole(page, index, page.rows, read)),
    (length) => new Uint32Array(length),
  );
}

/** The same for 64 bit values. */
export function readInt64s(pages: readonly Page[], index: number, read: ReadColumn<BigInt64Array>): BigInt64Array {
  return join(
    pages.map((page) => readWhole(page, index, page.rows, read)),
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
