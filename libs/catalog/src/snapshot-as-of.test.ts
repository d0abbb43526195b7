/** The past, as it was: at every moment of a history of pushes, folds, merges, deletes and sweeps, down to the floor and no further. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commitChange } from './commit-change.ts';
import { deleteProfiles } from './delete-profiles.ts';
import { expireOnce } from './expire-once.ts';
import { foldOnce } from './fold-once.ts';
import { mergeOnce } from './merge-once.ts';
import { newestManifest } from './newest-manifest.ts';
import { takeNamedSnapshot, takeSnapshotAt } from './snapshot-as-of.ts';
import { sweepOnce } from './sweep.ts';
import { takeSnapshot } from './take-snapshot.ts';
import type { Snapshot } from './types.ts';
import { createTestLog, createTestWriter, createWorld, totalsOf, type World } from './world.test-support.ts';

const KEEP_MS = 20_000;

interface Moment {
  readonly atMs: number;
  readonly snapshot: Snapshot;
  readonly totals: Map<string, bigint>;
}

function namesOf({ partitions }: Snapshot) {
  return partitions.map(({ root, manifest, next }) => ({ root, version: manifest.version, next }));
}

/** What is done to the catalog, one thing a step. */
function stepsOf(world: World) {
  const { store, root, random, clock } = world;
  const context = { store, root, random };
  const { tenant } = world.profile();
  return {
    async push() {
      world.log.push(world.profile());
      await createTestWriter(world).run();
    },
    fold: () => foldOnce(context),
    merge: () => mergeOnce({ ...context, rules: { blocksPerMerge: 2 } }, clock.nowMs()),
    delete: () => {
      const id = Buffer.from(random.bytes(8)).toString('hex');
      const selector = `{service_name="${random.pick(['cart', 'checkout'])}"}`;
      return deleteProfiles(store, root, { id, tenant, selector, fromMs: 0, untilMs: clock.nowMs() }, id);
    },
    rewrite: () =>
      expireOnce({ ...context, expireBefore: () => -1, identityWindowMs: 1, rewriteAfterMs: 0, pinned: new Map() }),
    sweep: () => sweepOnce({ ...context, keepMs: KEEP_MS }),
  };
}

for (const seed of [1, 2, 3, 4]) {
  test(`every moment that is kept can be read again, by time and by name: seed ${seed}`, async () => {
    const world = createWorld(seed);
    const { store, root, random, clock } = world;
    const steps = Object.values(stepsOf(world));
    await stepsOf(world).push();
    const moments: Moment[] = [];
    let [read, refused] = [0, 0];
    for (let i = 0; i < 60; i++) {
      await random.pick(steps)();
      const snapshot = await takeSnapshot(store);
      moments.push({ atMs: clock.nowMs(), snapshot, totals: await totalsOf(store, snapshot) });
      clock.advance(1 + random.integer(2_000));
      const past = random.pick(moments);
      const { floor } = await newestManifest(store, root);
      const version = past.snapshot.partitions[0]?.manifest.version ?? 0;
      if (version < floor) {
        await assert.rejects(takeSnapshotAt(store, past.atMs), { code: 'out_of_range' });
        await assert.rejects(takeNamedSnapshot(store, namesOf(past.snapshot)), { code: 'out_of_range' });
        refused++;
        continue;
      }
      const again = await takeNamedSnapshot(store, namesOf(past.snapshot));
      assert.deepEqual(again, past.snapshot);
      const asOf = await takeSnapshotAt(store, past.atMs);
      assert.deepEqual(asOf, past.snapshot);
      assert.deepEqual(await totalsOf(store, asOf), past.totals);
      read++;
    }
    assert.ok(read > 5, `${read} read, ${refused} refused`);
  });
}

test('the refusal names the oldest time there is, and that one can be read', async () => {
  const world = createWorld();
  const steps = stepsOf(world);
  for (let i = 0; i < 4; i++) {
    await steps.push();
    await steps.fold();
    world.clock.advance(KEEP_MS);
  }
  await steps.sweep();
  const refused = await takeSnapshotAt(world.store, world.clock.nowMs() - 4 * KEEP_MS).catch((error: unknown) => error);
  const { oldest } = (refused as { details: { oldest: string } }).details;
  assert.equal((await takeSnapshotAt(world.store, Date.parse(oldest))).partitions.length, 1);
});

test('a floor that passes while the past is read is a refusal, never half an answer', async () => {
  const world = createWorld();
  const steps = stepsOf(world);
  await steps.push();
  await steps.fold();
  await steps.push();
  const atMs = world.clock.nowMs();
  world.store.meet('get', '/segments/', async () => {
    await steps.fold();
    await commitChange(world.store, world.root, {
      kind: 'floor',
      id: 'raised',
      floor: (await newestManifest(world.store, world.root)).version,
      gone: [],
    });
    return undefined;
  });
  await assert.rejects(takeSnapshotAt(world.store, atMs), { code: 'out_of_range' });
});

test('logs that came later are empty in the past', async () => {
  const world = createWorld();
  await stepsOf(world).push();
  const atMs = world.clock.nowMs();
  const before = await takeSnapshot(world.store);
  world.clock.advance(1_000);
  const log = createTestLog(world.clock, 'log2');
  log.push(world.profile());
  await createTestWriter(world, { log }).run();
  const [first, second] = (await takeSnapshotAt(world.store, atMs)).partitions;
  assert.deepEqual(first, before.partitions[0]);
  assert.deepEqual([second?.root.logId, second?.next, second?.segments], ['log2', 0, []]);
});
