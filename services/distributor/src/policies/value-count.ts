/**
 * How many different values there were in two windows: exactly while they are few, then by HyperLogLog (Flajolet and others, 2007) with
 * 1,024 registers a window, which is off by 3 % on average.
 */

/** Hashes of values kept before registers are; of both windows. */
const EXACT_MAX = 64;
const REGISTERS_LOG2 = 10;
const REGISTERS = 1 << REGISTERS_LOG2;
/** The paper's constant for so many registers. */
const BIAS = 0.7213 / (1 + 1.079 / REGISTERS);
const HASH_BYTES = 40;
const EMPTY_BYTES = 200;

export interface ValueCount {
  /** About what it takes in memory. */
  readonly bytes: number;
  /** @returns whether the count may be higher now */
  add(value: string): boolean;
  estimate(): number;
  /** The window before this one is forgotten, and a new one begins. */
  advance(): void;
}

export function createValueCount(): ValueCount {
  /** By window, the current one first. */
  let exact: [Set<number>, Set<number>] | undefined = [new Set(), new Set()];
  let registers: [Uint8Array, Uint8Array] | undefined;
  let bytes = EMPTY_BYTES;

  const toRegisters = ([current, before]: [Set<number>, Set<number>]): void => {
    registers = [new Uint8Array(REGISTERS), new Uint8Array(REGISTERS)];
    for (const hash of current) put(registers[0], hash);
    for (const hash of before) put(registers[1], hash);
    exact = undefined;
    bytes = EMPTY_BYTES + 2 * REGISTERS;
  };

  return {
    get bytes() {
      return bytes;
    },
    add(value) {
      const hash = hashOf(value);
      if (exact === undefined) return registers !== undefined && put(registers[0], hash);
      const [current, before] = exact;
      if (current.has(hash)) return false;
      current.add(hash);
      if (current.size + before.size > EXACT_MAX) toRegisters(exact);
      else bytes += HASH_BYTES;
      return true;
    },
    estimate() {
      if (exact !== undefined) return new Set([...exact[0], ...exact[1]]).size;
      return registers === undefined ? 0 : estimateOf(registers);
    },
    advance() {
      if (exact !== undefined) {
        exact = [new Set(), exact[0]];
        bytes = EMPTY_BYTES + HASH_BYTES * exact[1].size;
      } else if (registers !== undefined) {
        const [current, before] = registers;
        registers = [before.fill(0), current];
        // Few values again: nothing is known of them, so they are counted anew.
        if (current.every((register) => register === 0)) {
          registers = undefined;
          exact = [new Set(), new Set()];
          bytes = EMPTY_BYTES;
        }
      }
    },
  };
}

/** @returns whether a register has risen */
function put(registers: Uint8Array, hash: number): boolean {
  const register = hash >>> (32 - REGISTERS_LOG2);
  // Leading zeros of the rest, and one; the sentinel bit ends them.
  const rank = Math.clz32(((hash << REGISTERS_LOG2) | (1 << (REGISTERS_LOG2 - 1))) >>> 0) + 1;
  if (rank <= registers[register]) return false;
  registers[register] = rank;
  return true;
}

function estimateOf([current, before]: readonly [Uint8Array, Uint8Array]): number {
  let sum = 0;
  let empty = 0;
  for (let i = 0; i < REGISTERS; i++) {
    const rank = Math.max(current[i], before[i]);
    sum += 2 ** -rank;
    if (rank === 0) empty++;
  }
  const raw = (BIAS * REGISTERS * REGISTERS) / sum;
  // The paper's correction for few values.
  return Math.round(raw <= 2.5 * REGISTERS && empty > 0 ? REGISTERS * Math.log(REGISTERS / empty) : raw);
}

/** FNV-1a over UTF-16, then the finish of MurmurHash3, so that every bit depends on all. */
function hashOf(value: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
