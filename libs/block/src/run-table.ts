/** Interned runs of 32 bit words: functions and mappings (runs of one length) and locations (runs with their lines). */
import { hashWords } from './hash.ts';
import { clearList, type List, pushUint32, reserve, uint32List } from './list.ts';
import { clearSlots, createSlots, enter, type Slots } from './slots.ts';

/** Words of a location before its lines: mapping + 1, low and high half of the address. */
export const LOCATION_HEAD_WORDS = 3;

export interface RunTable {
  readonly seed: number;
  readonly words: List<Uint32Array>;
  /** Run `i` is `words[starts[i], starts[i + 1])`. */
  readonly starts: List<Uint32Array>;
  readonly slots: Slots;
}

export function createRunTable(seed: number): RunTable {
  const table = { seed, words: uint32List(32), starts: uint32List(), slots: createSlots() };
  pushUint32(table.starts, 0);
  return table;
}

export function clearRunTable({ words, starts, slots }: RunTable): void {
  clearList(words);
  clearList(starts);
  pushUint32(starts, 0);
  clearSlots(slots);
}

export function runCount(table: RunTable): number {
  return table.slots.hashes.count;
}

/** Number of the run `source[0, length)`, entered if it is new. */
export function internRun(table: RunTable, source: Uint32Array, length: number): number {
  const hash = hashWords(table.seed, source, 0, length);
  const { slots, starts, words } = table;
  const mask = slots.table.length - 1;
  let slot = hash & mask;
  for (;;) {
    const entry = slots.table[slot];
    if (entry === 0) break;
    if (slots.hashes.items[entry - 1] === hash && isRun(table, entry - 1, source, length)) return entry - 1;
    slot = (slot + 1) & mask;
  }
  const start = words.count;
  reserve(words, start + length);
  for (let i = 0; i < length; i++) words.items[start + i] = source[i];
  words.count += length;
  pushUint32(starts, words.count);
  enter(slots, hash, slot);
  return slots.hashes.count - 1;
}

function isRun(table: RunTable, index: number, source: Uint32Array, length: number): boolean {
  const start = table.starts.items[index];
  if (table.starts.items[index + 1] - start !== length) return false;
  const { items } = table.words;
  for (let i = 0; i < length; i++) if (source[i] !== items[start + i]) return false;
  return true;
}
