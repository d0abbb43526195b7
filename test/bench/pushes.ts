/** Pushes as SDKs send them, made from the files of a set: each a profile of its own, as a form for `/ingest`. */
import { gzipSync } from 'node:zlib';
import { decodePprof, encodePprof, type Pprof } from '@flamelake/formats';
import { createSeededRandom, type SeededRandom } from '@flamelake/testkit';
import type { SetFile } from './sets.ts';

export interface Push {
  /** Path and query. */
  readonly target: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** The profile in the form, uncompressed and as sent. */
  readonly pprof: Uint8Array;
  readonly gzipBytes: number;
}

const SERVICES = 10;
const PODS = 97;
/** Share of the samples that a push has of its file. */
const SAMPLES_SHARE = 0.7;
const BOUNDARY = 'flamelake-benchmark-form';

/**
 * Makes pushes of the files in turn: another 70 % of the samples, other values and another time each, so that none is a resend
 * and none compresses as the copy of another.
 * @param endMs - time of the last one, ms since 1970; the others are before it, 1 ms apart
 */
export function makePushes(files: readonly SetFile[], count: number, endMs: number): Push[] {
  const random = createSeededRandom(1);
  const decoded = files.map(({ pprof }) => decodePprof(pprof));
  return Array.from({ length: count }, (_, index) => {
    const timeNanos = BigInt(Math.floor(endMs) - count + 1 + index) * 1_000_000n;
    const pprof = encodePprof({ ...nextPush(decoded[index % decoded.length], random), timeNanos });
    const packed = gzipSync(pprof);
    const name = `bench-${index % SERVICES}{pod=pod-${index % PODS}}`;
    return {
      target: `/ingest?name=${encodeURIComponent(name)}&spyName=gospy`,
      contentType: `multipart/form-data; boundary=${BOUNDARY}`,
      body: form(packed),
      pprof,
      gzipBytes: packed.length,
    };
  });
}

function form(profile: Uint8Array): Uint8Array {
  const head = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="profile"; filename="profile.pprof"\r\ncontent-type: application/octet-stream\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), profile, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
}

/** The same program's next profile: other samples of the same stacks, with other values. */
export function nextPush(profile: Pprof, random: SeededRandom): Pprof {
  const { stacks, values, labels, sampleTypes } = profile;
  const width = sampleTypes.length;
  // One that counts is always kept: a push without any would leave nothing to store.
  const counting = Math.floor(values.findIndex((value) => value > 0n) / width);
  const kept = Array.from({ length: profile.sampleCount }, (_, i) => i).filter(
    (sample) => sample === counting || random.chance(SAMPLES_SHARE),
  );
  const ofStacks = pick(stacks.start, kept);
  const ofLabels = pick(labels.start, kept);
  const factors = kept.map(() => BigInt(1 + random.integer(3)));
  return {
    ...profile,
    sampleCount: kept.length,
    stacks: {
      count: kept.length,
      start: ofStacks.start,
      locations: ofStacks.items.map((item) => stacks.locations[item]),
    },
    values: BigInt64Array.from(
      kept.flatMap((sample, i) => Array.from({ length: width }, (_, t) => values[sample * width + t] * factors[i])),
    ),
    labels: {
      start: ofLabels.start,
      key: ofLabels.items.map((item) => labels.key[item]),
      text: ofLabels.items.map((item) => labels.text[item]),
      number: BigInt64Array.from(ofLabels.items, (item) => labels.number[item]),
      numberUnit: ofLabels.items.map((item) => labels.numberUnit[item]),
    },
  };
}

/** Runs `[start[i], start[i + 1])` of the kept ones, put together: their starts, and the items they are made of. */
function pick(start: Uint32Array, kept: readonly number[]): { start: Uint32Array; items: Uint32Array } {
  const starts = new Uint32Array(kept.length + 1);
  const items: number[] = [];
  for (const [i, from] of kept.entries()) {
    for (let item = start[from]; item < start[from + 1]; item++) items.push(item);
    starts[i + 1] = items.length;
  }
  return { start: starts, items: Uint32Array.from(items) };
}
