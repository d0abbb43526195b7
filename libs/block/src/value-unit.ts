/** The unit of a row's values: CPU time is a multiple of the sampling period, so dividing by it makes values short. */

const TWO_32 = 0x1_0000_0000;
const HIGH_HALF_MAX = 0x1fffff;

/**
 * Greatest common divisor of values, or 1 as soon as one is 2^53 or more.
 * @param halves - low and high half of each value; values `[from, from + count)` are > 0
 */
export function commonDivisor(halves: Uint32Array, from: number, count: number): number {
  let divisor = 0;
  let inverse = 0;
  for (let at = 2 * from, end = at + 2 * count; at < end; at += 2) {
    const high = halves[at + 1];
    if (high > HIGH_HALF_MAX) return 1;
    const value = high * TWO_32 + halves[at];
    if (divisor !== 0 && Math.round(value * inverse) * divisor === value) continue;
    divisor = greatest(value, divisor);
    if (divisor === 1) return 1;
    inverse = 1 / divisor;
  }
  return divisor === 0 ? 1 : divisor;
}

function greatest(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y !== 0) {
    const rest = x % y;
    x = y;
    y = rest;
  }
  return x;
}
