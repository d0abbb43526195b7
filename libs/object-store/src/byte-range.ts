/** Ranges of bytes as readers ask for them, and the part of an object they mean. */
import { type ByteRange, FlamelakeError } from '@flamelake/model';

/**
 * Cuts a range to an object's size. A range wholly beyond the end is empty.
 * @returns half-open `[from, until)`
 * @throws {FlamelakeError} `invalid_argument` on a negative or fractional number
 */
export function resolveRange(range: ByteRange | undefined, sizeBytes: number): { from: number; until: number } {
  if (range === undefined) return { from: 0, until: sizeBytes };
  if ('lastBytes' in range) {
    checkCount(range.lastBytes);
    return { from: Math.max(0, sizeBytes - range.lastBytes), until: sizeBytes };
  }
  checkCount(range.offset);
  checkCount(range.length);
  const from = Math.min(range.offset, sizeBytes);
  return { from, until: Math.min(sizeBytes, from + range.length) };
}

function checkCount(value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw new FlamelakeError('invalid_argument', 'byte range must be whole numbers from 0 up', { value });
}
