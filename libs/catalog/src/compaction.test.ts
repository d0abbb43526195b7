import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectSource, openBlock } from '@flamelake/block';
import { identityText } from '@flamelake/testkit';
import { foldOnce } from './fold-once.ts';
import { manifestKey, segmentKey } from './keys.ts';
import { EMPTY_MANIFEST, encodeManifest } from './manifest.ts';
import { mergeOnce } from './merge-once.ts';
import { newestManifest } from './newest-manifest.ts';
import { sweepOnce } from './sweep.ts';
import { takeSnapshot } from './take-snapshot.ts';
import {
  createTestWriter,
  createWorld,
  expectedTotals,
  storedTotals,
  totalsOf,
  type World,
} from './world.test-support.ts';

const HOUR_MS = 3_600_000;

async function writeSegments(world: World, count: number) {
  const profiles = Array.from({ length: count }, () => world.profile());
  const writer = createTestWriter(world);
  for (const profile of profiles) {
    world.log.push(profile);
    await writer.run();
  }
  return profiles;
}

/** Folds one segment at a time. */
async function foldEach(world: World, count: number) {
  const profiles = [];
  for (let i = 0; i < count; i++) {
    profiles.push(...(await writeSegments(world, 1)));
    assert.equal((await foldOnce(world)).outcome, 'committed');
  }
  return profiles;
}

function mergeOf(world: World, blocksPerMerge: number) {
  return mergeOnce({ ...world, rules: { blocksPerMerge } }, world.clock.nowMs());
}

test('a fold makes one block of the chain, with the same totals, quarantine and identities', async () => {
  const world = createWorld();
  const profiles = await writeSegments(world, 3);
  world.log.pushBytes(Buffer.from('no record'));
  await createTestWriter(world).run();
  const before = await storedTotals(world.store);
  const folded = await foldOnce(world);
  assert.ok(folded.outcome === 'committed');
  assert.equal(folded.segments, 4);
  assert.deepEqual(await storedTotals(world.store), before);
  assert.deepEqual(before, expectedTotals(profiles));
  const block = await openBlock(objectSource(world.store, folded.block));
  assert.deepEqual([block.info.level, block.info.log.position, block.info.log.next], [1, 0, 4]);
  assert.equal((await block.identities()).count, 3);
  assert.equal((await block.quarantine())[0]?.offset, 3);
  assert.deepEqual(await foldOnce(world), { outcome: 'nothing' });
  assert.equal((await takeSnapshot(world.store)).partitions[0]?.segments.length, 0);
});

test('a fold ends after so many segments or bytes, at least one', async () => {
  const world = createWorld();
  await writeSegments(world, 4);
  const byCount = await foldOnce({ ...world, segmentsMax: 2 });
  assert.ok(byCount.outcome === 'committed' && byCount.segments === 2);
  const byBytes = await foldOnce({ ...world, memoryBytes: 1 });
  assert.ok(byBytes.outcome === 'committed' && byBytes.segments === 1);
});

test("of two folds at once one counts, and the other's block is swept later", async () => {
  const world = createWorld();
  const profiles = await writeSegments(world, 2);
  world.store.meet('put', 'blocks/', async () => {
    assert.equal((await foldOnce({ ...world, segmentsMax: 1 })).outcome, 'committed');
    return undefined;
  });
  assert.deepEqual(await foldOnce(world), { outcome: 'lost' });
  assert.deepEqual(await storedTotals(world.store), expectedTotals(profiles));
});

test('a fold reads each segment once', async () => {
  const world = createWorld();
  await writeSegments(world, 3);
  world.store.requests.length = 0;
  assert.equal((await foldOnce(world)).outcome, 'committed');
  const gets = world.store.requests.filter((request) => request.startsWith('get') && request.includes('/segments/'));
  assert.deepEqual(
    gets,
    [0, 1, 2, 3].map((position) => `get ${segmentKey(world.root, position)}`),
  );
});

test('a fold whose segments are folded and swept while it reads them is left', async () => {
  const world = createWorld();
  await writeSegments(world, 2);
  world.store.meet('get', segmentKey(world.root, 1), async () => {
    assert.equal((await foldOnce(world)).outcome, 'committed');
    await foldEach(world, 1);
    world.clock.advance(10_000);
    await sweepOnce({ ...world, keepMs: 1_000 });
    assert.equal(await world.store.inner.get(segmentKey(world.root, 1)), undefined);
    return undefined;
  });
  assert.deepEqual(await foldOnce(world), { outcome: 'lost' });
  assert.equal((await takeSnapshot(world.store)).partitions[0]?.manifest.blocks.length, 2);
});

test('a merge makes one block of the next level, with the same totals', async () => {
  const world = createWorld();
  const profiles = await foldEach(world, 4);
  assert.deepEqual(await mergeOf(world, 5), { outcome: 'nothing' });
  const merged = await mergeOf(world, 3);
  assert.ok(merged.outcome === 'committed');
  const [block] = merged.blocks;
  assert.deepEqual(
    [merged.job.inputs.length, merged.blocks.length, block?.level, block?.log.position, block?.log.next],
    [4, 1, 2, 0, 4],
  );
  const newest = await newestManifest(world.store, world.root);
  assert.deepEqual(newest.blocks, merged.blocks);
  assert.equal(newest.dropped.length, 4);
  assert.deepEqual(await storedTotals(world.store), expectedTotals(profiles));
});

test('a merge that leaves rows out keeps their identities: a resend does not count as new', async () => {
  const world = createWorld();
  const [first, second] = await foldEach(world, 2);
  assert.ok(first !== undefined && second !== undefined);
  const expireBefore = () => Number(second.timeNanos / 1_000_000n);
  const context = { ...world, rules: { blocksPerMerge: 2 }, expireBefore };
  assert.equal((await mergeOnce(context, world.clock.nowMs())).outcome, 'committed');
  const left = await storedTotals(world.store);
  assert.deepEqual([...left.keys()], [identityText(second.identity)]);
  world.log.push(first);
  const writer = createTestWriter(world);
  await writer.run();
  assert.equal(writer.counts.get('repeats'), 1);
  assert.deepEqual(await storedTotals(world.store), left);
});

test('a sweep deletes what nothing kept needs, an hour after it was superseded', async () => {
  const world = createWorld();
  const { store, clock } = world;
  const profiles = await foldEach(world, 4);
  await mergeOf(world, 2);
  const sweep = () => sweepOnce({ ...world, keepMs: HOUR_MS });
  assert.deepEqual(await sweep(), { floor: 0, manifests: 0, blocks: 0, orphans: 0, pages: 0, segments: 0 });
  clock.advance(HOUR_MS + 1);
  // Version 5 dropped four blocks and is the newest: its predecessor is the newest that was superseded.
  assert.deepEqual(await sweep(), { floor: 4, manifests: 3, blocks: 0, orphans: 0, pages: 0, segments: 4 });
  assert.deepEqual(await sweep(), { floor: 4, manifests: 0, blocks: 0, orphans: 0, pages: 0, segments: 0 });
  clock.advance(HOUR_MS + 1);
  assert.deepEqual(await sweep(), { floor: 5, manifests: 1, blocks: 4, orphans: 0, pages: 0, segments: 0 });
  assert.deepEqual(await storedTotals(store), expectedTotals(profiles));
  clock.advance(HOUR_MS + 1);
  await sweep();
  assert.deepEqual((await newestManifest(store, world.root)).dropped, []);
  assert.deepEqual(await storedTotals(store), expectedTotals(profiles));
});

test('a sweep deletes blocks of jobs that lost, below the floor only', async () => {
  const world = createWorld();
  const { store, clock } = world;
  await writeSegments(world, 2);
  store.meet('put', 'blocks/', async () => {
    await foldOnce({ ...world, segmentsMax: 1 });
    return undefined;
  });
  assert.equal((await foldOnce(world)).outcome, 'lost');
  clock.advance(HOUR_MS + 1);
  assert.equal((await sweepOnce({ ...world, keepMs: HOUR_MS })).blocks, 0);
  await foldOnce(world);
  clock.advance(HOUR_MS + 1);
  const { blocks, orphans } = await sweepOnce({ ...world, keepMs: HOUR_MS });
  assert.deepEqual({ blocks, orphans }, { blocks: 1, orphans: 1 });
  assert.equal((await storedTotals(store)).size, 2);
});

test('a query that began before a sweep still finds everything, while it is younger than the keeping time', async () => {
  const world = createWorld();
  const profiles = await foldEach(world, 3);
  const snapshot = await takeSnapshot(world.store);
  await mergeOf(world, 3);
  world.clock.advance(HOUR_MS - 1);
  await sweepOnce({ ...world, keepMs: HOUR_MS });
  assert.deepEqual(await totalsOf(world.store, snapshot), expectedTotals(profiles));
});

test('a sweeper that another one overtakes does not trust what it read at its floor', async () => {
  const world = createWorld();
  const { store, root, clock } = world;
  const profiles = await foldEach(world, 3);
  clock.advance(HOUR_MS + 1);
  store.meet('get', manifestKey(root, 2), async () => {
    profiles.push(...(await foldEach(world, 1)));
    clock.advance(HOUR_MS + 1);
    await sweepOnce({ ...world, keepMs: HOUR_MS });
    // A put under way since then lands on the swept key: a fold that went further, and lost.
    await store.putIfAbsent(manifestKey(root, 2), encodeManifest({ ...EMPTY_MANIFEST, version: 2, position: 1_000 }));
    profiles.push(...(await writeSegments(world, 1)));
    return undefined;
  });
  assert.deepEqual(await sweepOnce({ ...world, keepMs: HOUR_MS }), {
    floor: 2,
    manifests: 0,
    blocks: 0,
    orphans: 0,
    pages: 0,
    segments: 0,
  });
  assert.deepEqual(await storedTotals(store), expectedTotals(profiles));
});
