import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeData, changeRecords, type DataChange, finishDataChanges } from './data-changes.ts';
import { foldOnce } from './fold-once.ts';
import { newestManifest } from './newest-manifest.ts';
import { createTestWriter, createWorld, storedTotals, type World } from './world.test-support.ts';

const contextOf = ({ store, random, clock }: World) => ({ store, random, clock });

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
  const { records } = await changeRecords(context, change.tenant);
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
  assert.deepEqual(await changeRecords(context, 'other'), { records: [], hasOlder: false });
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
  assert.equal((await changeRecords(context, change.tenant)).records.length, 2);
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

test('the record is read page by page, over all months, each line once', async () => {
  const { world, change } = await worldOfOne();
  const context = contextOf(world);
  const ids: string[] = [];
  for (let i = 0; i < 12; i++) {
    ids.push(String(i).repeat(4));
    await changeData(context, { ...change, id: String(i).repeat(4), kind: 'pin' });
    world.clock.advance(17 * 86_400_000);
  }
  const all = await changeRecords(context, change.tenant);
  assert.deepEqual(
    all.records.map(({ id, step }) => `${id} ${step}`),
    ids.flatMap((id) => [`${id} begun`, `${id} done`]),
  );
  const paged: string[] = [];
  for (let untilMs = world.clock.nowMs(); ; ) {
    const page = await changeRecords(context, change.tenant, { untilMs, countMax: 3 });
    assert.ok(page.records.length <= 4);
    paged.unshift(...page.records.map(({ id, step }) => `${id} ${step}`));
    untilMs = page.records[0]?.atMs ?? 0;
    if (!page.hasOlder) break;
  }
  assert.deepEqual(
    paged,
    ids.flatMap((id) => [`${id} begun`, `${id} done`]),
  );
  const [, , third] = all.records;
  const between = await changeRecords(context, change.tenant, {
    fromMs: third?.atMs ?? 0,
    untilMs: (third?.atMs ?? 0) + 1,
  });
  assert.deepEqual(
    between.records.map(({ id }) => id),
    ['1111', '1111'],
  );
});
