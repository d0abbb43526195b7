import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeData, changeRecords, type DataChange, finishDataChanges } from './data-changes.ts';
import { foldOnce } from './fold-once.ts';
import { newestManifest } from './newest-manifest.ts';
import { createTestWriter, createWorld, storedTotals, type World } from './world.test-support.ts';

const contextOf = ({ store, random, clock }: World) => ({ store, random, nowMs: () => clock.nowMs() });

async function worldOfOne(): Promise<{ readonly world: World; readonly change: DataChange }> {
  const world = createWorld();
  const { tenant } = world.profile();
  world.log.push(world.profile());
  await createTestWriter(world).run();
  const range = { tenant, selector: '{}', fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER };
  return { world, change: { id: 'd'.repeat(32), kind: 'delete', ...range, by: 'somebody' } };
}

test('a change is on record before and after it is made', async () => {
  const { world, change } = await worldOfOne();
  const context = contextOf(world);
  await changeData(context, change);
  const records = await changeRecords(context, change.tenant);
  assert.deepEqual(
    records.map(({ step, by, kind }) => [step, by, kind]),
    [
      ['begun', 'somebody', 'delete'],
      ['done', 'somebody', 'delete'],
    ],
  );
  assert.equal((await newestManifest(world.store, world.root)).deletes.length, 1);
  await foldOnce(world);
  assert.equal((await storedTotals(world.store)).size, 0);
  assert.deepEqual(await changeRecords(context, 'other'), []);
});

test('what was begun and left is finished by others, once and not too early', async () => {
  const { world, change } = await worldOfOne();
  const context = contextOf(world);
  for (let i = 0; i < 3; i++) world.store.meet('putIfAbsent', 'manifests/', () => 'refused');
  await assert.rejects(changeData(context, change), { code: 'unavailable' });
  assert.equal(await finishDataChanges(context), 0);
  world.clock.advance(300_000);
  assert.equal(await finishDataChanges(context), 1);
  assert.equal((await newestManifest(world.store, world.root)).deletes.length, 1);
  world.clock.advance(300_000);
  assert.equal(await finishDataChanges(context), 0);
  assert.equal((await changeRecords(context, change.tenant)).length, 2);
});

test('pins are in every partition until they are removed', async () => {
  const { world, change } = await worldOfOne();
  const context = contextOf(world);
  await changeData(context, { ...change, kind: 'pin' });
  const pins = async () => (await newestManifest(world.store, world.root)).pins.map(({ id }) => id);
  assert.deepEqual(await pins(), [change.id]);
  await changeData(context, { ...change, kind: 'unpin' });
  assert.deepEqual(await pins(), []);
});
