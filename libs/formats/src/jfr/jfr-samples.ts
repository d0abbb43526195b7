/** Samples of one profile of a recording: values added up by stack and label set. */
import { FlamelakeError } from '@flamelake/model';
import { GrowingUint32 } from '../growing-columns.ts';

const SLOTS_MIN = 256;
const HASH_MULTIPLIER = 0x9e37_79b1;

export class JfrSamples {
  readonly stack = new GrowingUint32();
  readonly labelSet = new GrowingUint32();
  readonly #samplesMax: number;
  /** Open addressing by (stack, label set); 0 is free, else row + 1. */
  #slots = new Uint32Array(SLOTS_MIN);
  /** Two by row. Sums of what is counted stay exact: they are kept below 2^53. */
  #values = new Float64Array(SLOTS_MIN);

  constructor(samplesMax: number) {
    this.#samplesMax = samplesMax;
  }

  get count(): number {
    return this.stack.length;
  }

  /**
   * @param first - a whole number from 0 on; so is `second`, which profiles of one type have none of
   * @throws {FlamelakeError} `invalid_argument` when there are too many samples, or a sum passes 2^53
   */
  add(stack: number, labelSet: number, first: number, second: number): void {
    const row = this.#row(stack, labelSet);
    this.#values[row * 2] = exact(this.#values[row * 2] + first);
    this.#values[row * 2 + 1] = exact(this.#values[row * 2 + 1] + second);
  }

  /** Values, sample-major. @param typeCount - 1 or 2; @param scale - of the first value */
  finish(typeCount: number, scale: number): BigInt64Array {
    const values = new BigInt64Array(this.count * typeCount);
    for (let row = 0; row < this.count; row++) {
      values[row * typeCount] = BigInt(this.#values[row * 2]) * BigInt(scale);
      if (typeCount === 2) values[row * 2 + 1] = BigInt(this.#values[row * 2 + 1]);
    }
    return values;
  }

  #row(stack: number, labelSet: number): number {
    const mask = this.#slots.length - 1;
    const hash = Math.imul(stack ^ Math.imul(labelSet, HASH_MULTIPLIER), HASH_MULTIPLIER);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (let found = this.#slots[slot]; found !== 0; slot = (slot + 1) & mask, found = this.#slots[slot]) {
      if (this.stack.values[found - 1] === stack && this.labelSet.values[found - 1] === labelSet) return found - 1;
    }
    if (this.count === this.#samplesMax) {
      throw new FlamelakeError('invalid_argument', 'profile holds too many of a kind', {
        kind: 'samples',
        limit: this.#samplesMax,
      });
    }
    this.stack.push(stack);
    this.labelSet.push(labelSet);
    this.#slots[slot] = this.count;
    const row = this.count - 1;
    if (this.count * 2 > this.#slots.length) this.#grow();
    return row;
  }

  #grow(): void {
    const [stacks, labelSets] = [this.stack.values, this.labelSet.values];
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let row = 0; row < this.count; row++) {
      const hash = Math.imul(stacks[row] ^ Math.imul(labelSets[row], HASH_MULTIPLIER), HASH_MULTIPLIER);
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = row + 1;
    }
    this.#slots = slots;
    const values = new Float64Array(slots.length);
    values.set(this.#values);
    this.#values = values;
  }
}

function exact(sum: number): number {
  if (Number.isSafeInteger(sum) && sum >= 0) return sum;
  throw new FlamelakeError('invalid_argument', 'value of an event is too large', { sum });
}
