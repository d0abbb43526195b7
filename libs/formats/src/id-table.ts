/**
 * Ids of locations, functions and mappings, which may be any uint64 on the wire, as indexes.
 * Small ids are looked up in an array, sparse ones in a Map; ids past 31 bits (some clients use addresses) get a stand-in.
 */
import { FlamelakeError } from '@flamelake/model';

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

/**
 * Replaces ids by the index of their definition, in place.
 * @param kind - what the ids are of, for errors
 * @param defined - ids in the order of their definitions
 * @param references - ids to replace
 * @param options - with `zeroIsNone`, id 0 stays 0 and every other becomes its index + 1
 * @throws {FlamelakeError} `invalid_argument` when an id is defined twice, is 0, or is referred to and not defined
 */
export function resolveIds(
  kind: 'location' | 'function' | 'mapping',
  defined: Uint32Array,
  references: Uint32Array,
  { zeroIsNone }: { zeroIsNone: boolean },
): void {
  const lookUp = makeTable(kind, defined);
  const shift = zeroIsNone ? 0 : 1;
  if (lookUp instanceof Map) {
    for (let i = 0; i < references.length; i++) {
      const id = references[i];
      const index = id === 0 && zeroIsNone ? 0 : lookUp.get(id);
      if (index === undefined) throw dangling(kind, id);
      references[i] = index - shift;
    }
    return;
  }
  for (let i = 0; i < references.length; i++) {
    const id = references[i];
    const index = lookUp[id];
    if (!(index > 0) && !(id === 0 && zeroIsNone)) throw dangling(kind, id);
    references[i] = index - shift;
  }
}

/** Index + 1 by id. */
function makeTable(kind: string, defined: Uint32Array): Uint32Array | Map<number, number> {
  let largest = 0;
  for (let i = 0; i < defined.length; i++) if (defined[i] > largest) largest = defined[i];
  if (largest < Math.max(DENSE_SIZE_MIN, defined.length * SPARSE_FACTOR)) {
    const table = new Uint32Array(largest + 1);
    for (let i = 0; i < defined.length; i++) {
      const id = defined[i];
      if (id === 0 || table[id] !== 0) throw notUnique(kind, id);
      table[id] = i + 1;
    }
    return table;
  }
  const table = new Map<number, number>();
  for (let i = 0; i < defined.length; i++) {
    const id = defined[i];
    if (id === 0 || table.has(id)) throw notUnique(kind, id);
    table.set(id, i + 1);
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
