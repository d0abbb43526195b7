/**
 * Changes between cumulative snapshots: what a process counted since it was scraped last, stack by stack.
 *
 * A sample is known by what it shows: addresses, functions and lines of its stack, and its labels. Counters of a process only grow;
 * one that fell, or is gone, says that the process was started again, and then all that it has counted is new.
 */
import { hash } from 'node:crypto';
import { encodePprofInSteps, type Pprof, stringBytesAt } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { yieldToLoop } from '@flamelake/runtime';

/** Counters by sample, as they were. */
export interface Snapshot {
  /** Sample types, in order: another program may count other things. */
  readonly types: string;
  readonly timeNanos: bigint;
  /** Position of a sample's counters. */
  readonly positions: ReadonlyMap<string, number>;
  /** A counter each cumulative type, by position. */
  readonly counters: BigInt64Array;
}

export interface Change {
  /** Cumulative values are those since `before`, other values as they are. */
  readonly profile: Pprof;
  readonly isReset: boolean;
}

const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
const DIGEST_BYTES = 16;
/** Samples, or locations, between turns of the event loop: a few ms. */
const TURN_ITEMS = 1_024;
/** A map entry with a key of 16 characters. */
const ENTRY_BYTES = 120;

function isTurn(index: number): boolean {
  return index % TURN_ITEMS === TURN_ITEMS - 1;
}

export function snapshotBytes({ positions, counters }: Snapshot): number {
  return positions.size * ENTRY_BYTES + counters.byteLength;
}

/** Positions of the cumulative ones among the sample types. */
export function cumulativeColumns({ sampleTypes }: Pprof, names: readonly string[]): number[] {
  return sampleTypes.flatMap(({ type }, column) => (names.includes(type) ? [column] : []));
}

/**
 * @param columns - of the sample types that are cumulative
 * @throws {FlamelakeError} `out_of_range` when counters of equal samples sum to more than int64 holds
 */
export async function takeSnapshot(profile: Pprof, columns: readonly number[]): Promise<KeyedSnapshot> {
  const width = profile.sampleTypes.length;
  const locations = await locationDigests(profile);
  const positions = new Map<string, number>();
  const sampleAt = new Uint32Array(profile.sampleCount);
  const counters = new BigInt64Array(profile.sampleCount * columns.length);
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    if (isTurn(sample)) await yieldToLoop();
    const key = sampleKey(profile, sample, locations);
    let position = positions.get(key);
    if (position === undefined) {
      position = positions.size;
      positions.set(key, position);
    }
    sampleAt[sample] = position;
    for (let c = 0; c < columns.length; c++) {
      const at = position * columns.length + c;
      const sum = counters[at] + profile.values[sample * width + columns[c]];
      if (sum > INT64_MAX) throw new FlamelakeError('out_of_range', 'sum of sample values leaves int64');
      counters[at] = sum;
    }
  }
  const types = JSON.stringify(profile.sampleTypes);
  const used = counters.slice(0, positions.size * columns.length);
  return { snapshot: { types, timeNanos: profile.timeNanos, positions, counters: used }, sampleAt };
}

/** A snapshot and where the samples of its profile are in it. */
export interface KeyedSnapshot {
  readonly snapshot: Snapshot;
  readonly sampleAt: Uint32Array;
}

/**
 * @param before - undefined: when the counting began is not known, so nothing of it counts
 * @returns the profile with the change as its cumulative values; samples without one keep a zero
 */
export async function changeSince(
  before: Snapshot | undefined,
  { snapshot, sampleAt }: KeyedSnapshot,
  profile: Pprof,
  columns: readonly number[],
): Promise<Change> {
  const isReset = before !== undefined && (await hasFallen(before, snapshot, columns.length));
  const values = profile.values.slice();
  const width = profile.sampleTypes.length;
  const isTold = new Uint8Array(snapshot.positions.size);
  const base = before === undefined || isReset ? undefined : await basePositions(before, snapshot);
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    if (isTurn(sample)) await yieldToLoop();
    const position = sampleAt[sample];
    // Of equal samples the first has the change of all.
    const tells = before !== undefined && isTold[position] === 0;
    isTold[position] = 1;
    for (let c = 0; c < columns.length; c++) {
      const was = base === undefined || base[position] === 0 ? undefined : (base[position] - 1) * columns.length + c;
      const old = was === undefined ? 0n : (before?.counters[was] ?? 0n);
      values[sample * width + columns[c]] = tells ? snapshot.counters[position * columns.length + c] - old : 0n;
    }
  }
  const sinceNanos = before === undefined ? 0n : profile.timeNanos - before.timeNanos;
  const durationNanos = profile.durationNanos === 0n && sinceNanos > 0n ? sinceNanos : profile.durationNanos;
  return { profile: { ...profile, values, durationNanos }, isReset };
}

/** Position + 1 in `before` of each position now, 0 for none. */
async function basePositions(before: Snapshot, { positions }: Snapshot): Promise<Uint32Array> {
  const base = new Uint32Array(positions.size);
  for (const [key, position] of positions) {
    if (isTurn(position)) await yieldToLoop();
    base[position] = (before.positions.get(key) ?? -1) + 1;
  }
  return base;
}

async function hasFallen(before: Snapshot, now: Snapshot, width: number): Promise<boolean> {
  if (before.types !== now.types) return true;
  for (const [key, was] of before.positions) {
    if (isTurn(was)) await yieldToLoop();
    const is = now.positions.get(key);
    for (let c = 0; c < width; c++) {
      const value = is === undefined ? 0n : now.counters[is * width + c];
      if (value < before.counters[was * width + c]) return true;
    }
  }
  return false;
}

/** Encodes the profile, with turns of the event loop between. */
export async function encodeInTurns(profile: Pprof): Promise<Uint8Array> {
  const steps = encodePprofInSteps(profile);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    await yieldToLoop();
  }
}

/** 16 bytes a location: of its address and its lines. */
async function locationDigests({ symbols }: Pprof): Promise<Uint8Array> {
  const { locations, functions, strings } = symbols;
  const digests = new Uint8Array(locations.count * DIGEST_BYTES);
  for (let i = 0; i < locations.count; i++) {
    if (isTurn(i)) await yieldToLoop();
    const text = createDigestText();
    text.put(locations.address.subarray(i, i + 1));
    for (let line = locations.lineStart[i]; line < locations.lineStart[i + 1]; line++) {
      const fn = locations.lineFunction[line];
      text.put(locations.lineNumber.subarray(line, line + 1));
      text.putSized(stringBytesAt(strings, functions.name[fn]));
      text.putSized(stringBytesAt(strings, functions.filename[fn]));
    }
    digests.set(text.digest(), i * DIGEST_BYTES);
  }
  return digests;
}

function sampleKey({ stacks, sampleStack, labels, symbols }: Pprof, sample: number, locations: Uint8Array): string {
  const stack = sampleStack?.[sample] ?? sample;
  const text = createDigestText();
  text.count(stacks.start[stack + 1] - stacks.start[stack]);
  for (let i = stacks.start[stack]; i < stacks.start[stack + 1]; i++) {
    const at = stacks.locations[i] * DIGEST_BYTES;
    text.put(locations.subarray(at, at + DIGEST_BYTES));
  }
  for (let i = labels.start[sample]; i < labels.start[sample + 1]; i++) {
    text.putSized(stringBytesAt(symbols.strings, labels.key[i]));
    text.putSized(stringBytesAt(symbols.strings, labels.text[i]));
    text.put(labels.number.subarray(i, i + 1));
  }
  return text.digest().toString('latin1');
}

/** Bytes that are being gathered for a hash; used by one at a time, within one turn. */
let scratch = Buffer.alloc(65_536);

interface DigestText {
  put(bytes: ArrayBufferView): void;
  /** A number of up to 32 bits. */
  count(number: number): void;
  /** With its length before it. */
  putSized(bytes: Uint8Array): void;
  digest(): Buffer;
}

function createDigestText(): DigestText {
  let length = 0;
  const reserve = (bytes: number) => {
    if (length + bytes <= scratch.length) return;
    const larger = Buffer.alloc(Math.max(scratch.length * 2, length + bytes));
    scratch.copy(larger, 0, 0, length);
    scratch = larger;
  };
  const put = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => {
    reserve(byteLength);
    scratch.set(new Uint8Array(buffer, byteOffset, byteLength), length);
    length += byteLength;
  };
  const count = (number: number) => {
    reserve(4);
    length = scratch.writeUInt32LE(number, length);
  };
  return {
    put,
    count,
    putSized(bytes) {
      count(bytes.length);
      put(bytes);
    },
    digest: () => hash('sha256', scratch.subarray(0, length), 'buffer').subarray(0, DIGEST_BYTES),
  };
}
