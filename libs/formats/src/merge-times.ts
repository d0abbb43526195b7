/** Gathers the times of merged samples, as offsets from the time of their profile. */
import type { Rows } from './merge-samples.ts';
import type { Pprof } from './pprof.ts';
import type { SampleTimes } from './profile-record.ts';

const NANOS_PER_MS = 1_000_000;
const TWO_32 = 0x1_0000_0000;
/** A time farther than a day from its profile's is of another clock, such as one that counts from the start of the machine. */
const OFFSET_MS_MAX = 86_400_000;
/** Stands for a time that is not kept; no offset is so large. */
const NOT_KEPT = 0x7fff_ffff;

/**
 * @param kept - samples by index
 * @param sorted - rows in the order of the result
 * @returns undefined when no row has a time
 */
export function mergeTimes(
  { sampleTimes, timeNanos }: Pprof,
  kept: Uint32Array,
  { count, row }: Rows,
  sorted: Uint32Array,
): SampleTimes | undefined {
  if (sampleTimes === undefined) return undefined;
  const offsets = offsetsOf(sampleTimes.nanos, timeNanos);
  const place = new Uint32Array(count);
  for (let i = 0; i < count; i++) place[sorted[i]] = i;
  const start = new Uint32Array(count + 1);
  for (let i = 0; i < kept.length; i++) {
    const end = sampleTimes.start[kept[i] + 1];
    const after = place[row[i]] + 1;
    for (let at = sampleTimes.start[kept[i]]; at < end; at++) if (offsets[at] !== NOT_KEPT) start[after]++;
  }
  for (let i = 0; i < count; i++) start[i + 1] += start[i];
  const next = start.slice();
  const offsetMs = new Int32Array(start[count]);
  if (offsetMs.length === 0) return undefined;
  for (let i = 0; i < kept.length; i++) {
    const end = sampleTimes.start[kept[i] + 1];
    const to = place[row[i]];
    for (let at = sampleTimes.start[kept[i]]; at < end; at++) {
      if (offsets[at] !== NOT_KEPT) offsetMs[next[to]++] = offsets[at];
    }
  }
  for (let i = 0; i < count; i++) if (start[i + 1] - start[i] > 1) offsetMs.subarray(start[i], start[i + 1]).sort();
  return { start, offsetMs };
}

/** Times of samples `[from, until)`; undefined when they have none. */
export function timesOf({ start, offsetMs }: SampleTimes, from: number, until: number): SampleTimes | undefined {
  const first = start[from];
  const end = start[until];
  if (first === end) return undefined;
  return {
    start: Uint32Array.from({ length: until - from + 1 }, (_, i) => start[from + i] - first),
    offsetMs: offsetMs.subarray(first, end),
  };
}

/** ms from the ms that the profile's time is in: no BigInt a time, and exact wherever the offset is kept. */
function offsetsOf(nanos: BigInt64Array, timeNanos: bigint): Int32Array {
  const base = BigInt.asUintN(64, timeNanos - (timeNanos % BigInt(NANOS_PER_MS)));
  const baseLow = Number(base & 0xffff_ffffn);
  const baseHigh = Number(base >> 32n);
  const halves = new Uint32Array(nanos.buffer, nanos.byteOffset, nanos.length * 2);
  const offsets = new Int32Array(nanos.length);
  for (let i = 0; i < offsets.length; i++) {
    const distance = (halves[2 * i + 1] - baseHigh) * TWO_32 + (halves[2 * i] - baseLow);
    const offset = Math.floor(distance / NANOS_PER_MS);
    offsets[i] = Math.abs(offset) <= OFFSET_MS_MAX ? offset : NOT_KEPT;
  }
  return offsets;
}
