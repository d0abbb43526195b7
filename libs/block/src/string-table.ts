/** Interned strings, as bytes. String 0 is the empty one. */
import { hashBytes } from './hash.ts';
import { clearList, type List, pushUint32, reserve, uint8List, uint32List } from './list.ts';
import { clearSlots, createSlots, enter, type Slots } from './slots.ts';

const NONE = new Uint8Array(0);
const NONE_VIEW = new DataView(NONE.buffer);

export interface StringTable {
  readonly seed: number;
  readonly bytes: List<Uint8Array>;
  /** String `i` is `bytes[offsets[i], offsets[i + 1])`. */
  readonly offsets: List<Uint32Array>;
  readonly slots: Slots;
}

export function createStringTable(seed: number): StringTable {
  const table = { seed, bytes: uint8List(), offsets: uint32List(), slots: createSlots() };
  enterEmpty(table);
  return table;
}

/** Leaves the empty string. */
export function clearStringTable(table: StringTable): void {
  clearList(table.bytes);
  clearList(table.offsets);
  clearSlots(table.slots);
  enterEmpty(table);
}

function enterEmpty(table: StringTable): void {
  pushUint32(table.offsets, 0);
  internString(table, NONE, NONE_VIEW, 0, 0);
}

/**
 * Number of the string `source[from, until)`, entered if it is new.
 * @param view - the same bytes as `source`
 */
export function internString(
  table: StringTable,
  source: Uint8Array,
  view: DataView,
  from: number,
  until: number,
): number {
  const hash = hashBytes(table.seed, source, view, from, until);
  const { slots, offsets, bytes } = table;
  const mask = slots.table.length - 1;
  let slot = hash & mask;
  for (;;) {
    const entry = slots.table[slot];
    if (entry === 0) break;
    if (slots.hashes.items[entry - 1] === hash && isString(table, entry - 1, source, from, until)) return entry - 1;
    slot = (slot + 1) & mask;
  }
  const start = bytes.count;
  reserve(bytes, start + until - from);
  bytes.items.set(source.subarray(from, until), start);
  bytes.count += until - from;
  pushUint32(offsets, bytes.count);
  enter(slots, hash, slot);
  return slots.hashes.count - 1;
}

function isString(table: StringTable, index: number, source: Uint8Array, from: number, until: number): boolean {
  const start = table.offsets.items[index];
  if (table.offsets.items[index + 1] - start !== until - from) return false;
  const { items } = table.bytes;
  for (let i = from, j = start; i < until; i++, j++) if (source[i] !== items[j]) return false;
  return true;
}
