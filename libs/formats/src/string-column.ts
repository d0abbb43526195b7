/** Reads strings out of a string column. */
import { FlamelakeError } from '@flamelake/model';
import type { StringColumn } from './symbols.ts';

/** String `index` as text. */
export function stringAt(strings: StringColumn, index: number): string {
  const bytes = stringBytesAt(strings, index);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** The bytes of string `index`: a view. */
export function stringBytesAt({ bytes, offsets, count }: StringColumn, index: number): Uint8Array {
  if (!(index < count)) throw new FlamelakeError('internal', 'string index is out of range', { index, count });
  return bytes.subarray(offsets[index], offsets[index + 1]);
}
