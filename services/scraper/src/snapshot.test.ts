import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodePprof, encodePprof, inflate, type Pprof, stringAt } from '@flamelake/formats';
import { PROFILE_KINDS } from './profile-kinds.ts';
import { changeSince, cumulativeColumns, encodeInTurns, takeSnapshot } from './snapshot.ts';

const CORPUS = process.env.FLAMELAKE_CORPUS ?? new URL('../../../test/corpus', import.meta.url).pathname;
const read = (file: string) =>
  decodePprof(inflate(readFileSync(`${CORPUS}/pull/go-shop/${file}`), { bytesMax: 2 ** 24 }));

interface Truth {
  readonly time_nanos: number;
  readonly sample_types: readonly {
    readonly type: string;
    readonly total: number;
    readonly top20_by_flat: readonly { readonly name: string; readonly flat: number; readonly cum: number }[];
  }[];
}

const totals = ({ sampleTypes, sampleCount, values }: Pprof): Record<string, bigint> =>
  Object.fromEntries(
    sampleTypes.map(({ type }, t) => {
      let sum = 0n;
      for (let s = 0; s < sampleCount; s++) sum += values[s * sampleTypes.length + t];
      return [type, sum];
    }),
  );

/** Value by the function innermost in the stack. */
function flat({ symbols, stacks, sampleTypes, sampleCount, values }: Pprof, type: string): Map<string, bigint> {
  const { locations, functions, strings } = symbols;
  const column = sampleTypes.findIndex((one) => one.type === type);
  const sums = new Map<string, bigint>();
  for (let s = 0; s < sampleCount; s++) {
    const location = stacks.locations[stacks.start[s]];
    const name = stringAt(strings, functions.name[locations.lineFunction[locations.lineStart[location]]]);
    sums.set(name, (sums.get(name) ?? 0n) + values[s * sampleTypes.length + column]);
  }
  return sums;
}

async function change(kind: string, before: Pprof, now: Pprof) {
  const { cumulative } = PROFILE_KINDS[kind];
  const columns = cumulativeColumns(now, cumulative);
  assert.equal(columns.length, cumulative.length);
  const { snapshot } = await takeSnapshot(before, columns);
  return changeSince(snapshot, await takeSnapshot(now, columns), now, columns);
}

for (const [kind, name] of [
  ['mem', 'heap'],
  ['mutex', 'mutex'],
  ['block', 'block'],
] as const) {
  test(`${name}: the change of two snapshots is what go tool pprof -base says`, async () => {
    const [before, now] = [read(`${name}_1.pb.gz`), read(`${name}_2.pb.gz`)];
    const { profile, isReset } = await change(kind, before, now);
    assert.equal(isReset, false);
    assert.equal(profile.durationNanos, now.timeNanos - before.timeNanos);
    const truth = JSON.parse(readFileSync(`${CORPUS}/truth/pull/go-shop/${name}_2_minus_1.json`, 'utf8')) as Truth;
    const again = decodePprof(encodePprof(profile));
    for (const { type, total, top20_by_flat } of truth.sample_types) {
      if (!PROFILE_KINDS[kind].cumulative.includes(type)) continue;
      assert.equal(totals(again)[type], BigInt(total), type);
      const sums = flat(again, type);
      for (const { name: fn, flat: value } of top20_by_flat) assert.equal(sums.get(fn) ?? 0n, BigInt(value), fn);
    }
    // What is not cumulative stays as it is.
    for (const type of ['inuse_objects', 'inuse_space']) assert.equal(totals(again)[type], totals(now)[type]);
  });

  test(`${name}: a process that was started again counts from nothing`, async () => {
    const [before, now] = [read(`${name}_2.pb.gz`), read(`${name}_1.pb.gz`)];
    const { profile, isReset } = await change(kind, before, now);
    assert.equal(isReset, true);
    assert.deepEqual(totals(profile), totals(now));
  });
}

test('the first snapshot counts nothing but what is in use', async () => {
  const now = read('heap_1.pb.gz');
  const columns = cumulativeColumns(now, PROFILE_KINDS.mem.cumulative);
  const { profile, isReset } = await changeSince(undefined, await takeSnapshot(now, columns), now, columns);
  assert.equal(isReset, false);
  assert.deepEqual(totals(profile), { ...totals(now), alloc_objects: 0n, alloc_space: 0n });
});

test('an equal snapshot is no change, and equal samples count once', async () => {
  const now = read('heap_1.pb.gz');
  const { profile } = await change('mem', now, now);
  assert.equal(totals(profile).alloc_space, 0n);
  const { start, locations } = now.stacks;
  const twice: Pprof = {
    ...now,
    sampleCount: now.sampleCount * 2,
    sampleStack: Uint32Array.from({ length: now.sampleCount * 2 }, (_, s) => s % now.sampleCount),
    stacks: { count: now.sampleCount, start, locations },
    values: BigInt64Array.of(...now.values, ...now.values),
    labels: {
      ...now.labels,
      start: Uint32Array.of(
        ...now.labels.start,
        ...now.labels.start.subarray(1).map((at) => at + now.labels.key.length),
      ),
      key: Uint32Array.of(...now.labels.key, ...now.labels.key),
      text: Uint32Array.of(...now.labels.text, ...now.labels.text),
      number: BigInt64Array.of(...now.labels.number, ...now.labels.number),
      numberUnit: Uint32Array.of(...now.labels.numberUnit, ...now.labels.numberUnit),
    },
  };
  const doubled = await change('mem', now, twice);
  assert.equal(doubled.isReset, false);
  assert.equal(totals(doubled.profile).alloc_space, totals(now).alloc_space);
});

/** The samples of a profile so many times, each with a number label of its own. */
function repeated(profile: Pprof, times: number): Pprof {
  const { sampleCount, stacks, values } = profile;
  const all = sampleCount * times;
  const repeat = <T>(column: ArrayLike<T>) => Array.from({ length: times }, () => Array.from(column)).flat();
  const none = new Uint32Array(all);
  return {
    ...profile,
    sampleCount: all,
    sampleStack: Uint32Array.from({ length: all }, (_, s) => s % sampleCount),
    stacks,
    values: BigInt64Array.from(repeat(values)),
    labels: {
      start: Uint32Array.from({ length: all + 1 }, (_, s) => s),
      key: none.map(() => 1),
      text: none,
      number: BigInt64Array.from({ length: all }, (_, s) => BigInt(s + 1)),
      numberUnit: none,
    },
  };
}

/** Turns of the event loop that others had while something was done. */
async function turnsDuring<T>(run: () => Promise<T>): Promise<readonly [number, T]> {
  let turns = 0;
  let isEnding = false;
  const turn = () => {
    turns++;
    if (!isEnding) setImmediate(turn);
  };
  setImmediate(turn);
  const result = await run();
  isEnding = true;
  return [turns, result];
}

test('the event loop has a turn after every 1,024 samples, or 4,096 that are encoded', async () => {
  const now = repeated(read('heap_1.pb.gz'), 200);
  const columns = cumulativeColumns(now, PROFILE_KINDS.mem.cumulative);
  const most = Math.floor(now.sampleCount / 1_024);
  assert.ok(most >= 5, `${now.sampleCount} samples`);
  const [taking, keyed] = await turnsDuring(() => takeSnapshot(now, columns));
  assert.equal(keyed.snapshot.positions.size, now.sampleCount);
  assert.ok(taking >= most, `${taking} turns`);
  // Looked through three times: has a counter fallen, where was it, how much is new.
  const [changing, { profile }] = await turnsDuring(() => changeSince(keyed.snapshot, keyed, now, columns));
  assert.ok(changing >= 3 * most, `${changing} turns`);
  const [encoding, bytes] = await turnsDuring(() => encodeInTurns(profile));
  assert.ok(encoding >= Math.floor(now.sampleCount / 4_096), `${encoding} turns`);
  assert.deepEqual(bytes, encodePprof(profile));
});
