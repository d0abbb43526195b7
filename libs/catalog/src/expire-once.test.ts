import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileRecord } from '@flamelake/formats';
import { identityText } from '@flamelake/testkit';
import { commitChange } from './commit-change.ts';
import { deleteProfiles } from './delete-profiles.ts';
import { expireOnce } from './expire-once.ts';
import { foldOnce } from './fold-once.ts';
import { mergeOnce } from './merge-once.ts';
import { newestManifest } from './newest-manifest.ts';
import { createTestWriter, createWorld, storedTotals, type World } from './world.test-support.ts';

const DAY_MS = 86_400_000;
const WINDOW_MS = 3_600_000;

/** A block of level 1 with these profiles. */
async function foldThese(world: World, ...profiles: readonly ProfileRecord[]): Promise<void> {
  for (const profile of profiles) world.log.push(profile);
  await createTestWriter(world).run();
  assert.equal((await foldOnce(world)).outcome, 'committed');
}

const timeOf = (profile: ProfileRecord): number => Number(profile.timeNanos / 1_000_000n);

async function names(world: World): Promise<string[]> {
  return [...(await storedTotals(world.store)).keys()].sort();
}

function expire(world: World, beforeMs: number, rewriteAfterMs = 0) {
  const { store, root, random } = world;
  return expireOnce({
    store,
    root,
    random,
    expireBefore: () => beforeMs,
    identityWindowMs: WINDOW_MS,
    rewriteAfterMs,
    pinned: new Map(),
  });
}

test('expired blocks are dropped when no resend can come any more, and their offsets are remembered', async () => {
  const world = createWorld();
  const [first, second] = [world.profile(), world.profile()];
  await foldThese(world, first);
  world.clock.advance(DAY_MS);
  const later = world.profile();
  await foldThese(world, later);
  assert.deepEqual(await expire(world, timeOf(second)), { outcome: 'nothing' });
  assert.deepEqual(await expire(world, timeOf(second) + 1), { outcome: 'committed', dropped: 1, rewritten: 0 });
  const { blocks, expired, dropped } = await newestManifest(world.store, world.root);
  assert.deepEqual([blocks.length, expired, dropped.length], [1, [{ from: 0, until: 1 }], 1]);
  assert.deepEqual(await names(world), [identityText(later.identity)]);
});

test('a block with some expired profiles is written anew when it is due', async () => {
  const world = createWorld();
  const early = world.profile();
  world.clock.advance(1_000);
  const late = world.profile();
  await foldThese(world, early, late);
  const beforeMs = timeOf(early) + 500;
  assert.deepEqual(await expire(world, beforeMs, 1_000), { outcome: 'nothing' });
  assert.deepEqual(await expire(world, beforeMs), { outcome: 'committed', dropped: 0, rewritten: 1 });
  assert.deepEqual(await names(world), [identityText(late.identity)]);
  assert.deepEqual(await expire(world, beforeMs), { outcome: 'nothing' });
});

test('pins exempt from retention, also from a job that is under way', async () => {
  const world = createWorld();
  const profile = world.profile({ service: 'checkout' });
  await foldThese(world, profile);
  world.clock.advance(DAY_MS);
  await foldThese(world, world.profile());
  const pin = { id: 'p', tenant: profile.tenant, selector: '{}', fromMs: 0, untilMs: timeOf(profile) + 1 };
  world.store.meet('putIfAbsent', 'manifests/', async () => {
    await commitChange(world.store.inner, world.root, { kind: 'pin', id: 'pinning', pin });
    return undefined;
  });
  assert.deepEqual(await expire(world, timeOf(profile) + 1), { outcome: 'lost' });
  assert.deepEqual(await expire(world, timeOf(profile) + 1), { outcome: 'nothing' });
  assert.equal((await names(world)).length, 2);
  await commitChange(world.store, world.root, { kind: 'unpin', id: 'unpinning', pinId: 'p' });
  assert.equal((await expire(world, timeOf(profile) + 1)).outcome, 'committed');
  assert.equal((await names(world)).length, 1);
});

test('a delete is carried out by a fold, a merge or a block written anew, and then leaves', async () => {
  for (const way of ['fold', 'merge', 'rewrite'] as const) {
    const world = createWorld();
    const { store, root } = world;
    const [gone, left] = [world.profile({ service: 'cart' }), world.profile({ service: 'checkout' })];
    if (way === 'fold') {
      world.log.push(gone, left);
      await createTestWriter(world).run();
    } else await foldThese(world, gone, left);
    const request = { id: 'd', tenant: gone.tenant, selector: '{service_name="cart"}', fromMs: 0, untilMs: 2 ** 52 };
    assert.equal((await deleteProfiles(store, root, request, 'deleting')).outcome, 'committed');
    assert.equal((await deleteProfiles(store, root, request, 'again')).outcome, 'lost');
    assert.equal((await newestManifest(store, root)).deletes.length, 1);
    const later = world.profile({ service: 'cart' });
    if (way === 'fold') assert.equal((await foldOnce(world)).outcome, 'committed');
    if (way === 'merge') {
      await foldThese(world, later);
      const merged = await mergeOnce({ ...world, rules: { blocksPerMerge: 2 } }, world.clock.nowMs());
      assert.equal(merged.outcome, 'committed');
    }
    if (way === 'rewrite') assert.deepEqual(await expire(world, 0), { outcome: 'committed', dropped: 0, rewritten: 1 });
    assert.deepEqual((await newestManifest(store, root)).deletes, []);
    const expected = way === 'merge' ? [left, later] : [left];
    assert.deepEqual(await names(world), expected.map(({ identity }) => identityText(identity)).sort());
  }
});
