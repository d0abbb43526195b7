/** Ids that sort by when they were made: 48 bits of ms since 1970 and 80 random ones, in Crockford's base 32. */
import type { Random } from '@flamelake/model';

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Of such an id, as a part of an expression. */
export const ULID_PATTERN = '[0-7][0-9A-HJKMNP-TV-Z]{25}';

export function ulid(nowMs: number, random: Random): string {
  const bytes = random.bytes(10);
  let number = BigInt(Math.trunc(nowMs));
  for (const byte of bytes) number = (number << 8n) | BigInt(byte);
  let text = '';
  for (let i = 0; i < 26; i++, number >>= 5n) text = (DIGITS[Number(number & 31n)] ?? '') + text;
  return text;
}

/** When an id was made, ms since 1970. */
export function ulidTimeMs(id: string): number {
  let timeMs = 0;
  for (const digit of id.slice(0, 10)) timeMs = timeMs * 32 + DIGITS.indexOf(digit);
  return timeMs;
}
