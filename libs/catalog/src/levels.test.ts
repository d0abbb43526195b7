import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldOnce } from './fold-once.ts';
import { mergeOnce } from './merge-once.ts';
import { MERGE_RULES_DEFAULT } from './merge-rules.ts';
import { newestManifest } from './newest-manifest.ts';
import { planMerges, startOf, windowOf } from './plan-merges.ts';
import type { BlockEntry } from './types.ts';
import {
  createTestWriter,
  createWorld,
  expectedTotals,
  START_MS,
  storedTotals,
  type World,
} from './world.test-support.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;
const RULES = { ...MERGE_RULES_DEFAULT, blocksPerMerge: 4, spanHours: 1 };

/** Pushes a profile a minute, each folded into a block of its own. */
async function live(world: World, minutes: number, tenants = ['t']) {
  const profiles = [];
  const writer = createTestWriter(world);
  for (let i = 0; i < minutes; i++) {
    const profile = world.profile({ tenant: tenants[i % tenants.length] });
    profiles.push(profile);
    world.log.push(profile);
    await writer.run();
    assert.equal((await foldOnce(world)).outcome, 'committed');
    world.clock.advance(MINUTE_MS);
  }
  return profiles;
}

/** Merges until nothing is due. @returns levels that were written, in order */
async function mergeAll(world: World, rules: Partial<typeof RULES> = {}) {
  const levels: number[] = [];
  for (;;) {
    const merged = await mergeOnce({ ...world, rules: { ...RULES, ...rules } }, world.clock.nowMs());
    if (merged.outcome === 'nothing') return levels;
    assert.ok(merged.outcome === 'committed');
    levels.push(merged.job.level);
  }
}

async function blocksOf(world: World) {
  return (await newestManifest(world.store, world.root)).blocks;
}

const summary = (blocks: readonly BlockEntry[]) =>
  blocks.map(({ level, datasets, log }) => ({
    level,
    hours: [...new Set(datasets.map(({ minTimeMs }) => (startOf(minTimeMs, HOUR_MS) - START_MS) / HOUR_MS))],
    range: [log.position, log.next],
  }));

test('blocks are cut by the hour of the profile, then made into days', async () => {
  const world = createWorld();
  world.clock.advance(57 * MINUTE_MS);
  const profiles = await live(world, 4);
  // The fourth came in the next hour, so the first merge has two outputs, in one version.
  const before = (await newestManifest(world.store, world.root)).version;
  assert.deepEqual(await mergeAll(world), [2]);
  assert.equal((await newestManifest(world.store, world.root)).version, before + 1);
  assert.deepEqual(summary(await blocksOf(world)), [
    { level: 2, hours: [0], range: [0, 4] },
    { level: 2, hours: [1], range: [0, 4] },
  ]);
  profiles.push(...(await live(world, 4)));
  world.clock.advance(2 * HOUR_MS);
  assert.deepEqual(await mergeAll(world), [2, 2]);
  assert.deepEqual(summary(await blocksOf(world)), [
    { level: 2, hours: [0], range: [0, 4] },
    { level: 2, hours: [1], range: [0, 8] },
  ]);
  world.clock.advance(DAY_MS);
  assert.deepEqual(await mergeAll(world), [3]);
  const days = await blocksOf(world);
  assert.deepEqual(
    days.map((block) => [block.level, windowOf(block, DAY_MS)]),
    [[3, startOf(START_MS, DAY_MS)]],
  );
  assert.deepEqual(await storedTotals(world.store), expectedTotals(profiles));
});

test('a few blocks are merged when their hour is over and most of what comes late has come', async () => {
  const world = createWorld();
  await live(world, 2);
  world.clock.advance(HOUR_MS + 12 * MINUTE_MS);
  assert.deepEqual(await mergeAll(world), []);
  world.clock.advance(MINUTE_MS);
  assert.deepEqual(await mergeAll(world), [2]);
});

test('pieces of an hour and what was not merged yet become one block by one job', async () => {
  const world = createWorld();
  const profiles = await live(world, 4);
  assert.deepEqual(await mergeAll(world), [2]);
  profiles.push(...(await live(world, 3)));
  world.clock.advance(HOUR_MS + 8 * MINUTE_MS);
  assert.deepEqual(await mergeAll(world), [2]);
  assert.deepEqual(summary(await blocksOf(world)), [{ level: 2, hours: [0], range: [0, 7] }]);
  assert.deepEqual(await storedTotals(world.store), expectedTotals(profiles));
});

test('what was appended soon after an hour goes with it when it has profiles of it, and else waits for its own', async () => {
  const world = createWorld();
  await live(world, 1);
  world.clock.advance(HOUR_MS);
  const writer = createTestWriter(world);
  for (const minutesAgo of [2, 0]) {
    const timeMs = world.clock.nowMs() - minutesAgo * MINUTE_MS;
    world.log.push(world.profile({ timeNanos: BigInt(timeMs) * 1_000_000n }));
    await writer.run();
    await foldOnce(world);
  }
  world.clock.advance(14 * MINUTE_MS);
  assert.deepEqual(await mergeAll(world), [2]);
  assert.deepEqual(
    summary(await blocksOf(world)).map(({ level, hours }) => [level, hours]),
    [
      [1, [1]],
      [2, [0]],
    ],
  );
});

test('small hours wait for each other and become one block, larger ones do not', async () => {
  const world = createWorld();
  const profiles = [];
  for (let hour = 0; hour < 3; hour++) {
    profiles.push(...(await live(world, 1)));
    world.clock.advance(HOUR_MS - MINUTE_MS);
  }
  const rules = { spanHours: 4 };
  assert.deepEqual(await mergeAll(world, rules), []);
  world.clock.advance(HOUR_MS + 15 * MINUTE_MS);
  assert.deepEqual(await mergeAll(world, rules), [2]);
  assert.deepEqual(
    (await blocksOf(world)).map(({ level, log }) => [level, log.position, log.next]),
    [[2, 0, 3]],
  );
  assert.deepEqual(await storedTotals(world.store), expectedTotals(profiles));
  profiles.push(...(await live(world, 2)));
  world.clock.advance(HOUR_MS);
  assert.deepEqual(await mergeAll(world, rules), []);
  assert.deepEqual(await mergeAll(world, { ...rules, smallSpanBytes: 1 }), [2]);
  assert.deepEqual(await storedTotals(world.store), expectedTotals(profiles));
});

test('of many windows the fullest are opened, the rest is one late block, and days are taken out of it in the end', async () => {
  const world = createWorld();
  const writer = createTestWriter(world);
  const profiles = [];
  for (let i = 0; i < 8; i++) {
    const hoursAgo = i < 4 ? 0 : i / 10;
    const profile = world.profile({ timeNanos: BigInt(world.clock.nowMs() - hoursAgo * HOUR_MS) * 1_000_000n });
    profiles.push(profile);
    world.log.push(profile);
    await writer.run();
    await foldOnce(world);
  }
  const rules = { hourMs: 3 * MINUTE_MS, dayMs: 12 * MINUTE_MS, windowsMax: 1, smallBlocksMax: 2 };
  const merged = await mergeOnce({ ...world, rules: { ...RULES, ...rules } }, world.clock.nowMs());
  assert.ok(merged.outcome === 'committed');
  assert.deepEqual(
    merged.blocks.map((block) => windowOf(block, rules.hourMs) === undefined),
    [false, true],
  );
  world.clock.advance(10 * DAY_MS);
  await mergeAll(world, rules);
  assert.ok((await blocksOf(world)).every(({ level }) => level === 3));
  assert.deepEqual(await storedTotals(world.store), expectedTotals(profiles));
});

test('a tenant with a large share gets blocks of its own; the small ones share theirs', async () => {
  const world = createWorld();
  const writer = createTestWriter(world);
  const sizes = [
    ['a', 3],
    ['b', 400],
    ['c', 3],
    ['d', 400],
  ] as const;
  for (const [tenant, stacksMax] of sizes) {
    for (let i = 0; i < 3; i++) {
      world.log.push({ ...world.profile(), ...(await bigProfile(world, tenant, stacksMax)) });
    }
    await writer.run();
    await foldOnce(world);
  }
  const before = await storedTotals(world.store);
  await mergeAll(world, { ownBlockBytes: 2_000 });
  const tenants = (await blocksOf(world)).map(({ datasets }) => [...new Set(datasets.map(({ tenant }) => tenant))]);
  assert.deepEqual(tenants, [['a', 'c'], ['b'], ['d']]);
  assert.deepEqual(await storedTotals(world.store), before);
});

async function bigProfile(world: World, tenant: string, samples: number) {
  const { groups, ...rest } = world.profile({ tenant });
  const stack = Uint32Array.from({ length: samples }, () => 1);
  const values = BigInt64Array.from({ length: samples * rest.types.length }, () => BigInt(world.random.integer(1e9)));
  return {
    ...rest,
    groups: groups.map((group) => ({
      ...group,
      sampleCount: samples,
      stack,
      values,
      spanIds: undefined,
      traceIds: undefined,
    })),
  };
}

test('a block that holds too much memory is ended, even within a dataset; outputs of one job are left alone', async () => {
  const world = createWorld();
  const profiles = await live(world, 8);
  const merged = await mergeOnce({ ...world, rules: { ...RULES, memoryBytes: 1 } }, world.clock.nowMs());
  assert.ok(merged.outcome === 'committed' && merged.blocks.length === 8);
  assert.deepEqual(await storedTotals(world.store), expectedTotals(profiles));
  world.clock.advance(2 * HOUR_MS);
  assert.deepEqual(await mergeAll(world, { memoryBytes: 1 }), []);
});

test('a merge is committed although the chain is folded before each of its puts', async () => {
  const world = createWorld();
  const profiles = await live(world, 4);
  let folds = 0;
  const foldMeanwhile = async () => {
    folds++;
    profiles.push(...(await live(world, 1)));
    return undefined;
  };
  // Each commit but the last meets a fold between its look and its put.
  const commitMeetsFold = async (): Promise<undefined> => {
    await foldMeanwhile();
    if (folds < 20) world.store.meet('putIfAbsent', 'manifests/', commitMeetsFold);
  };
  world.store.meet('put', 'blocks/', async () => {
    await foldMeanwhile();
    world.store.meet('putIfAbsent', 'manifests/', commitMeetsFold);
    return undefined;
  });
  const merged = await mergeOnce({ ...world, rules: RULES }, world.clock.nowMs());
  assert.equal(merged.outcome, 'committed');
  assert.equal(folds, 20);
  assert.deepEqual(await storedTotals(world.store), expectedTotals(profiles));
});

test('jobs that run side by side share no block, and each is committed', async () => {
  const world = createWorld();
  const profiles = await live(world, 8);
  const rules = { ...RULES, inputsMax: 4 };
  const manifest = await newestManifest(world.store, world.root);
  const [one, other] = planMerges(manifest, rules, world.clock.nowMs());
  assert.ok(one !== undefined && other !== undefined);
  assert.equal(new Set([...one.inputs, ...other.inputs]).size, 8);
  const busy = new Set(one.inputs.map(({ key }) => key));
  assert.deepEqual(planMerges(manifest, rules, world.clock.nowMs(), busy), [other]);
  world.store.meet('put', 'blocks/', async () => {
    assert.equal(
      (await mergeOnce({ ...world, rules: { ...rules, inputsMax: 8 } }, world.clock.nowMs())).outcome,
      'committed',
    );
    return undefined;
  });
  // The other took its inputs as well: this one is lost, and nothing counts twice.
  assert.equal((await mergeOnce({ ...world, rules }, world.clock.nowMs())).outcome, 'lost');
  assert.deepEqual(await storedTotals(world.store), expectedTotals(profiles));
});
