/** Retention by size on stored blocks: cut, hidden, dropped; pins and races. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileRecord } from '@flamelake/formats';
import { identityText } from '@flamelake/testkit';
import { commitChange } from './commit-change.ts';
import { cutBySize, readSizeUse } from './cut-by-size.ts';
import { deleteProfiles } from './delete-profiles.ts';
import { expireOnce } from './expire-once.ts';
import { foldOnce } from './fold-once.ts';
import { mergeOnce } from './merge-once.ts';
import { newestManifest } from './newest-manifest.ts';
import { createTestWriter, createWorld, START_MS, storedTotals, type World } from './world.test-support.ts';

const HOUR_MS = 3_600_000;
const NEVER = () => Number.NEGATIVE_INFINITY;

/** A block of level 1 for each of some hours, one profile in each. */
async function worldOfHours(hours: number): Promise<{ readonly world: World; readonly pushed: ProfileRecord[] }> {
  const world = createWorld();
  const writer = createTestWriter(world);
  const pushed: ProfileRecord[] = [];
  for (let i = 0; i < hours; i++) {
    const profile = world.profile({ service: 'cart' });
    pushed.push(profile);
    world.log.push(profile);
    await writer.run();
    assert.equal((await foldOnce(world)).outcome, 'committed');
    world.clock.advance(HOUR_MS);
  }
  return { world, pushed };
}

const timeOf = ({ timeNanos }: ProfileRecord): number => Number(timeNanos / 1_000_000n);

async function bytesOf(world: World, hours: readonly number[]): Promise<number> {
  const { blocks } = await newestManifest(world.store, world.root);
  const bytes = blocks.map(({ datasets }) => datasets.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  return hours.reduce((sum, hour) => sum + (bytes[hour] ?? 0), 0);
}

function cut({ store, random, clock }: World, limitBytes: number) {
  return cutBySize({ store, random, sizeLimit: () => limitBytes }, clock.nowMs());
}

async function expireAll({ store, root, random }: World): Promise<void> {
  const context = { store, root, random, expireBefore: NEVER, identityWindowMs: HOUR_MS, rewriteAfterMs: 0 };
  while ((await expireOnce({ ...context, pinned: new Map() })).outcome === 'committed');
}

const names = async (world: World) => [...(await storedTotals(world.store)).keys()].sort();
const identities = (profiles: readonly ProfileRecord[]) =>
  profiles.map(({ identity }) => identityText(identity)).sort();

test('the oldest hours go until the rest is within the limit; then nothing more', async () => {
  const { world, pushed } = await worldOfHours(6);
  const limitBytes = await bytesOf(world, [3, 4, 5]);
  const [use] = await cut(world, limitBytes);
  assert.deepEqual(use, {
    tenant: pushed[0].tenant,
    limitBytes,
    bytes: await bytesOf(world, [0, 1, 2, 3, 4, 5]),
    beforeMs: START_MS + 3 * HOUR_MS,
    goesBytes: await bytesOf(world, [0, 1, 2]),
  });
  assert.deepEqual(await cut(world, limitBytes), []);
  const { version, cuts } = await newestManifest(world.store, world.root);
  assert.deepEqual(cuts, [{ tenant: use?.tenant, beforeMs: use?.beforeMs }]);
  await expireAll(world);
  assert.deepEqual(await names(world), identities(pushed.slice(3)));
  assert.deepEqual(await cut(world, limitBytes), []);
  assert.equal((await newestManifest(world.store, world.root)).version, version + 1, 'a drop, and no further cut');
});

test('to look changes nothing; a limit that holds asks for nothing; a raised one brings nothing back', async () => {
  const { world } = await worldOfHours(3);
  const { version } = await newestManifest(world.store, world.root);
  const limitBytes = await bytesOf(world, [2]);
  const [use] = await readSizeUse({ store: world.store, sizeLimit: () => limitBytes }, world.clock.nowMs());
  assert.equal(use?.goesBytes, await bytesOf(world, [0, 1]));
  assert.deepEqual(await cut(world, await bytesOf(world, [0, 1, 2])), []);
  assert.equal((await newestManifest(world.store, world.root)).version, version);
  await cut(world, limitBytes);
  assert.deepEqual(await cut(world, 1_000_000), []);
  assert.equal((await newestManifest(world.store, world.root)).cuts.length, 1);
});

test('two that cut at once do not cut more than one, though what is cut is dropped between', async () => {
  const { world, pushed } = await worldOfHours(6);
  const limitBytes = await bytesOf(world, [2, 3, 4, 5]);
  world.store.meet('putIfAbsent', 'manifests/', async () => {
    await cut(world, limitBytes);
    await expireAll(world);
    return undefined;
  });
  await cut(world, limitBytes);
  await cut(world, limitBytes);
  const { cuts } = await newestManifest(world.store, world.root);
  assert.deepEqual(
    cuts.map(({ beforeMs }) => beforeMs),
    [START_MS + 2 * HOUR_MS],
  );
  await expireAll(world);
  assert.deepEqual(await names(world), identities(pushed.slice(2)));
});

test('pins hold against the cut, until they are removed; a delete takes what is pinned', async () => {
  const { world, pushed } = await worldOfHours(4);
  const [first, second] = pushed;
  const rows = { tenant: first.tenant, selector: '{}', fromMs: 0 };
  const pin = { id: 'p', ...rows, untilMs: timeOf(second) + 1 };
  await commitChange(world.store, world.root, { kind: 'pin', id: 'pinning', pin });
  await cut(world, await bytesOf(world, [3]));
  await expireAll(world);
  assert.deepEqual(await names(world), identities([first, second, pushed[3]]));
  const request = { id: 'd', ...rows, untilMs: timeOf(first) + 1 };
  assert.equal((await deleteProfiles(world.store, world.root, request, 'deleting')).outcome, 'committed');
  await expireAll(world);
  assert.deepEqual(await names(world), identities([second, pushed[3]]));
  await commitChange(world.store, world.root, { kind: 'unpin', id: 'unpinning', pinId: 'p' });
  await expireAll(world);
  assert.deepEqual(await names(world), identities([pushed[3]]));
});

test('merges leave out what is cut, and keep its identities', async () => {
  const { world, pushed } = await worldOfHours(4);
  await cut(world, await bytesOf(world, [2, 3]));
  const merged = await mergeOnce({ ...world, rules: { blocksPerMerge: 4 }, expireBefore: NEVER }, world.clock.nowMs());
  assert.equal(merged.outcome, 'committed');
  assert.deepEqual(await names(world), identities(pushed.slice(2)));
  world.log.push(pushed[3]);
  await createTestWriter(world).run();
  assert.deepEqual(await names(world), identities(pushed.slice(2)));
});
