/**
 * A small seeded generator: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state. Equal seeds give equal sequences on every machine.
 */
import type { Random } from '@flamelake/model';

/** Random choices of a simulation or a generator of test data. */
export interface SeededRandom extends Random {
  /** A whole number in `[0, below)`; `below` in [1, 2^32]. */
  integer(below: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the items; at least one. */
  pick<T>(items: readonly T[]): T;
  /** Another generator; equal names of equal seeds give equal ones, however much this one was used. */
  fork(name: string): SeededRandom;
}

/** @param seed - any whole number up to 2^53, or any text */
export function createSeededRandom(seed: number | string): SeededRandom {
  const next = sfc32(String(seed));
  const random: SeededRandom = {
    fraction: () => next() / 4294967296,
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
    integer: (below) => Math.floor((next() / 4294967296) * below),
    chance: (probability) => next() / 4294967296 < probability,
    pick: (items) => {
      const item = items[random.integer(items.length)];
      if (item === undefined) throw new RangeError('pick needs at least one item');
      return item;
    },
    fork: (name) => createSeededRandom(`${seed}/${name}`),
  };
  return random;
}

function sfc32(seed: string): () => number {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < seed.length; i++) {
    a ^= seed.charCodeAt(i);
    next();
  }
  for (let i = 0; i < 12; i++) next();
  return next;
}
