import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { ProfileRecord } from '@flamelake/formats';
import { foldOnce } from './fold-once.ts';
import { openSegment } from './follow-chain.ts';
import { segmentKey } from './keys.ts';
import { sweepOnce } from './sweep.ts';
import { takeSnapshot } from './take-snapshot.ts';
import {
  createTestWriter,
  createWorld,
  expectedTotals,
  storedTotals,
  type TestLog,
  type World,
} from './world.test-support.ts';

/** A profile that the block builder refuses. */
function negative(profile: ProfileRecord): ProfileRecord {
  return { ...profile, groups: profile.groups.map((group) => ({ ...group, values: group.values.map(() => -1n) })) };
}

/** The log as a slow reader sees it: records from `shownUntil` on are not there yet. */
function createSlowLog(world: World, shownUntil: number): TestLog & { shownUntil: number } {
  const log = {
    ...world.log,
    shownUntil,
    async read(...[partition, fromOffset, options]: Parameters<TestLog['read']>) {
      const records = await world.log.read(partition, fromOffset, { ...options, waitMs: 0 });
      const shown = records.filter(({ offset }) => offset < log.shownUntil);
      if (shown.length === 0) {
        world.clock.advance(options.waitMs);
        log.onIdle();
      }
      return shown;
    },
  };
  return log;
}

test('a chain begins at 0, counts first copies, and goes on where it ended', async () => {
  const world = createWorld();
  const [a, b, c] = [world.profile(), world.profile(), world.profile()];
  world.log.push(a);
  world.log.push(b);
  world.log.push(a);
  const writer = createTestWriter(world);
  await writer.run();
  world.log.push(b);
  world.log.push(c);
  await writer.run();
  const [partition] = (await takeSnapshot(world.store)).partitions;
  assert.deepEqual(
    partition?.segments.map(({ info }) => [info.log.position, info.log.next]),
    [
      [0, 3],
      [3, 5],
    ],
  );
  assert.equal(partition?.next, 5);
  assert.deepEqual(await storedTotals(world.store), expectedTotals([a, b, c]));
  assert.equal(writer.counts.get('repeats'), 2);
  assert.deepEqual(writer.failures, []);
});

test('a segment of a rival is taken over: its identities, and where it ends', async () => {
  const world = createWorld();
  const [a, b] = [world.profile(), world.profile()];
  world.log.push(a);
  world.log.push(b);
  const rival = createTestWriter(world);
  // The rival cuts both records, between this writer's look at the chain and its put of the first.
  const log = createSlowLog(world, 1);
  const writer = createTestWriter(world, { log });
  world.store.meet('putIfAbsent', 'segments/', async () => {
    await rival.run();
    return undefined;
  });
  await writer.run();
  assert.equal(writer.counts.get('rival_segments'), 1);
  assert.equal(writer.counts.get('profiles'), undefined);
  world.log.push(a);
  world.log.push(b);
  log.shownUntil = 4;
  await writer.run();
  assert.equal(writer.counts.get('repeats'), 2);
  assert.deepEqual(await storedTotals(world.store), expectedTotals([a, b]));
});

test("a rival's shorter segment: what lies behind it is read again and counts", async () => {
  const world = createWorld();
  const [a, b, c] = [world.profile(), world.profile(), world.profile()];
  world.log.push(a);
  const rival = createTestWriter(world, { log: createSlowLog(world, 1) });
  world.log.push(b);
  world.log.push(c);
  const writer = createTestWriter(world);
  world.store.meet('putIfAbsent', 'segments/', async () => {
    await rival.run(() => rival.health().position === 1);
    return undefined;
  });
  await writer.run();
  assert.equal(writer.counts.get('rival_segments'), 1);
  assert.equal(writer.counts.get('repeats'), undefined);
  const [partition] = (await takeSnapshot(world.store)).partitions;
  assert.deepEqual(
    partition?.segments.map(({ info }) => [info.log.position, info.log.next]),
    [
      [0, 1],
      [1, 3],
    ],
  );
  assert.deepEqual(await storedTotals(world.store), expectedTotals([a, b, c]));
});

test('a put whose answer was lost, was refused, or lands later counts once', async () => {
  for (const fate of ['answerLost', 'refused', 'stillUnderWay'] as const) {
    const world = createWorld();
    const [a, b] = [world.profile(), world.profile()];
    world.log.push(a);
    world.log.push(b);
    world.store.meet('putIfAbsent', 'segments/', () => fate);
    const writer = createTestWriter(world);
    await writer.run();
    for (const land of world.store.underWay) await land();
    assert.deepEqual(await storedTotals(world.store), expectedTotals([a, b]), fate);
    assert.equal(writer.counts.get('profiles'), 2, fate);
  }
});

test('a writer left behind by folds and sweeps starts again and loses nothing', async () => {
  const world = createWorld();
  const { store, clock } = world;
  const profiles = [world.profile(), world.profile(), world.profile(), world.profile()] as const;
  const [a, b, c, d] = profiles;
  world.log.push(a);
  const asleep = createTestWriter(world);
  await asleep.run();
  const awake = createTestWriter(world);
  for (const profile of [b, c]) {
    world.log.push(profile);
    await awake.run();
    await foldOnce(world);
  }
  clock.advance(3_600_001);
  await sweepOnce({ ...world, keepMs: 3_600_000 });
  assert.equal(await store.get(segmentKey(world.root, 1)), undefined);
  world.log.push(d);
  await asleep.run();
  assert.equal(asleep.counts.get('left_behind'), 1);
  assert.equal(await store.get(segmentKey(world.root, 1)), undefined, 'nothing was put beside the chain');
  assert.deepEqual(await storedTotals(store), expectedTotals(profiles));
});

test("the local log is trimmed behind the newest manifest's position", async () => {
  const world = createWorld();
  world.log.push(world.profile());
  world.log.push(world.profile());
  const writer = createTestWriter(world);
  await writer.run();
  await foldOnce(world);
  world.log.push(world.profile());
  world.clock.advance(60_000);
  await writer.run();
  assert.equal(world.log.start, 2);
});

test('a copy that comes too late does not count, though the window has forgotten the first', async () => {
  const world = createWorld();
  const profile = world.profile();
  const others = [];
  world.log.push(profile);
  const writer = createTestWriter(world);
  await writer.run();
  for (let minutes = 0; minutes < 300; minutes += 10) {
    world.clock.advance(600_000);
    const other = world.profile();
    others.push(other);
    world.log.push(other);
    await writer.run();
  }
  world.log.push(profile);
  await writer.run();
  assert.equal(writer.counts.get('late'), 1);
  assert.equal(writer.counts.get('repeats'), undefined);
  const fresh = createTestWriter(world);
  await fresh.run();
  assert.deepEqual(await storedTotals(world.store), expectedTotals([profile, ...others]));
});

test('copies within one record count once', async () => {
  const world = createWorld();
  const [a, b] = [world.profile(), world.profile()];
  world.log.push(a, b, a);
  world.log.push(b);
  const writer = createTestWriter(world);
  await writer.run();
  assert.equal(writer.counts.get('repeats'), 2);
  assert.deepEqual(await storedTotals(world.store), expectedTotals([a, b]));
});

test('a record that cannot be decoded, or not be built, is kept raw and reading goes on', async () => {
  const world = createWorld();
  const [a, b] = [world.profile(), world.profile()];
  const broken = world.profile();
  world.log.push(a);
  world.log.pushBytes(Buffer.from('poison'));
  world.log.push({
    ...broken,
    groups: broken.groups.map((group) => ({ ...group, values: group.values.map(() => -1n) })),
  });
  world.log.push(b);
  const writer = createTestWriter(world);
  await writer.run();
  assert.equal(writer.counts.get('quarantined'), 2);
  assert.equal(writer.counts.get('profiles'), 2);
  const [segment] = (await takeSnapshot(world.store)).partitions[0]?.segments ?? [];
  assert.ok(segment !== undefined);
  const kept = await (await openSegment(world.store, segment)).quarantine();
  assert.deepEqual(
    kept.map(({ offset }) => offset),
    [1, 2],
  );
  assert.equal(Buffer.from(kept[0]?.value ?? []).toString(), 'poison');
  assert.deepEqual(await storedTotals(world.store), expectedTotals([a, b]));
});

test('the other profiles of a record that holds a bad one count', async () => {
  const world = createWorld();
  const [a, b, bad] = [world.profile(), world.profile(), world.profile()];
  world.log.push(a, negative(bad), b);
  world.log.push(b, a);
  const writer = createTestWriter(world);
  await writer.run();
  assert.equal(writer.counts.get('profiles'), 2);
  assert.equal(writer.counts.get('quarantined'), 1);
  assert.equal(writer.counts.get('repeats'), 2);
  assert.deepEqual(await storedTotals(world.store), expectedTotals([a, b]));
});

test('a segment that is too large is cut again with half the records; one record alone goes to quarantine', async () => {
  const world = createWorld();
  const [a, b] = [world.profile(), world.profile()];
  world.log.push(a);
  world.log.pushBytes(randomBytes(9_000_000));
  world.log.pushBytes(randomBytes(20_000_000));
  world.log.push(b);
  const writer = createTestWriter(world, { segmentBytes: 100_000_000 });
  await writer.run();
  const segments = (await takeSnapshot(world.store)).partitions[0]?.segments ?? [];
  assert.deepEqual(
    segments.map(({ info }) => [info.log.position, info.log.next]),
    [
      [0, 2],
      [2, 4],
    ],
  );
  assert.equal(writer.counts.get('quarantined'), 2);
  assert.deepEqual(await storedTotals(world.store), expectedTotals([a, b]));
});

test('missing offsets are a gap in the footer, and counted', async () => {
  const world = createWorld();
  for (let i = 0; i < 5; i++) world.log.push(world.profile());
  world.log.records.splice(1, 2);
  const writer = createTestWriter(world);
  await writer.run();
  assert.equal(writer.counts.get('missing_offsets'), 2);
  const [segment] = (await takeSnapshot(world.store)).partitions[0]?.segments ?? [];
  assert.deepEqual(segment?.info.log.gaps, [{ from: 1, until: 3 }]);
});

test("a log that begins above the chain's end is a gap too", async () => {
  const world = createWorld();
  for (let i = 0; i < 5; i++) world.log.push(world.profile());
  world.log.records.splice(0, 3);
  world.log.start = 3;
  const writer = createTestWriter(world);
  await writer.run();
  assert.equal(writer.counts.get('missing_offsets'), 3);
  assert.equal((await takeSnapshot(world.store)).partitions[0]?.next, 5);
});

test('a log that ends before its chain stops the partition', async () => {
  const world = createWorld();
  for (let i = 0; i < 3; i++) world.log.push(world.profile());
  await createTestWriter(world).run();
  world.log.records.splice(1);
  const writer = createTestWriter(world);
  await writer.run();
  assert.equal(writer.health().state, 'stopped');
  assert.match(writer.failures.join(), /log ends before its chain/);
  assert.equal((await takeSnapshot(world.store)).partitions[0]?.next, 3);
});

test('an empty log makes no segment', async () => {
  const world = createWorld();
  const writer = createTestWriter(world);
  await writer.run();
  assert.deepEqual(await takeSnapshot(world.store), { partitions: [] });
  assert.deepEqual(writer.failures, []);
});

test("a log trimmed behind the writer's back is no gap: the writer was left behind", async () => {
  const world = createWorld();
  const profiles = [world.profile(), world.profile(), world.profile()] as const;
  const asleep = createTestWriter(world);
  world.log.push(profiles[0]);
  await asleep.run();
  const awake = createTestWriter(world);
  for (const profile of profiles.slice(1)) {
    world.log.push(profile);
    await awake.run();
  }
  await foldOnce(world);
  await world.log.trim(0, 3);
  await asleep.run();
  assert.equal(asleep.counts.get('left_behind'), 1);
  assert.equal(asleep.counts.get('missing_offsets'), undefined);
  assert.deepEqual(await storedTotals(world.store), expectedTotals(profiles));
});

test("a log that loses records not yet in a segment is read again from the chain's end", async () => {
  const world = createWorld();
  const [a, b] = [world.profile(), world.profile()];
  world.log.push(a);
  world.log.push(b);
  let reads = 0;
  const log: TestLog = {
    ...world.log,
    set onIdle(told: () => void) {
      world.log.onIdle = told;
    },
    get onIdle() {
      return world.log.onIdle;
    },
    read(...request) {
      if (++reads === 2) world.log.records.pop();
      return world.log.read(...request);
    },
  };
  const writer = createTestWriter(world, { log });
  await writer.run(() => writer.health().position === 1);
  assert.deepEqual(await storedTotals(world.store), expectedTotals([a]));
  assert.equal(writer.health().state, 'running');
});
