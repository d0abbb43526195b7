import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectSource, openBlock } from '@flamelake/block';
import { foldOnce } from './fold-once.ts';
import { openSegment } from './follow-chain.ts';
import { segmentKey, segmentsPrefix } from './keys.ts';
import { createSnapshotSource, includes } from './snapshot-source.ts';
import { sweepOnce } from './sweep.ts';
import { listRoots, takeSnapshot } from './take-snapshot.ts';
import {
  createTestLog,
  createTestWriter,
  createWorld,
  expectedTotals,
  storedTotals,
  totalsOf,
} from './world.test-support.ts';

async function worldOfSegments(count: number) {
  const world = createWorld();
  const profiles = Array.from({ length: count }, () => world.profile());
  const writer = createTestWriter(world);
  for (const profile of profiles) {
    world.log.push(profile);
    await writer.run();
  }
  return { world, profiles, writer };
}

test('an empty store has an empty snapshot', async () => {
  assert.deepEqual(await takeSnapshot(createWorld().store), { partitions: [] });
});

test('old incarnations of the log stand beside the new', async () => {
  const { world, profiles } = await worldOfSegments(2);
  const log = createTestLog(world.clock, 'log2');
  const later = world.profile();
  log.push(later);
  await createTestWriter(world, { log }).run();
  assert.deepEqual(await listRoots(world.store), [
    { logId: 'log1', partition: 0 },
    { logId: 'log2', partition: 0 },
  ]);
  assert.deepEqual(await storedTotals(world.store), expectedTotals([...profiles, later]));
});

test('a reader whose tail is folded and swept while it walks begins again', async () => {
  const { world, profiles } = await worldOfSegments(3);
  const { store, root, random } = world;
  store.meet('get', segmentKey(root, 1), async () => {
    await foldOnce({ store, root, random });
    world.clock.advance(10);
    await foldNothingVersion();
    world.clock.advance(10_000);
    await sweepOnce({ store, root, random, keepMs: 1_000 });
    return undefined;
  });
  async function foldNothingVersion() {
    world.log.push(world.profile());
    await createTestWriter(world).run();
    await foldOnce({ store, root, random });
  }
  const snapshot = await takeSnapshot(store);
  assert.equal(snapshot.partitions[0]?.next, 4);
  assert.ok((snapshot.partitions[0]?.manifest.position ?? 0) >= 3);
  assert.equal((await totalsOf(store, snapshot)).size, profiles.length + 1);
});

test('footers are read once; what is absent is asked every time', async () => {
  const { world } = await worldOfSegments(3);
  const { store, root } = world;
  const first = await takeSnapshot(store);
  store.requests.length = 0;
  assert.deepEqual(await takeSnapshot(store, first), first);
  assert.deepEqual(
    store.requests.filter((request) => request.startsWith('get')),
    [`get ${segmentKey(root, 3)}`],
  );
});

test('where nothing is new a partition costs one LIST, and after a fold its newest manifest is read', async () => {
  const { world, profiles } = await worldOfSegments(3);
  const { store, root, random } = world;
  const first = await takeSnapshot(store);
  const lists = () => store.requests.filter((request) => request.startsWith('list') && request.includes('manifests/'));
  store.requests.length = 0;
  const second = await takeSnapshot(store, first);
  assert.equal(lists().length, 1);
  await foldOnce({ store, root, random });
  store.requests.length = 0;
  const third = await takeSnapshot(store, second);
  assert.equal(lists().length, 2);
  const [{ manifest, segments, next }] = third.partitions;
  assert.deepEqual([manifest.version, segments.length, next], [1, 0, 3]);
  assert.equal((await totalsOf(store, third)).size, profiles.length);
});

test('a snapshot of before whose manifest and tail are swept is left behind', async () => {
  const { world, profiles } = await worldOfSegments(3);
  const { store, root, random, clock } = world;
  const old = await takeSnapshot(store);
  for (let i = 0; i < 2; i++) {
    await foldOnce({ store, root, random });
    clock.advance(10_000);
    const profile = world.profile();
    profiles.push(profile);
    world.log.push(profile);
    await createTestWriter(world).run();
  }
  await foldOnce({ store, root, random });
  clock.advance(10_000);
  await sweepOnce({ store, root, random, keepMs: 1_000 });
  assert.equal(await store.get(segmentKey(root, 0)), undefined);
  const snapshot = await takeSnapshot(store, old);
  assert.equal(snapshot.partitions[0]?.next, 5);
  assert.deepEqual(await totalsOf(store, snapshot), expectedTotals(profiles));
});

test("another object under a segment's key is a missing object", async () => {
  const { world } = await worldOfSegments(1);
  const snapshot = await takeSnapshot(world.store);
  const segment = snapshot.partitions[0]?.segments[0];
  const { bytes } = (await world.store.get(segment.key)) ?? { bytes: new Uint8Array() };
  await world.store.delete([segment.key]);
  await assert.rejects(openSegment(world.store, segment), { code: 'not_found' });
  await world.store.put(segment.key, bytes);
  await assert.rejects(openSegment(world.store, segment), { code: 'not_found' });
  await openBlock(objectSource(world.store, { key: segment.key, sizeBytes: bytes.length }));
});

test("a segment under another position's key is data loss", async () => {
  const { world } = await worldOfSegments(1);
  const { bytes } = (await world.store.get(segmentKey(world.root, 0))) ?? { bytes: new Uint8Array() };
  await world.store.put(segmentKey(world.root, 1), bytes);
  await assert.rejects(takeSnapshot(world.store), { code: 'data_loss' });
});

test('callers share a snapshot for a quarter of a second and while it is taken', async () => {
  const { world } = await worldOfSegments(2);
  const { store, clock } = world;
  const source = createSnapshotSource({ store, clock });
  const [first, second] = await Promise.all([source.take(), source.take()]);
  assert.equal(first, second);
  clock.advance(250);
  assert.equal(await source.take(), first);
  clock.advance(1);
  const third = await source.take();
  assert.notEqual(third, first);
  assert.notEqual(await source.takeFresh(), third);
});

test('a caller is not given a snapshot that began too long before, but shares the next', async () => {
  const { world } = await worldOfSegments(1);
  const { store, clock } = world;
  const source = createSnapshotSource({ store, clock });
  let late: Promise<unknown>[] = [];
  store.meet('list', 'manifests/', () => {
    clock.advance(300);
    late = [source.take(), source.take()];
    return undefined;
  });
  const first = await source.take();
  const [second, third] = await Promise.all(late);
  assert.notEqual(first, second);
  assert.equal(second, third);
});

test('a snapshot that failed is not handed out again', async () => {
  const { world } = await worldOfSegments(1);
  const source = createSnapshotSource({ store: world.store, clock: world.clock });
  world.store.meet('get', segmentsPrefix(world.root), () => 'refused');
  await assert.rejects(source.take(), { code: 'unavailable' });
  assert.equal((await source.take()).partitions.length, 1);
});

test('a commit token is waited for, five seconds at most', async () => {
  const { world, writer } = await worldOfSegments(1);
  const { store, clock, log } = world;
  const source = createSnapshotSource({ store, clock });
  const token = { logId: log.id, offsets: new Map([[0, 1]]) };
  const startMs = clock.nowMs();
  await assert.rejects(source.waitFor(token), {
    code: 'unavailable',
    details: { waitedMs: 5_000, retryAfterSeconds: 1 },
  });
  assert.equal(clock.nowMs() - startMs, 5_000);
  // A segment that is under way while the caller waits.
  log.push(world.profile());
  store.meet('putIfAbsent', 'segments/', () => 'stillUnderWay');
  for (let i = 0; i < 30; i++) store.meet('putIfAbsent', 'segments/', () => 'refused');
  await writer.run();
  let sleeps = 0;
  let landed: Promise<unknown> | undefined;
  clock.onSleep = () => {
    if (++sleeps === 2) landed = store.underWay[0]?.();
  };
  const snapshot = await source.waitFor(token);
  await landed;
  assert.equal(sleeps, 2);
  assert.ok(includes(snapshot, token));
  assert.equal(includes(snapshot, { ...token, logId: 'another' }), false);
});
