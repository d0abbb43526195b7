/** Strings in the order they first appear, each once: what decoders of formats without a string table make theirs with. */
import { FlamelakeError } from '@flamelake/model';
import { GrowingBytes, GrowingUint32 } from '../growing-columns.ts';
import type { StringColumn } from '../symbols.ts';
import { checkUtf8 } from '../utf8.ts';

/** Most bytes of distinct strings: formats that share prefixes could spell out far more than they send. */
const STRING_BYTES_MAX = 33_554_432;
const SLOTS_MIN = 1_024;
const HASH_MULTIPLIER = 0x0100_0193;
const HASH_SEED = 0x811c_9dc5;

export class StringTable {
  readonly #bytes = new GrowingBytes();
  readonly #ends = new GrowingUint32();
  /** Open addressing; 0 is free, else index. String 0 is never looked up. */
  #slots = new Uint32Array(SLOTS_MIN);

  constructor() {
    this.#ends.push(0);
  }

  get count(): number {
    return this.#ends.length;
  }

  /**
   * Index of the string `source[start, end)`, 0 for the empty one.
   * @throws {FlamelakeError} `invalid_argument` when all strings together become too long
   */
  index(source: Uint8Array, start: number, end: number): number {
    if (end <= start) return 0;
    let hash = HASH_SEED;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ source[i], HASH_MULTIPLIER);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot];
      if (found === 0) return this.#add(slot, source, start, end);
      if (this.#equals(found, source, start, end)) return found;
    }
  }

  /** Index of a text. */
  text(text: string): number {
    const bytes = Buffer.from(text, 'utf8');
    return this.index(bytes, 0, bytes.length);
  }

  /** @throws {FlamelakeError} `invalid_argument` when a string is not UTF-8 */
  finish(): StringColumn {
    const count = this.#ends.length;
    const offsets = new Uint32Array(count + 1);
    offsets.set(this.#ends.values.subarray(0, count), 1);
    const bytes = this.#bytes.values.slice(0, this.#bytes.length);
    const strings = { count, bytes, offsets };
    checkUtf8(strings);
    return strings;
  }

  #add(slot: number, source: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (this.#bytes.length + length > STRING_BYTES_MAX) {
      throw new FlamelakeError('invalid_argument', 'strings of the profile are too long together', {
        limitBytes: STRING_BYTES_MAX,
      });
    }
    const target = this.#bytes.reserve(length);
    let at = this.#bytes.length;
    for (let i = start; i < end; i++) target[at++] = source[i];
    this.#bytes.length = at;
    const index = this.#ends.length;
    this.#ends.push(at);
    this.#slots[slot] = index;
    if (index * 2 > this.#slots.length) this.#grow();
    return index;
  }

  #equals(index: number, source: Uint8Array, start: number, end: number): boolean {
    const ends = this.#ends.values;
    let at = ends[index - 1];
    if (ends[index] - at !== end - start) return false;
    const { values } = this.#bytes;
    for (let i = start; i < end; i++) if (values[at++] !== source[i]) return false;
    return true;
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    const { values } = this.#bytes;
    const ends = this.#ends.values;
    for (let index = 1; index < this.#ends.length; index++) {
      let hash = HASH_SEED;
      for (let i = ends[index - 1]; i < ends[index]; i++) hash = Math.imul(hash ^ values[i], HASH_MULTIPLIER);
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index;
    }
    this.#slots = slots;
  }
}
