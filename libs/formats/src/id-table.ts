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

/** Where ids stand: every `size`-th number from `first` on. */
export interface IdField {
  readonly records: GrowingUint32;
  readonly size: number;
  readonly first: number;
}

/**
 * Finds the definition of each id.
 * @param kind - what the ids are of, for errors
 * @param defined - ids in the order of their definitions
 * @param references - ids to find
 * @param into - their indexes; may be the memory of the references themselves
 * @param options - with `zeroIsNone`, id 0 becomes 0 and every other its index + 1
 * @throws {FlamelakeError} `invalid_argument` when an id is defined twice, is 0, or is referred to and not defined
 */
export function resolveIds(
  kind: 'location' | 'function' | 'mapping',
  defined: IdField,
  references: { readonly values: Uint32Array; readonly size: number; readonly first: number },
  into: Uint32Array,
  { zeroIsNone }: { zeroIsNone: boolean },
): void {
  const { values, size, first } = references;
  const shift = zeroIsNone ? 0 : 1;
  const largest = largestId(defined);
  const count = defined.records.length / defined.size;
  if (areInOrder(defined)) {
    // As Go and most others number them: an id is its index + 1.
    for (let i = 0, at = first; i < into.length; i++, at += size) {
      const id = values[at];
      if (id < shift || id > count) throw dangling(kind, id);
      into[i] = id - shift;
    }
  } else if (largest < Math.max(DENSE_SIZE_MIN, count * SPARSE_FACTOR)) {
    const table = denseTable(kind, defined, largest);
    for (let i = 0, at = first; i < into.length; i++, at += size) {
      const id = values[at];
      const index = id <= largest ? table[id] : 0;
      if (index === 0 && !(id === 0 && zeroIsNone)) throw dangling(kind, id);
      into[i] = index - shift;
    }
    dense.clear();
  } else {
    const table = sparseTable(kind, defined);
    for (let i = 0, at = first; i < into.length; i++, at += size) {
      const id = values[at];
      const index = id === 0 && zeroIsNone ? 0 : table.get(id);
      if (index === undefined) throw dangling(kind, id);
      into[i] = index - shift;
    }
  }
}

function areInOrder({ records: { values, length }, size, first }: IdField): boolean {
  for (let at = first, id = 1; at < length; at += size, id++) if (values[at] !== id) return false;
  return true;
}

function largestId({ records: { values, length }, size, first }: IdField): number {
  let largest = 0;
  for (let at = first; at < length; at += size) if (values[at] > largest) largest = values[at];
  return largest;
}

function denseTable(kind: string, { records, size, first }: IdField, largest: number): Uint32Array {
  const table = dense.reserve(largest + 1);
  table.fill(0, 0, largest + 1);
  for (let at = first, index = 1; at < records.length; at += size, index++) {
    const id = records.values[at];
    if (id === 0 || table[id] !== 0) throw notUnique(kind, id);
    table[id] = index;
  }
  return table;
}

function sparseTable(kind: string, { records, size, first }: IdField): Map<number, number> {
  const table = new Map<number, number>();
  for (let at = first, index = 1; at < records.length; at += size, index++) {
    const id = records.values[at];
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
