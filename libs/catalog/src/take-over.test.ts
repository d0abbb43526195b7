import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldOnce } from './fold-once.ts';
import { identityWindowMs } from './identity-rules.ts';
import { blocksPrefix } from './keys.ts';
import { mergeOnce } from './merge-once.ts';
import { newestManifest } from './newest-manifest.ts';
import { sweepOnce } from './sweep.ts';
import { takeOver } from './take-over.ts';
import {
  createTestLog,
  createTestWriter,
  createWorld,
  expectedTotals,
  RULES,
  storedTotals,
  type World,
} from './world.test-support.ts';

const WINDOW_MS = identityWindowMs(RULES);

async function writeAndFold(world: World, count: number) {
  const profiles = [];
  const writer = createTestWriter(world);
  for (let i = 0; i < count; i++) {
    const profile = world.profile();
    profiles.push(profile);
    world.log.push(profile);
    await writer.run();
    await foldOnce(world);
  }
  return profiles;
}

test('resends of folded, merged and unfolded profiles are recognised after a take-over', async () => {
  const world = createWorld();
  const profiles = await writeAndFold(world, 3);
  await mergeOnce({ ...world, rules: { blocksPerMerge: 2 } }, world.clock.nowMs());
  const last = world.profile();
  world.log.push(last);
  await createTestWriter(world).run();
  for (const profile of [...profiles, last]) world.log.push(profile);
  const writer = createTestWriter(world);
  await writer.run();
  assert.equal(writer.counts.get('repeats'), 4);
  assert.deepEqual(await storedTotals(world.store), expectedTotals([...profiles, last]));
});

test('a take-over that misses a block starts again from a newer manifest', async () => {
  const world = createWorld();
  const profiles = await writeAndFold(world, 2);
  for (const profile of profiles) world.log.push(profile);
  const [first] = (await newestManifest(world.store, world.root)).blocks;
  world.store.meet('get', first?.key ?? 'no block', async () => {
    await mergeOnce({ ...world, rules: { blocksPerMerge: 2 } }, world.clock.nowMs());
    await sweepAfter(world, 3);
    return undefined;
  });
  const writer = createTestWriter(world);
  await writer.run();
  assert.match(writer.failures.join(), /catalog changed while it was read/);
  assert.equal(writer.counts.get('repeats'), 2);
  assert.deepEqual(await storedTotals(world.store), expectedTotals(profiles));
});

/** Sweeps so often, as if no time passed for writers. */
async function sweepAfter(world: World, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    world.clock.advance(2);
    await sweepOnce({ ...world, keepMs: 1 });
  }
}

test("a new log inherits the identities of the old one's tail, folded or not", async () => {
  const world = createWorld();
  const profiles = await writeAndFold(world, 2);
  const tail = world.profile();
  world.log.push(tail);
  await createTestWriter(world).run();
  const log = createTestLog(world.clock, 'log2');
  const fresh = world.profile();
  for (const profile of [...profiles, tail, fresh, fresh]) log.push(profile);
  const writer = createTestWriter(world, { log });
  await writer.run();
  assert.equal(writer.counts.get('repeats'), 4);
  assert.deepEqual(await storedTotals(world.store), expectedTotals([...profiles, tail, fresh]));
});

test('an old log is not looked at once the window no longer reaches back to it', async () => {
  const world = createWorld();
  await writeAndFold(world, 1);
  const log = createTestLog(world.clock, 'log2');
  const root = { logId: 'log2', partition: 0 };
  log.push(world.profile());
  await createTestWriter(world, { log }).run();
  await foldOnce({ ...world, root });
  const before = await takeOver(world.store, root, WINDOW_MS);
  assert.equal(before?.window.count, 2);
  world.clock.advance(WINDOW_MS + 1);
  log.push(world.profile());
  await createTestWriter(world, { log }).run();
  await foldOnce({ ...world, root });
  world.store.requests.length = 0;
  const after = await takeOver(world.store, root, WINDOW_MS);
  assert.equal(after?.window.count, 1);
  assert.deepEqual(
    world.store.requests.filter((request) => request.includes('log1')),
    [],
  );
});

test('a take-over reads only blocks that reach into the window', async () => {
  const world = createWorld();
  await writeAndFold(world, 3);
  world.clock.advance(WINDOW_MS + 1);
  await writeAndFold(world, 1);
  world.store.requests.length = 0;
  const taken = await takeOver(world.store, world.root, WINDOW_MS);
  assert.equal(taken?.window.count, 1);
  assert.equal(taken?.position, 4);
  assert.equal(world.store.requests.filter((request) => request.includes(blocksPrefix(world.root))).length, 1);
});
