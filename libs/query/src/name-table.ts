/**
 * Distinct byte strings with small numbers: what function names become while results of many blocks are added up.
 * Open addressing over one run of bytes; names stay UTF-8 until printed.
 */
import { FlamelakeError, type Memory, UNBOUNDED_MEMORY } from '@flamelake/model';

/** Most bytes of distinct names one result may hold, 1 GiB. */
export const NAME_BYTES_MAX = 1_073_741_824;

/** Name `i` is `bytes[offsets[i], offsets[i + 1])`. Grows; arrays are replaced when it does. */
export interface NameTable {
  count: number;
  bytes: Buffer;
  /** The same bytes: four are hashed and compared at a time. */
  view: DataView;
  offsets: Uint32Array;
  hashes: Int32Array;
  /** Name number + 1 by hash, 0 where free; a power of two long, at most half full. Empty until a name is looked up first. */
  slots: Int32Array;
  /** What all this is taken from as it grows. */
  memory: Memory;
}

/** Of a name: offset and hash. */
const ENTRY_BYTES = 8;

export function createNameTable(memory: Memory = UNBOUNDED_MEMORY): NameTable {
  const bytes = Buffer.alloc(1024);
  return {
    count: 0,
    bytes,
    view: viewOf(bytes),
    offsets: new Uint32Array(65),
    hashes: new Int32Array(64),
    slots: new Int32Array(128),
    memory,
  };
}

/**
 * A table of names that are there already, to be read from; it is made ready for look-ups when there is one.
 * @param bytes - the names back to back; the table's own from now on
 * @param offsets - of each name and of the end
 */
export function nameTableOf(bytes: Buffer, offsets: Uint32Array, memory: Memory): NameTable {
  const count = offsets.length - 1;
  return { count, bytes, view: viewOf(bytes), offsets, hashes: new Int32Array(), slots: new Int32Array(), memory };
}

/** Bytes as `internName` takes them; made once for many names. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Number of the name `source[from, until)`; a copy is kept.
 * @throws {FlamelakeError} `resource_exhausted` over NAME_BYTES_MAX
 */
export function internName(table: NameTable, source: DataView, from: number, until: number): number {
  if (table.slots.length === 0) prepareLookUps(table);
  const hash = hashBytes(source, from, until);
  const mask = table.slots.length - 1;
  let slot = hash & mask;
  for (let entry = table.slots[slot]; entry !== 0; entry = table.slots[slot]) {
    const name = entry - 1;
    if (table.hashes[name] === hash && isName(table, name, source, from, until)) return name;
    slot = (slot + 1) & mask;
  }
  const name = append(table, source, from, until, hash);
  if (table.count * 2 > table.slots.length) rehash(table);
  else table.slots[slot] = name + 1;
  return name;
}

/** Number of a name given as text. */
export function internText(table: NameTable, text: string): number {
  const bytes = Buffer.from(text, 'utf8');
  return internName(table, viewOf(bytes), 0, bytes.length);
}

/** The name as text; bytes that are no UTF-8 become U+FFFD. */
export function nameText(table: NameTable, name: number): string {
  return table.bytes.toString('utf8', table.offsets[name], table.offsets[name + 1]);
}

/** A string per byte of the name: `<` on two of them orders the names by their bytes. */
export function nameSortKey(table: NameTable, name: number): string {
  return table.bytes.toString('latin1', table.offsets[name], table.offsets[name + 1]);
}

function append(table: NameTable, source: DataView, from: number, until: number, hash: number): number {
  const name = table.count++;
  const start = table.offsets[name];
  const end = start + until - from;
  if (end > NAME_BYTES_MAX) {
    throw new FlamelakeError('resource_exhausted', 'query result has too many bytes of names; narrow the query', {
      limitBytes: NAME_BYTES_MAX,
    });
  }
  if (end > table.bytes.length) {
    const length = Math.max(end, table.bytes.length * 2);
    table.memory.take(length);
    table.memory.give(table.bytes.length);
    const grown = Buffer.allocUnsafe(length);
    grown.set(table.bytes.subarray(0, start));
    table.bytes = grown;
    table.view = viewOf(grown);
  }
  if (name === table.hashes.length) {
    table.memory.take(name * ENTRY_BYTES);
    const hashes = new Int32Array(name * 2);
    hashes.set(table.hashes);
    table.hashes = hashes;
    const offsets = new Uint32Array(name * 2 + 1);
    offsets.set(table.offsets);
    table.offsets = offsets;
  }
  for (let i = from, to = start; i < until; i++, to++) table.bytes[to] = source.getUint8(i);
  table.offsets[name + 1] = end;
  table.hashes[name] = hash;
  return name;
}

function isName(table: NameTable, name: number, source: DataView, from: number, until: number): boolean {
  const start = table.offsets[name];
  if (table.offsets[name + 1] - start !== until - from) return false;
  const { view } = table;
  let [i, at] = [from, start];
  for (; i + 4 <= until; i += 4, at += 4) if (view.getInt32(at, true) !== source.getInt32(i, true)) return false;
  for (; i < until; i++, at++) if (view.getUint8(at) !== source.getUint8(i)) return false;
  return true;
}

function prepareLookUps(table: NameTable): void {
  const { count, view, offsets } = table;
  let capacity = 64;
  while (capacity < count) capacity *= 2;
  table.memory.take(capacity * ENTRY_BYTES);
  table.hashes = new Int32Array(capacity);
  table.offsets = new Uint32Array(capacity + 1);
  table.offsets.set(offsets);
  for (let name = 0; name < count; name++) table.hashes[name] = hashBytes(view, offsets[name], offsets[name + 1]);
  rehash(table, capacity * 2);
}

function rehash(table: NameTable, length = table.slots.length * 2): void {
  table.memory.take(length * Int32Array.BYTES_PER_ELEMENT);
  table.memory.give(table.slots.byteLength);
  const slots = new Int32Array(length);
  const mask = slots.length - 1;
  for (let name = 0; name < table.count; name++) {
    let slot = table.hashes[name] & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = name + 1;
  }
  table.slots = slots;
}

/** Four bytes a step, mixed as in MurmurHash3 (Appleby, public domain). */
function hashBytes(source: DataView, from: number, until: number): number {
  let hash = until - from;
  let i = from;
  for (; i + 4 <= until; i += 4) {
    const mixed = Math.imul(source.getInt32(i, true), 0xcc9e2d51);
    hash = (Math.imul(hash ^ Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593), 5) + 0xe6546b64) | 0;
    hash = (hash << 13) | (hash >>> 19);
  }
  for (; i < until; i++) hash = Math.imul(hash ^ source.getUint8(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
