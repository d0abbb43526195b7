/**
 * Open addressing with linear probing: the index all intern tables share.
 * A slot holds an entry's number + 1, or 0; hashes are kept by entry, so that growing never reads the entries.
 */
import { clearList, isSparse, type List, pushUint32, uint32List } from './list.ts';

export interface Slots {
  /** A power of two, at least twice the entries. */
  table: Uint32Array;
  readonly hashes: List<Uint32Array>;
}

export function createSlots(capacity = 16): Slots {
  return { table: new Uint32Array(capacity), hashes: uint32List(capacity / 2) };
}

/** Forgets the entries, as `clearList` does. */
export function clearSlots(slots: Slots): void {
  if (isSparse(slots.hashes.count, slots.table.length)) slots.table = new Uint32Array(slots.table.length / 2);
  else slots.table.fill(0);
  clearList(slots.hashes);
}

/** Enters the next entry at a free slot found by probing; grows the table when it is half full. */
export function enter(slots: Slots, hash: number, slot: number): void {
  pushUint32(slots.hashes, hash);
  slots.table[slot] = slots.hashes.count;
  if (slots.hashes.count * 2 > slots.table.length) grow(slots);
}

function grow(slots: Slots): void {
  const table = new Uint32Array(slots.table.length * 2);
  const mask = table.length - 1;
  const { items, count } = slots.hashes;
  for (let entry = 0; entry < count; entry++) {
    let slot = items[entry] & mask;
    while (table[slot] !== 0) slot = (slot + 1) & mask;
    table[slot] = entry + 1;
  }
  slots.table = table;
}
