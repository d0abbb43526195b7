/**
 * Columns that name things which are numbered in the order in which they are first named (pushes, lists). Rows mostly name a new
 * one, or what rows of another profile type named, in the same order:
 *
 *     varint   number of the first new one
 *     varint   for each row: 0 for the next new one, else 1 + zigzag of the difference from the expected number. Expected is 0 at first,
 *              then one more than what was named, or after a new one than what was expected
 */
import type { ByteReader, ByteWriter } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';

/** @param next - number of the first new one; returns that of the first one behind these rows */
export function writeReferences(
  raw: ByteWriter,
  column: Uint32Array,
  from: number,
  until: number,
  next: number,
): number {
  const codes = new Uint32Array(until - from);
  let fresh = next;
  let expected = 0;
  for (let i = 0; i < codes.length; i++) {
    const named = column[from + i];
    if (named === fresh) {
      fresh++;
      expected++;
      continue;
    }
    const step = named - expected;
    codes[i] = 1 + (step < 0 ? -2 * step - 1 : 2 * step);
    expected = named + 1;
  }
  raw.varint(next);
  raw.varints(codes);
  return fresh;
}

/** @param limit - how many things there are */
export function readReferences(reader: ByteReader, count: number, limit: number): Uint32Array {
  let fresh = reader.varint();
  const column = reader.varints(count);
  let expected = 0;
  for (let i = 0; i < count; i++) {
    const code = column[i];
    let named = fresh;
    if (code === 0) {
      fresh++;
      expected++;
    } else {
      named = expected + ((code - 1) % 2 === 0 ? (code - 1) / 2 : -code / 2);
      expected = named + 1;
    }
    if (named < 0 || named >= fresh || named >= limit) {
      throw new FlamelakeError('data_loss', 'stored number is out of range', { number: named, limit });
    }
    column[i] = named;
  }
  return column;
}
