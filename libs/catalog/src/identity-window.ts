/**
 * Identities seen within a window of the log's append time, with the smallest offset each was seen at: how resends are recognised.
 *
 * Kept as open-addressing tables (linear probing), one for each eighth of the window, so that forgetting is dropping a table. A few
 * million identities stay a few million array cells, with no object of their own.
 */
import { FlamelakeError } from '@flamelake/model';

export interface IdentityWindow {
  /** Identities held. */
  readonly count: number;
  /** Smallest offset an identity was seen at, or undefined. `at` is where its 16 bytes begin. */
  offsetOf(ids: Uint8Array, at: number): number | undefined;
  /**
   * Notes an identity; of several offsets the smallest stays.
   * @param appendMs - running maximum of append time when it was seen, or later
   * @throws {FlamelakeError} `resource_exhausted` when the window is full
   */
  add(ids: Uint8Array, at: number, offset: number, appendMs: number): void;
  /** Forgets what was seen more than the window ago; an eighth more may stay. */
  forgetBefore(appendMs: number): void;
}

export interface IdentityWindowOptions {
  /** Length of the window, ms. */
  readonly windowMs: number;
  /** Most identities held, 16,777,216 by default: an hour and a half of 3,000 profiles/s in one partition. */
  readonly identitiesMax?: number;
}

export const IDENTITY_BYTES = 16;
const IDENTITIES_MAX_DEFAULT = 16_777_216;
const TABLES_PER_WINDOW = 8;

export function createIdentityWindow(options: IdentityWindowOptions): IdentityWindow {
  const { windowMs, identitiesMax = IDENTITIES_MAX_DEFAULT } = options;
  const spanMs = windowMs / TABLES_PER_WINDOW;
  const tables = new Map<number, IdentityTable>();
  let count = 0;
  return {
    get count() {
      return count;
    },
    offsetOf(ids, at) {
      const words = wordsAt(ids, at);
      for (const table of tables.values()) {
        const slot = table.find(words);
        if (slot >= 0) return table.offsets[slot];
      }
      return undefined;
    },
    add(ids, at, offset, appendMs) {
      const words = wordsAt(ids, at);
      for (const table of tables.values()) {
        const slot = table.find(words);
        if (slot < 0) continue;
        table.offsets[slot] = Math.min(offset, table.offsets[slot]);
        return;
      }
      if (count >= identitiesMax) {
        throw new FlamelakeError('resource_exhausted', 'identity window is full', { count, identitiesMax });
      }
      const span = Math.floor(appendMs / spanMs);
      let table = tables.get(span);
      if (table === undefined) {
        table = createTable();
        tables.set(span, table);
      }
      table.insert(words, offset);
      count++;
    },
    forgetBefore(appendMs) {
      for (const [span, table] of tables) {
        if ((span + 1) * spanMs > appendMs) continue;
        tables.delete(span);
        count -= table.count;
      }
    },
  };
}

/** An identity as four numbers, reused for every look-up. */
type Words = Uint32Array;
const words = new Uint32Array(4);

function wordsAt(ids: Uint8Array, at: number): Words {
  for (let word = 0; word < 4; word++) {
    const start = at + word * 4;
    words[word] = ids[start] | (ids[start + 1] << 8) | (ids[start + 2] << 16) | (ids[start + 3] << 24);
  }
  return words;
}

interface IdentityTable {
  readonly count: number;
  readonly offsets: Float64Array;
  /** Slot of an identity, or -1. */
  find(words: Words): number;
  /** Adds one that is not there. */
  insert(words: Words, offset: number): void;
}

/** Offset of an empty slot. */
const EMPTY = Number.NaN;
const CAPACITY_MIN = 256;

function createTable(): IdentityTable {
  let keys = new Uint32Array(4 * CAPACITY_MIN);
  let offsets = new Float64Array(CAPACITY_MIN).fill(EMPTY);
  let count = 0;

  const slotOf = (identity: Words): number => {
    const mask = offsets.length - 1;
    let slot = hash(identity) & mask;
    for (;;) {
      if (Number.isNaN(offsets[slot])) return slot;
      const at = slot * 4;
      if (
        keys[at] === identity[0] &&
        keys[at + 1] === identity[1] &&
        keys[at + 2] === identity[2] &&
        keys[at + 3] === identity[3]
      ) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
  };

  const grow = () => {
    const oldKeys = keys;
    const oldOffsets = offsets;
    keys = new Uint32Array(oldKeys.length * 2);
    offsets = new Float64Array(oldOffsets.length * 2).fill(EMPTY);
    for (let slot = 0; slot < oldOffsets.length; slot++) {
      if (Number.isNaN(oldOffsets[slot])) continue;
      const identity = oldKeys.subarray(slot * 4, slot * 4 + 4);
      const target = slotOf(identity);
      keys.set(identity, target * 4);
      offsets[target] = oldOffsets[slot];
    }
  };

  return {
    get count() {
      return count;
    },
    get offsets() {
      return offsets;
    },
    find(identity) {
      const slot = slotOf(identity);
      return Number.isNaN(offsets[slot]) ? -1 : slot;
    },
    insert(identity, offset) {
      if (count * 4 >= offsets.length * 3) grow();
      const slot = slotOf(identity);
      keys.set(identity, slot * 4);
      offsets[slot] = offset;
      count++;
    },
  };
}

/** Identities are hashes or random already; mixing guards against ones that clients chose. */
function hash(identity: Words): number {
  let mixed = identity[0];
  for (let word = 1; word < 4; word++) mixed = Math.imul(mixed ^ identity[word], 0x9e3779b1) ^ (mixed >>> 15);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
