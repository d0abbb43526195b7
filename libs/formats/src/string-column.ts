/** Reads strings out of a string column. */
import type { StringColumn } from './symbols.ts';

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** String `index` as text. */
export function stringAt(strings: StringColumn, index: number): string {
  return UTF8.decode(stringBytesAt(strings, index));
}

/** The bytes of string `index`: a view. */
export function stringBytesAt({ bytes, offsets, count }: StringColumn, index: number): Uint8Array {
  if (!(index < count)) throw new RangeError(`string ${index} of ${count}`);
  return bytes.subarray(offsets[index], offsets[index + 1]);
}
