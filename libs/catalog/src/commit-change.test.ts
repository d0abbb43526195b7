import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyChange, COMMIT_IDS_MAX, type FloorChange, type FoldChange, type MergeChange } from './change.ts';
import { commitChange } from './commit-change.ts';
import { blockKey, manifestKey } from './keys.ts';
import { decodeManifest, EMPTY_MANIFEST, encodeManifest } from './manifest.ts';
import { newestManifest, readManifest } from './newest-manifest.ts';
import type { BlockEntry } from './types.ts';
import { createWorld, type World } from './world.test-support.ts';

const ROOT = { logId: 'log1', partition: 0 };

function block(id: string, startVersion: number, position: number, next: number): BlockEntry {
  const log = { ...ROOT, position, next, lastAppendMs: next * 1_000, gaps: [] };
  return { key: blockKey(ROOT, startVersion, id), id, level: 1, sizeBytes: 1, log, datasets: [] };
}

function fold(id: string, from: number, to: number, startVersion = 0): FoldChange {
  return { kind: 'fold', id, from, firstAppendMs: 7, block: block(id, startVersion, from, to) };
}

function merge(id: string, inputs: readonly BlockEntry[], startVersion: number): MergeChange {
  const first = inputs[0]?.log.position ?? 0;
  const last = inputs.at(-1)?.log.next ?? 0;
  return { kind: 'merge', id, remove: inputs.map(({ key }) => key), add: [block(id, startVersion, first, last)] };
}

const floor = (id: string, value: number): FloorChange => ({ kind: 'floor', id, floor: value, gone: [] });

test('commits follow one another; the position moves and blocks appear', async () => {
  const { store } = createWorld();
  assert.equal((await commitChange(store, ROOT, fold('a', 0, 3))).outcome, 'committed');
  assert.equal((await commitChange(store, ROOT, fold('b', 3, 5, 1))).outcome, 'committed');
  const newest = await newestManifest(store, ROOT);
  assert.deepEqual(
    [newest.version, newest.position, newest.lastAppendMs, newest.firstAppendMs, newest.commitIds],
    [2, 5, 5_000, 7, ['a', 'b']],
  );
  assert.deepEqual(
    newest.blocks.map(({ id }) => id),
    ['a', 'b'],
  );
});

test('a commit whose answer was lost counts once', async () => {
  const { store } = createWorld();
  store.meet('putIfAbsent', 'manifests/', () => 'answerLost');
  const committed = await commitChange(store, ROOT, fold('a', 0, 3));
  assert.equal(committed.outcome, 'committed');
  assert.deepEqual((await newestManifest(store, ROOT)).commitIds, ['a']);
});

test('a put still under way may land after it was tried again: one of the two counts', async () => {
  const { store } = createWorld();
  store.meet('putIfAbsent', 'manifests/', () => 'stillUnderWay');
  assert.equal((await commitChange(store, ROOT, fold('a', 0, 3))).outcome, 'committed');
  await store.underWay[0]?.();
  assert.equal((await newestManifest(store, ROOT)).version, 1);
});

test('a put under way that lands before the look is found', async () => {
  const { store } = createWorld();
  store.meet('putIfAbsent', 'manifests/', () => 'stillUnderWay');
  store.meet('list', 'manifests/', () => undefined);
  store.meet('list', 'manifests/', async () => {
    await store.underWay[0]?.();
    return undefined;
  });
  assert.equal((await commitChange(store, ROOT, fold('a', 0, 3))).outcome, 'committed');
  assert.equal((await newestManifest(store, ROOT)).version, 1);
});

test('a store that never answers ends the commit with its error', async () => {
  const { store } = createWorld();
  for (let i = 0; i < 3; i++) store.meet('putIfAbsent', 'manifests/', () => 'refused');
  await assert.rejects(commitChange(store, ROOT, fold('a', 0, 3)), { code: 'unavailable' });
});

/** Commits `change` while `rival` is committed between its look and its put. */
async function race(world: World, change: Parameters<typeof commitChange>[2], rival: typeof change) {
  world.store.meet('putIfAbsent', 'manifests/', async () => {
    await commitChange(world.store, ROOT, rival);
    return undefined;
  });
  return commitChange(world.store, ROOT, change);
}

test('a fold that meets another fold is left, also when the other went less far', async () => {
  for (const [mine, theirs] of [
    [3, 3],
    [5, 3],
    [3, 5],
  ] as const) {
    const world = createWorld();
    const outcome = await race(world, fold('a', 0, mine), fold('b', 0, theirs));
    assert.deepEqual(outcome, { outcome: 'lost', reason: 'inputs' });
    assert.equal((await newestManifest(world.store, ROOT)).position, theirs);
  }
});

test('a fold and a merge side by side both count', async () => {
  const world = createWorld();
  await commitChange(world.store, ROOT, fold('a', 0, 1));
  await commitChange(world.store, ROOT, fold('b', 1, 2, 1));
  const inputs = (await newestManifest(world.store, ROOT)).blocks;
  assert.equal((await race(world, merge('m', inputs, 2), fold('c', 2, 3, 2))).outcome, 'committed');
  const newest = await newestManifest(world.store, ROOT);
  assert.deepEqual(
    newest.blocks.map(({ id }) => id),
    ['c', 'm'],
  );
  assert.deepEqual(
    newest.dropped,
    inputs.map(({ key }) => ({ key, version: 4 })),
  );
});

test('a merge whose input another merge took is left', async () => {
  const world = createWorld();
  await commitChange(world.store, ROOT, fold('a', 0, 1));
  await commitChange(world.store, ROOT, fold('b', 1, 2, 1));
  await commitChange(world.store, ROOT, fold('c', 2, 3, 2));
  const [a, b, c] = (await newestManifest(world.store, ROOT)).blocks as [BlockEntry, BlockEntry, BlockEntry];
  const outcome = await race(world, merge('m', [a, b], 3), merge('n', [b, c], 3));
  assert.deepEqual(outcome, { outcome: 'lost', reason: 'inputs' });
});

test('a job that slept past the floor is left: its block may be swept at any moment', async () => {
  const world = createWorld();
  await commitChange(world.store, ROOT, fold('a', 0, 1));
  await commitChange(world.store, ROOT, fold('b', 1, 2, 1));
  const inputs = (await newestManifest(world.store, ROOT)).blocks;
  const outcome = await race(world, merge('m', inputs, 1), floor('f', 2));
  assert.deepEqual(outcome, { outcome: 'lost', reason: 'floor' });
  assert.equal((await commitChange(world.store, ROOT, merge('m2', inputs, 2))).outcome, 'committed');
});

test('the floor never falls, and forgets what is gone', () => {
  const dropped = [
    { key: 'x', version: 1 },
    { key: 'y', version: 2 },
  ];
  const manifest = { ...EMPTY_MANIFEST, version: 9, floor: 5, dropped };
  const next = applyChange(manifest, { kind: 'floor', id: 'f', floor: 3, gone: ['x'] });
  assert.deepEqual([next.version, next.floor, next.dropped], [10, 5, dropped.slice(1)]);
});

test('the last 64 commit ids are kept', () => {
  let manifest = EMPTY_MANIFEST;
  for (let i = 0; i < 100; i++) manifest = applyChange(manifest, floor(`f${i}`, 0));
  assert.equal(manifest.commitIds.length, COMMIT_IDS_MAX);
  assert.equal(manifest.commitIds.at(-1), 'f99');
});

test('a manifest swept between list and get is looked for again', async () => {
  const { store } = createWorld();
  await commitChange(store, ROOT, fold('a', 0, 1));
  store.meet('get', 'manifests/', async () => {
    await commitChange(store, ROOT, fold('b', 1, 2, 1));
    await store.delete([manifestKey(ROOT, 1)]);
    return undefined;
  });
  assert.equal((await newestManifest(store, ROOT)).version, 2);
});

test('a revived key is not taken for the version that was listed', async () => {
  const { store, clock } = createWorld();
  await commitChange(store, ROOT, fold('a', 0, 1));
  store.meet('get', 'manifests/', async () => {
    await commitChange(store, ROOT, fold('b', 1, 2, 1));
    clock.advance(3_600_000);
    await store.delete([manifestKey(ROOT, 1)]);
    await store.putIfAbsent(manifestKey(ROOT, 1), encodeManifest(applyChange(EMPTY_MANIFEST, fold('z', 0, 1))));
    return undefined;
  });
  assert.deepEqual((await newestManifest(store, ROOT)).commitIds, ['a', 'b']);
});

test("a manifest under another version's key is data loss", async () => {
  const { store } = createWorld();
  const stray = encodeManifest({ ...EMPTY_MANIFEST, version: 4 });
  await store.putIfAbsent(manifestKey(ROOT, 3), stray);
  await assert.rejects(newestManifest(store, ROOT), { code: 'data_loss' });
  assert.equal(decodeManifest(stray, 'key').version, 4);
  assert.equal(await readManifest(store, ROOT, 7), undefined);
});
