/**
 * Hashes of what profiles hold, the same whether a profile is read from a log record or from a block: names instead of
 * numbers, stacks from the root on, samples in any order. Two 32 bit words each, against accidents, not against attackers.
 */
import type { StackTreeColumns, StringColumn, Symbols } from '@flamelake/formats';

/** Hash `i` is the words `2 i` and `2 i + 1`. */
export type Hashes = Uint32Array;

/** The hash being made: one at a time. */
const state = new Uint32Array(2);

function begin(low: number, high: number): void {
  state[0] = low;
  state[1] = high;
}

function mix(word: number): void {
  let low = Math.imul(state[0] ^ word, 0x9e37_79b1);
  low ^= low >>> 15;
  let high = Math.imul((state[1] + word) ^ low, 0x85eb_ca77);
  high ^= high >>> 13;
  state[0] = low;
  state[1] = high;
}

function end(into: Hashes, index: number): void {
  into[2 * index] = state[0];
  into[2 * index + 1] = state[1];
}

/** Low and high words of 64 bit values, in place. */
export function wordsOf(values: BigInt64Array | BigUint64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** Hash of bytes, with their number. */
export function hashBytes(bytes: Uint8Array): Hashes {
  const hash = new Uint32Array(2);
  hashRange(bytes, 0, bytes.length);
  end(hash, 0);
  return hash;
}

function hashRange(bytes: Uint8Array, from: number, until: number): void {
  begin(until - from, 0x5bd1_e995);
  for (let at = from; at < until; at++) mix(bytes[at]);
}

function hashStrings({ count, bytes, offsets }: StringColumn): Hashes {
  const hashes = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) {
    hashRange(bytes, offsets[i], offsets[i + 1]);
    end(hashes, i);
  }
  return hashes;
}

function mixHash(hashes: Hashes, index: number): void {
  mix(hashes[2 * index]);
  mix(hashes[2 * index + 1]);
}

/** Hashes of locations with all that is known of them: address, mapping, lines and their functions. */
export function hashLocations({ strings, functions, mappings, locations }: Symbols): Hashes {
  const text = hashStrings(strings);
  const fn = new Uint32Array(2 * functions.count);
  for (let i = 0; i < functions.count; i++) {
    begin(functions.startLine[i], 1);
    for (const column of [functions.name, functions.systemName, functions.filename]) mixHash(text, column[i]);
    end(fn, i);
  }
  const mapping = new Uint32Array(2 * mappings.count);
  const ranges = [mappings.memoryStart, mappings.memoryLimit, mappings.fileOffset].map(wordsOf);
  for (let i = 0; i < mappings.count; i++) {
    begin(mappings.flags[i], 2);
    for (const words of ranges) mixHash(words, i);
    mixHash(text, mappings.filename[i]);
    mixHash(text, mappings.buildId[i]);
    end(mapping, i);
  }
  const hashes = new Uint32Array(2 * locations.count);
  const address = wordsOf(locations.address);
  for (let i = 0; i < locations.count; i++) {
    begin(locations.lineStart[i + 1] - locations.lineStart[i], 3);
    mixHash(address, i);
    if (locations.mapping[i] > 0) mixHash(mapping, locations.mapping[i] - 1);
    for (let line = locations.lineStart[i]; line < locations.lineStart[i + 1]; line++) {
      mixHash(fn, locations.lineFunction[line]);
      mix(locations.lineNumber[line]);
    }
    end(hashes, i);
  }
  return hashes;
}

const EMPTY_STACK = [0x2545_f491, 0x4f6c_dd1d] as const;

/** Hashes of stacks that are nodes of a tree; parents come before their children. */
export function hashTree(tree: StackTreeColumns, location: Hashes): Hashes {
  const hashes = new Uint32Array(2 * tree.count);
  hashes.set(EMPTY_STACK);
  for (let node = 1; node < tree.count; node++) {
    const above = tree.parent[node];
    begin(hashes[2 * above], hashes[2 * above + 1]);
    mixHash(location, tree.location[node]);
    end(hashes, node);
  }
  return hashes;
}

/** Samples of one row, wherever they come from: sample `i` is at `[from, until)` of every column. */
export interface RowSamples {
  readonly from: number;
  readonly until: number;
  /** Index of a stack's hash. */
  readonly stack: Uint32Array;
  readonly stacks: Hashes;
  /** Words of values; sample `i` has value `i + valueShift`. */
  readonly values: Uint32Array;
  readonly valueShift: number;
  /** Words of span ids. */
  readonly spans: Uint32Array | undefined;
  /** 16 bytes each. */
  readonly traces: Uint8Array | undefined;
}

/** What a row says beside its samples. */
export interface RowFacts {
  /** Hash of tenant, service, profile type and labels. */
  readonly name: Hashes;
  readonly timeMs: number;
  readonly durationNanos: number;
  readonly period: bigint;
  readonly group: number;
  /** Where its 16 bytes begin is `identityAt`. */
  readonly identities: Uint8Array;
  readonly identityAt: number;
}

const row = new Uint32Array(2);
const numbers = new BigInt64Array(3);
const numberWords = wordsOf(numbers);

/**
 * Hash of a row: of its facts, and of its samples that have a value.
 * @returns memory that the next call overwrites
 */
export function hashRow(facts: RowFacts, samples: RowSamples): Hashes {
  const { stacks, values, spans, traces } = samples;
  let low = 0;
  let high = 0;
  let count = 0;
  for (let i = samples.from; i < samples.until; i++) {
    const at = 2 * (i + samples.valueShift);
    if ((values[at] | values[at + 1]) === 0) continue;
    begin(stacks[2 * samples.stack[i]], stacks[2 * samples.stack[i] + 1]);
    mix(values[at]);
    mix(values[at + 1]);
    mix(spans?.[2 * i] ?? 0);
    mix(spans?.[2 * i + 1] ?? 0);
    for (let byte = 16 * i; byte < 16 * i + 16; byte++) mix(traces?.[byte] ?? 0);
    low = (low + state[0]) >>> 0;
    high = (high + state[1]) >>> 0;
    count++;
  }
  numbers.set([BigInt(facts.timeMs), BigInt(facts.durationNanos), facts.period]);
  begin(facts.name[0], facts.name[1]);
  for (const word of numberWords) mix(word);
  mix(facts.group);
  for (let at = facts.identityAt; at < facts.identityAt + 16; at++) mix(facts.identities[at]);
  mix(count);
  mix(low);
  mix(high);
  end(row, 0);
  return row;
}
