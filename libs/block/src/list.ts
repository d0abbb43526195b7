/**
 * Typed arrays that grow by doubling: what is filled while a block is built. Only `items[0, count)` has a meaning. They begin small: a dataset
 * has some forty of them, and most datasets of a wide installation are small.
 */

type Column = Uint8Array | Uint32Array | Float64Array | BigInt64Array;

/** A cleared list keeps so many times what it held. */
const KEPT_CAPACITY_FACTOR = 32;
const KEPT_CAPACITY_MIN = 64;

export interface List<T extends Column> {
  items: T;
  count: number;
}

export function uint8List(capacity = 128): List<Uint8Array> {
  return { items: new Uint8Array(capacity), count: 0 };
}

export function uint32List(capacity = 8): List<Uint32Array> {
  return { items: new Uint32Array(capacity), count: 0 };
}

export function float64List(capacity = 4): List<Float64Array> {
  return { items: new Float64Array(capacity), count: 0 };
}

export function int64List(capacity = 4): List<BigInt64Array> {
  return { items: new BigInt64Array(capacity), count: 0 };
}

/** Makes room for `capacity` elements in all; what is added to a list that was never cleared is zero. */
export function reserve<T extends Column>(list: List<T>, capacity: number): void {
  const { items } = list;
  if (capacity <= items.length) return;
  const grown = sameKind(items, Math.max(capacity, items.length * 2));
  grown.set(items as never);
  list.items = grown;
}

/** Forgets the elements. The memory stays for the next ones, or half of it when they were few. */
export function clearList<T extends Column>(list: List<T>): void {
  const { items, count } = list;
  if (isSparse(count, items.length)) list.items = sameKind(items, items.length / 2);
  list.count = 0;
}

/** Whether memory for `capacity` elements is too much to keep for as many as there were. */
export function isSparse(count: number, capacity: number): boolean {
  return capacity > KEPT_CAPACITY_MIN && count * KEPT_CAPACITY_FACTOR < capacity;
}

function sameKind<T extends Column>(items: T, length: number): T {
  const Kind = items.constructor as new (length: number) => T;
  return new Kind(length);
}

export function pushUint32(list: List<Uint32Array>, value: number): void {
  if (list.count === list.items.length) reserve(list, list.count + 1);
  list.items[list.count++] = value;
}

export function pushFloat64(list: List<Float64Array>, value: number): void {
  if (list.count === list.items.length) reserve(list, list.count + 1);
  list.items[list.count++] = value;
}

export function pushInt64(list: List<BigInt64Array>, value: bigint): void {
  if (list.count === list.items.length) reserve(list, list.count + 1);
  list.items[list.count++] = value;
}

/** The elements pushed so far, as a view. */
export function elements<T extends Column>(list: List<T>): T {
  return list.items.subarray(0, list.count) as T;
}
