/** Distinct runs of 32-bit numbers with small numbers of their own: functions, mappings and locations of merged results. */

import { type Memory, UNBOUNDED_MEMORY } from '@flamelake/model';

/** Tuple `i` is `values[offsets[i], offsets[i + 1])`. Grows; arrays are replaced when it does. */
export interface TupleTable {
  count: number;
  values: Int32Array;
  offsets: Uint32Array;
  /** Tuple number + 1 by hash, 0 where free. */
  slots: Int32Array;
  /** What all this is taken from as it grows. */
  memory: Memory;
}

export function createTupleTable(memory: Memory = UNBOUNDED_MEMORY): TupleTable {
  return { count: 0, values: new Int32Array(256), offsets: new Uint32Array(65), slots: new Int32Array(128), memory };
}

/** Number of the tuple `source[0, length)`; a copy is kept. */
export function internTuple(table: TupleTable, source: Int32Array, length: number): number {
  const mask = table.slots.length - 1;
  let slot = hashTuple(source, 0, length) & mask;
  for (let entry = table.slots[slot]; entry !== 0; entry = table.slots[slot]) {
    if (isTuple(table, entry - 1, source, length)) return entry - 1;
    slot = (slot + 1) & mask;
  }
  const tuple = append(table, source, length);
  if (table.count * 2 > table.slots.length) rehash(table);
  else table.slots[slot] = tuple + 1;
  return tuple;
}

function append(table: TupleTable, source: Int32Array, length: number): number {
  const tuple = table.count++;
  const start = table.offsets[tuple];
  if (start + length > table.values.length) {
    const capacity = Math.max(start + length, table.values.length * 2);
    table.memory.take((capacity - table.values.length) * Int32Array.BYTES_PER_ELEMENT);
    const values = new Int32Array(capacity);
    values.set(table.values);
    table.values = values;
  }
  if (tuple + 2 > table.offsets.length) {
    table.memory.take(table.offsets.byteLength);
    const offsets = new Uint32Array(table.offsets.length * 2);
    offsets.set(table.offsets);
    table.offsets = offsets;
  }
  for (let i = 0; i < length; i++) table.values[start + i] = source[i];
  table.offsets[tuple + 1] = start + length;
  return tuple;
}

function isTuple(table: TupleTable, tuple: number, source: Int32Array, length: number): boolean {
  const start = table.offsets[tuple];
  if (table.offsets[tuple + 1] - start !== length) return false;
  for (let i = 0; i < length; i++) if (table.values[start + i] !== source[i]) return false;
  return true;
}

function rehash(table: TupleTable): void {
  table.memory.take(table.slots.byteLength);
  const slots = new Int32Array(table.slots.length * 2);
  const mask = slots.length - 1;
  for (let tuple = 0; tuple < table.count; tuple++) {
    let slot = hashTuple(table.values, table.offsets[tuple], table.offsets[tuple + 1]) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = tuple + 1;
  }
  table.slots = slots;
}

function hashTuple(values: Int32Array, from: number, until: number): number {
  let hash = until - from;
  for (let i = from; i < until; i++) {
    hash = Math.imul(hash ^ values[i], 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
