/** 64 bit columns through their 32 bit halves: BigInt values cost an allocation each, halves do not. */

const TWO_32 = 0x1_0000_0000;

/** Low and high half of each value, in place. */
export function halvesOf(values: BigInt64Array | BigUint64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** The values as numbers, exact below 2^53. */
export function toNumbers(values: BigInt64Array): Float64Array {
  const halves = halvesOf(values);
  const numbers = new Float64Array(values.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = (halves[2 * i + 1] | 0) * TWO_32 + halves[2 * i];
  return numbers;
}

/**
 * Multiplies values `[from, until)` in place, mod 2^64.
 * @param halves - of `values`
 * @param factor - an integer in [1, 2^53)
 */
export function scale(values: BigInt64Array, halves: Uint32Array, from: number, until: number, factor: number): void {
  if (factor === 1) return;
  for (let i = 2 * from, end = 2 * until; i < end; i += 2) {
    const product = (halves[i + 1] * TWO_32 + halves[i]) * factor;
    if (product <= Number.MAX_SAFE_INTEGER) {
      halves[i] = product;
      halves[i + 1] = product / TWO_32;
    } else values[i / 2] *= BigInt(factor);
  }
}
