/** Times of samples through decoding and merging, against sums of BigInts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeOtlp, decodeStacks, normalizeProfile, type Pprof } from './index.ts';
import { encodeOtlp } from './otlp/encode-otlp.test-support.ts';

const LIMITS = { samplesMax: 1_000, stackDepthMax: 100, sampleLabelsMax: 10 };
const START = 1_795_208_400_123_456_789n;
const START_MS = START / 1_000_000n;
const DAY_NANOS = 86_400_000_000_000n;

/** A sample a line: equal stacks follow one another. */
function profileOf(stacks: readonly string[], times: readonly (readonly bigint[])[]): Pprof {
  const [{ profile }] = decodeStacks(Buffer.from(stacks.map((stack) => `${stack} 1\n`).join('')), 'groups', {
    kind: 'cpu',
    sampleRate: 100,
    ...LIMITS,
  });
  const start = new Uint32Array(stacks.length + 1);
  times.forEach((own, i) => {
    start[i + 1] = start[i] + own.length;
  });
  return { ...profile, timeNanos: START, sampleTimes: { start, nanos: BigInt64Array.from(times.flat()) } };
}

test('merged samples keep the times of all that are in them, as ms from the profile', () => {
  const near = fc.bigInt({ min: -DAY_NANOS * 2n, max: DAY_NANOS * 2n }).map((distance) => START + distance);
  const any = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const times = fc.array(fc.oneof({ weight: 5, arbitrary: near }, any), { maxLength: 5 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'a;b', 'a;c'), times), { maxLength: 8 }), (samples) => {
      // Text merges equal stacks itself: so each is there once, with what a merge must bring together.
      const stacks = [...new Set(samples.map(([stack]) => stack))];
      const timesOf = (stack: string) => samples.flatMap(([own, list]) => (own === stack ? list : []));
      const profile = profileOf(stacks, stacks.map(timesOf));
      const twice = { ...profile, ...doubled(profile) };
      const groups = stacks.length === 0 ? [] : normalizeProfile(twice).groups;
      const found = groups.flatMap(({ times: own, sampleCount }) =>
        Array.from({ length: sampleCount }, (_, s) => [
          ...(own?.offsetMs.subarray(own.start[s], own.start[s + 1]) ?? []),
        ]),
      );
      const expected = stacks.map((stack) =>
        [...timesOf(stack), ...timesOf(stack)]
          .map((nanos) => floorMs(nanos) - START_MS)
          .filter((offset) => offset <= DAY_NANOS / 1_000_000n && -offset <= DAY_NANOS / 1_000_000n)
          .map(Number)
          .sort((a, b) => a - b),
      );
      assert.deepEqual(found, expected);
    }),
  );
});

/** ms of a time, rounded down. */
function floorMs(nanos: bigint): bigint {
  return nanos >= 0n ? nanos / 1_000_000n : -((-nanos + 999_999n) / 1_000_000n);
}

/** Every sample twice. */
function doubled(profile: Pprof): Partial<Pprof> {
  const { sampleCount, values, stacks, sampleTimes } = profile;
  const index = Array.from({ length: sampleCount * 2 }, (_, i) => i % sampleCount);
  const { start, nanos } = sampleTimes as NonNullable<typeof sampleTimes>;
  const twice = new Uint32Array(index.length + 1);
  index.forEach((sample, i) => {
    twice[i + 1] = twice[i] + start[sample + 1] - start[sample];
  });
  const stackOf = profile.sampleStack ?? Uint32Array.from({ length: stacks.count }, (_, i) => i);
  return {
    sampleCount: index.length,
    values: BigInt64Array.from(index as never, (sample: number) => values[sample]),
    sampleStack: Uint32Array.from(index, (sample) => stackOf[sample]),
    labels: { ...profile.labels, start: new Uint32Array(index.length + 1) },
    sampleTimes: { start: twice, nanos: BigInt64Array.from([...nanos, ...nanos]) },
  };
}

test('an OTLP profile gives its samples their times', () => {
  const times = [[START + 19_999_999n, START + 5n], [], [START - 1_000_000n]];
  const body = encodeOtlp(profileOf(['a', 'b', 'c'], times), { schema: 'v1.10', isPacked: true });
  const [member] = decodeOtlp(body, 'proto', LIMITS).members;
  const [{ pprof }] = member.read().parts;
  const [{ times: found }] = normalizeProfile(pprof).groups;
  assert.deepEqual(found, { start: Uint32Array.of(0, 2, 2, 3), offsetMs: Int32Array.of(0, 20, -1) });
});
