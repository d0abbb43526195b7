/** Walks text line by line, as offsets into its bytes. */
import { type ErrorDetails, FlamelakeError } from '@flamelake/model';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const ZERO = 0x30;
/** Digits of the largest int64. */
const DIGITS_MAX = 19;
/** Numbers of so many digits are exact as a double. */
const DOUBLE_DIGITS_MAX = 15;
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;

/** @param each - gets every line that is not blank, without blanks around it: `[start, end)`, and its number from 1 */
export function forEachLine(bytes: Uint8Array, each: (start: number, end: number, number: number) => void): void {
  let number = 0;
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, at);
    const lineEnd = found < 0 ? bytes.length : found;
    number++;
    let start = at;
    let end = lineEnd;
    while (start < end && isBlank(bytes[start])) start++;
    while (end > start && isBlank(bytes[end - 1])) end--;
    if (start < end) each(start, end, number);
    at = lineEnd + 1;
  }
}

export function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === CARRIAGE_RETURN;
}

/** The decimal number `bytes[start, end)`, undefined when it is none or leaves int64. */
export function decimal(bytes: Uint8Array, start: number, end: number): number | bigint | undefined {
  const digits = end - start;
  if (digits <= 0 || digits > DIGITS_MAX) return undefined;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i] - ZERO;
    if (!(digit >= 0 && digit <= 9)) return undefined;
    value = value * 10 + digit;
  }
  if (digits <= DOUBLE_DIGITS_MAX) return value;
  const exact = BigInt(Buffer.from(bytes.buffer, bytes.byteOffset + start, digits).toString('latin1'));
  return exact > INT64_MAX ? undefined : exact;
}

export function malformedText(message: string, details: ErrorDetails): FlamelakeError {
  return new FlamelakeError('invalid_argument', message, details);
}
