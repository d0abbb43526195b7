/** What the builder keeps of profiles, and what it refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileRecord, SampleGroup } from '@flamelake/formats';
import { CPU_TYPE, createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { createBlockBuilder } from './block-builder.ts';
import { parseBlock } from './block-reader.ts';
import { describeBlock } from './describe-block.ts';
import { profileUuid } from './profile-uuid.ts';
import type { BlockReader, LogRange } from './types.ts';

const LOG: LogRange = { logId: 'log', partition: 0, position: 0, next: 9, lastAppendMs: 0, gaps: [] };
const HEADER = { id: '00'.repeat(16), level: 0, log: LOG };
const BASE = randomProfileRecord(createSeededRandom(3), { services: ['cart'], groupsMax: 1, stacksMax: 5 });

/** The base record with one label set of these values, type-major. */
function recordOf(
  values: readonly bigint[],
  changes: Partial<ProfileRecord> & Partial<SampleGroup> = {},
): ProfileRecord {
  const { labels = BASE.groups[0].labels, spanIds, traceIds, ...rest } = changes;
  const sampleCount = values.length / (rest.types ?? BASE.types).length;
  const stack = changes.stack ?? Uint32Array.from({ length: sampleCount }, (_, i) => i % BASE.stacks.count);
  const group = { labels, sampleCount, stack, values: BigInt64Array.from(values), spanIds, traceIds };
  return { ...BASE, ...rest, groups: [group] };
}

function blockOf(...records: readonly ProfileRecord[]): BlockReader {
  const builder = createBlockBuilder();
  records.forEach((record, offset) => builder.addProfile(record, offset));
  return parseBlock(builder.build(HEADER).bytes);
}

test('a second profile with the same stacks adds no symbols', async () => {
  const again = { ...BASE, identity: new Uint8Array(16) };
  const [one, two] = [blockOf(BASE).dataset(0), blockOf(BASE, again).dataset(0)];
  for (const section of ['strings', 'functions', 'locations', 'mappings', 'tree'] as const) {
    assert.deepEqual(await two[section](), await one[section](), section);
  }
  assert.equal((await two.profiles()).count, 2 * (await one.profiles()).count);
});

test('series have the labels of the set and those made from type and service', async () => {
  const [series] = await blockOf(recordOf([1n, 1n]))
    .dataset(0)
    .series();
  assert.deepEqual(series.type, CPU_TYPE);
  assert.deepEqual(
    series.labels.map(({ name, value }) => `${name}=${value}`),
    [
      '__name__=process_cpu',
      '__period_type__=cpu',
      '__period_unit__=nanoseconds',
      '__profile_type__=process_cpu:cpu:nanoseconds:cpu:nanoseconds',
      '__service_name__=cart',
      '__type__=cpu',
      '__unit__=nanoseconds',
      ...BASE.groups[0].labels.map(({ name, value }) => `${name}=${value}`),
    ],
  );
});

test('a type without values in a label set makes no row, and zero values no samples', async () => {
  const block = blockOf(recordOf([5n, 0n, 0n, 0n]), recordOf([0n, 0n, 0n, 0n]));
  const [dataset] = (await describeBlock(block)).datasets;
  assert.equal(dataset.profiles.length, 1);
  assert.deepEqual(
    dataset.profiles[0].samples.map(([, value]) => value),
    ['5'],
  );
  assert.equal((await block.identities()).count, 2, 'both profiles can be recognised');
});

test('a profile without any value makes no dataset', () => {
  assert.deepEqual(blockOf(recordOf([0n, 0n])).info.datasets, []);
});

test('an empty block has a footer and nothing else', async () => {
  const block = blockOf();
  assert.deepEqual(block.info, { id: HEADER.id, level: 0, log: LOG, datasets: [] });
  assert.equal((await block.identities()).count, 0);
  assert.deepEqual(await block.quarantine(), []);
});

test('types that have values for the same samples share their stacktraces', async () => {
  const profiles = await blockOf(recordOf([1n, 2n, 30n, 40n]))
    .dataset(0)
    .profiles();
  assert.deepEqual(profiles.stackList, Uint32Array.of(0, 0));
  const apart = await blockOf(recordOf([1n, 2n, 30n, 0n]))
    .dataset(0)
    .profiles();
  assert.deepEqual(apart.stackList, Uint32Array.of(0, 1));
});

test('values up to int64 come back, whatever their common divisor', async () => {
  const max = 0x7fff_ffff_ffff_ffffn;
  const cases = [
    [max, 10_000_000n],
    [max - 1n, 1n],
    [1n << 53n, (1n << 53n) + 2n],
    [(1n << 53n) - 1n, 3n * ((1n << 51n) - 1n)],
    [20_000_000n, 9_007_199_250_000_000n],
    [0xffff_ffffn, 0x1_0000_0000n],
  ];
  for (const values of cases) {
    const record = recordOf([values[0], values[1]], { stack: Uint32Array.of(0) });
    const { datasets } = await describeBlock(blockOf(record));
    const read = datasets[0].profiles.map(({ total, samples }) => [total, samples[0][1]]);
    assert.deepEqual(
      read,
      values.map((value) => [`${value}`, `${value}`]),
    );
  }
});

test('a sum that leaves int64 or a negative value is refused, and nothing of the profile is kept', () => {
  const builder = createBlockBuilder();
  const half = 1n << 62n;
  assert.throws(() => builder.addProfile(recordOf([1n, 1n, half, half]), 0), { code: 'out_of_range' });
  assert.throws(() => builder.addProfile(recordOf([1n, 1n, 1n, -1n]), 0), { code: 'invalid_argument' });
  const { count, parent, location } = BASE.stacks;
  assert.throws(() => builder.addProfile(recordOf([1n, 1n], { stack: Uint32Array.of(count) }), 0), {
    code: 'invalid_argument',
    details: { part: 'sample stack', at: 0 },
  });
  const own = parent.with(1, 1);
  assert.throws(() => builder.addProfile({ ...BASE, stacks: { count, parent: own, location } }, 0), {
    code: 'invalid_argument',
    details: { part: 'stack parent', at: 1 },
  });
  assert.equal(builder.profileCount, 0);
  assert.deepEqual(parseBlock(builder.build(HEADER).bytes).info.datasets, []);
});

test('spans and traces stay with their samples, in every type', async () => {
  const traceIds = new Uint8Array(32);
  traceIds.fill(0xaa, 16);
  const record = recordOf([1n, 2n, 3n, 4n], {
    stack: Uint32Array.of(0, 0),
    spanIds: BigUint64Array.of(0xfedc_ba98_7654_3210n, 0n),
    traceIds,
  });
  const { datasets } = await describeBlock(blockOf(BASE, record));
  const withIds = datasets[0].profiles.flatMap(({ samples }) => samples.filter((sample) => sample.length > 2));
  assert.deepEqual(
    withIds.map(([, ...rest]) => rest),
    [
      ['1', 'span fedcba9876543210'],
      ['2', `trace ${'aa'.repeat(16)}`],
      ['3', 'span fedcba9876543210'],
      ['4', `trace ${'aa'.repeat(16)}`],
    ],
  );
});

test('identities without profiles are kept beside the others, equal ones once', async () => {
  const builder = createBlockBuilder();
  builder.addProfile(BASE, 7);
  const ids = new Uint8Array(32);
  ids.set(BASE.identity, 16);
  builder.addIdentities({ count: 2, ids, offsets: Float64Array.of(3, 7) });
  const { identities } = await describeBlock(parseBlock(builder.build(HEADER).bytes));
  assert.deepEqual(identities, [
    ['00'.repeat(16), 3],
    [Buffer.from(BASE.identity).toString('hex'), 7],
  ]);
});

test('the size estimate grows with what is added and is near what is built', () => {
  const builder = createBlockBuilder();
  const random = createSeededRandom(1);
  let before = builder.sizeBytes;
  for (let offset = 0; offset < 50; offset++) {
    builder.addProfile(randomProfileRecord(random, { functionsMax: 40, stacksMax: 60, depthMax: 20 }), offset);
    assert.ok(builder.sizeBytes > before);
    before = builder.sizeBytes;
  }
  const { bytes } = builder.build(HEADER);
  assert.ok(bytes.length < before && before < 6 * bytes.length, `${bytes.length} of ${before}`);
});

test('a cleared builder keeps the memory of what came, but not of what is too large', () => {
  const { strings, functions } = BASE.symbols;
  const long = strings.count - 1;
  const longBytes = 40_000_000;
  const large = {
    ...BASE,
    symbols: {
      ...BASE.symbols,
      strings: {
        count: strings.count,
        bytes: Buffer.concat([strings.bytes, Buffer.alloc(longBytes, 'x')]),
        offsets: strings.offsets.with(strings.count, strings.offsets[strings.count] + longBytes),
      },
      functions: { ...functions, name: functions.name.with(0, long) },
    },
  };
  const builder = createBlockBuilder();
  const { memoryBytes: empty } = builder;
  builder.addProfile(BASE, 0);
  builder.clear();
  assert.ok(builder.memoryBytes > empty);
  builder.addProfile(large, 1);
  assert.ok(builder.memoryBytes > longBytes);
  builder.clear();
  assert.equal(builder.memoryBytes, empty);
});

test('a block built in steps is the same block', () => {
  const builder = createBlockBuilder();
  builder.addProfile(BASE, 0);
  const steps = builder.buildInSteps(HEADER);
  let count = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) count++;
  assert.deepEqual(step.value, builder.build(HEADER));
  assert.equal(count, 7, 'one between any two parts that take a while');
});

test('profile ids are UUIDs that differ by identity and label set', () => {
  const identity = Uint8Array.from({ length: 16 }, (_, i) => i);
  const ids = Array.from({ length: 1000 }, (_, group) => profileUuid(identity, group));
  assert.equal(ids[0], '00010203-0405-8607-8809-0a0b0c0d0e0f');
  assert.equal(new Set(ids).size, 1000);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
