/** Checks that strings are UTF-8. */
import { isAscii, isUtf8 } from 'node:buffer';
import { FlamelakeError } from '@flamelake/model';
import type { StringColumn } from './symbols.ts';

/**
 * Each string is UTF-8 when their concatenation is and none begins in the middle of a character.
 * @throws {FlamelakeError} `invalid_argument`
 */
export function checkUtf8({ bytes, offsets, count }: StringColumn): void {
  if (isAscii(bytes)) return;
  for (let i = 0; i < count; i++) {
    const start = offsets[i];
    if (start < bytes.length && (bytes[start] & 0xc0) === 0x80) {
      throw new FlamelakeError('invalid_argument', 'profile string is not utf-8', { string: i });
    }
  }
  if (!isUtf8(bytes)) throw new FlamelakeError('invalid_argument', 'profile string is not utf-8');
}
