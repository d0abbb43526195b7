/**
 * Ids of locations, functions and mappings, which may be any uint64 on the wire, as indexes.
 * Small ids are looked up in an array, sparse ones in a Map; ids past 31 bits (some clients use addresses) get a stand-in.
 */
import { FlamelakeError } from '@flamelake/model';
import { GrowingUint32 } from './growing-columns.ts';

/** Ids from here up are stand-ins. */
const STAND_IN_START = 0x8000_0000;
/** An array serves while it is at most this many times longer than the ids it holds, and while it is small. */
const SPARSE_FACTOR = 4;
const DENSE_SIZE_MIN = 4096;

/** Stand-ins for ids that do not fit 31 bits: equal for equal ids, so that columns of ids stay 32 bits wide. */
export class WideIds {
  readonly #byId = new Map<number | bigint, number>();
  readonly #countMax: number;

  /** @param countMax - more distinct ids than can be defined cannot all be valid */
  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** Distinct ids so far. */
  get count(): number {
    return this.#byId.size;
  }

  standIn(low: number, high: number): number {
    // A number is exact below 2^53 and much cheaper as a key than a bigint.
    const id = high < 0x200000 ? high * 0x1_0000_0000 + low : (BigInt(high) << 32n) | BigInt(low);
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    if (this.#byId.size >= this.#countMax) {
      throw new FlamelakeError('invalid_argument', 'profile refers to too many ids', { limit: this.#countMax });
    }
    const made = STAND_IN_START + this.#byId.size;
    this.#byId.set(id, made);
    return made;
  }
}

/** Index + 1 by id, of the last table that was dense. */
const dense = new GrowingUint32();

/**
 * Replaces ids by the index of their definition, in place.
 * @param kind - what the ids are of, for errors
 * @param defined - records in the order of their definitions, of `size` numbers, the id first
 * @param references - ids to replace
 * @param options - with `zeroIsNone`, id 0 stays 0 and every other becomes its index + 1
 * @throws {FlamelakeError} `invalid_argument` when an id is defined twice, is 0, or is referred to and not defined
 */
export function resolveIds(
  kind: 'location' | 'function' | 'mapping',
  defined: GrowingUint32,
  size: number,
  references: Uint32Array,
  { zeroIsNone }: { zeroIsNone: boolean },
): void {
  let largest = 0;
  for (let i = 0; i < defined.length; i += size) if (defined.values[i] > largest) largest = defined.values[i];
  const shift = zeroIsNone ? 0 : 1;
  if (largest >= Math.max(DENSE_SIZE_MIN, (defined.length / size) * SPARSE_FACTOR)) {
    const table = sparseTable(kind, defined, size);
    for (let i = 0; i < references.length; i++) {
      const id = references[i];
      const index = id === 0 && zeroIsNone ? 0 : table.get(id);
      if (index === undefined) throw dangling(kind, id);
      references[i] = index - shift;
    }
    return;
  }
  const table = denseTable(kind, defined, size, largest);
  for (let i = 0; i < references.length; i++) {
    const id = references[i];
    const index = id <= largest ? table[id] : 0;
    if (index === 0 && !(id === 0 && zeroIsNone)) throw dangling(kind, id);
    references[i] = index - shift;
  }
  dense.clear();
}

function denseTable(kind: string, { values, length }: GrowingUint32, size: number, largest: number): Uint32Array {
  const table = dense.reserve(largest + 1);
  table.fill(0, 0, largest + 1);
  for (let i = 0, index = 1; i < length; i += size, index++) {
    const id = values[i];
    if (id === 0 || table[id] !== 0) throw notUnique(kind, id);
    table[id] = index;
  }
  return table;
}

function sparseTable(kind: string, { values, length }: GrowingUint32, size: number): Map<number, number> {
  const table = new Map<number, number>();
  for (let i = 0, index = 1; i < length; i += size, index++) {
    const id = values[i];
    if (id === 0 || table.has(id)) throw notUnique(kind, id);
    table.set(id, index);
  }
  return table;
}

function notUnique(kind: string, id: number): FlamelakeError {
  return id === 0
    ? new FlamelakeError('invalid_argument', 'profile defines something with id 0', { kind })
    : new FlamelakeError('invalid_argument', 'profile defines the same id twice', { kind, id });
}

function dangling(kind: string, id: number): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'profile refers to an id it does not define', { kind, id });
}
