import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChainWriter, newestManifest, segmentsPrefix, takeSnapshot } from '@flamelake/catalog';
import { encodeLogRecord } from '@flamelake/formats';
import { createLogger, createMetrics } from '@flamelake/runtime';
import {
  createSimulatedLog,
  createSimulatedStore,
  createSimulation,
  NO_STORE_FAULTS,
  randomProfileRecord,
} from '@flamelake/testkit';
import { createCompactor } from './compactor.ts';

const MINUTE_MS = 60_000;

function createWorld() {
  const simulation = createSimulation(1);
  const store = createSimulatedStore(simulation, NO_STORE_FAULTS);
  const log = createSimulatedLog(simulation);
  const [compacting, writing] = [simulation.process('compactor'), simulation.process('writer')];
  const controller = new AbortController();
  const writer = createChainWriter({
    store: store.view(writing),
    log: log.view(writing),
    partition: 0,
    clock: writing.clock,
    random: writing.random,
    rules: { ingestionWindowMs: 60 * MINUTE_MS },
    flushIntervalMs: 500,
    observer: { count: () => undefined, failure: () => undefined },
  });
  writing.spawn(() => writer.run(controller.signal));
  const metrics = createMetrics();
  const options = {
    store: store.view(compacting),
    clock: compacting.clock,
    random: compacting.random,
    logger: createLogger({ level: 'silent' }),
    metrics,
  };
  return {
    simulation,
    store,
    metrics,
    root: { logId: log.id, partition: 0 },
    compact: (settings: Partial<Parameters<typeof createCompactor>[0]> = {}) =>
      compacting.spawn(() => createCompactor({ ...options, ...settings }).run(controller.signal)),
    own: options.store,
    /** Pushes a profile a second. */
    async push(count: number) {
      for (let i = 0; i < count; i++) {
        const profile = randomProfileRecord(simulation.random, { timeMs: simulation.nowMs() });
        log.append(0, encodeLogRecord([profile]));
        await simulation.run(undefined, { forMs: 1_000 });
      }
    },
    run: (forMs: number) => simulation.run(undefined, { forMs }),
    async end() {
      controller.abort();
      await simulation.run(() => compacting.tasksRunning + writing.tasksRunning === 0);
      assert.deepEqual([...compacting.failures, ...writing.failures], []);
    },
  };
}

test('a chain is folded after half a minute, and swept an hour later', async () => {
  const world = createWorld();
  world.compact();
  await world.push(3);
  await world.run(2 * MINUTE_MS);
  assert.equal((await newestManifest(world.store.truth, world.root)).position, 3);
  assert.ok((await world.store.truth.list(segmentsPrefix(world.root))).length > 0);
  await world.push(1);
  await world.run(130 * MINUTE_MS);
  assert.equal((await world.store.truth.list(segmentsPrefix(world.root))).length, 0);
  assert.equal((await takeSnapshot(world.store.truth)).partitions[0]?.next, 4);
  assert.match(await world.metrics.text(), /flamelake_compactor_jobs_total\{kind="fold",outcome="committed"\} 2/);
  await world.end();
});

test('a long chain is folded at once', async () => {
  const world = createWorld();
  world.compact({ foldIntervalMs: 60 * MINUTE_MS, foldSegments: 3 });
  await world.push(2);
  await world.run(MINUTE_MS);
  assert.equal((await newestManifest(world.store.truth, world.root)).position, 0);
  await world.push(2);
  await world.run(MINUTE_MS);
  assert.equal((await newestManifest(world.store.truth, world.root)).position, 4);
  await world.end();
});

/** Minutes for hours, so that the test is short. */
const MINUTE_RULES = { hourMs: MINUTE_MS, dayMs: 3 * MINUTE_MS, graceMs: 1_000, identityWindowMs: MINUTE_MS };

test('small blocks are merged into hours, hours into days, beside the folds', async () => {
  const world = createWorld();
  world.compact({ foldIntervalMs: 1_000, mergeRules: MINUTE_RULES });
  await world.push(40);
  await world.run(MINUTE_MS);
  const { blocks } = await newestManifest(world.store.truth, world.root);
  assert.ok(blocks.some(({ level }) => level === 2));
  await world.run(8 * MINUTE_MS);
  const { blocks: later } = await newestManifest(world.store.truth, world.root);
  assert.ok(later.length <= 2 && later.every(({ level }) => level === 3));
  const metrics = await world.metrics.text();
  assert.match(metrics, /flamelake_compactor_jobs_total\{kind="level 3",outcome="committed"\} [12]\n/);
  for (const level of [0, 1, 2, 3]) {
    assert.match(metrics, new RegExp(`flamelake_compactor_written_bytes_total\\{level="${level}"\\} [1-9]`));
  }
  assert.match(metrics, /flamelake_compactor_backlog_jobs\{level="3"\} 0\n/);
  assert.match(metrics, new RegExp(`flamelake_compactor_blocks\\{level="3"\\} ${later.length}\n`));
  assert.match(metrics, /flamelake_compactor_tenant_bytes\{tenant="anonymous"\} [1-9]/);
  assert.match(metrics, /flamelake_compactor_first_fold_seconds_count [1-9]/);
  await world.end();
});

test('a failing store is tried again, later each time', async () => {
  const world = createWorld();
  await world.push(1);
  world.store.faults = { ...NO_STORE_FAULTS, refused: 1 };
  world.compact({ foldIntervalMs: 1_000 });
  await world.run(30 * MINUTE_MS);
  world.store.faults = NO_STORE_FAULTS;
  await world.run(30 * MINUTE_MS);
  assert.equal((await newestManifest(world.store.truth, world.root)).position, 1);
  assert.match(await world.metrics.text(), /flamelake_compactor_failures_total [1-9]/);
  await world.end();
});

test('the oldest profiles of a tenant that holds too much expire, hour by hour, and are dropped', async () => {
  const world = createWorld();
  const sizeLimit = () => 4_000;
  const retention = { expireBefore: () => Number.NEGATIVE_INFINITY, identityWindowMs: MINUTE_MS, rewriteAfterMs: 0 };
  world.compact({
    sizeLimit,
    retention,
    mergeRules: { ...MINUTE_RULES, hourMs: 30 * MINUTE_MS, dayMs: 60 * MINUTE_MS },
  });
  for (let hour = 0; hour < 4; hour++) {
    await world.push(12);
    await world.run(60 * MINUTE_MS);
  }
  const { blocks, cuts } = await newestManifest(world.store.truth, world.root);
  const held = blocks.flatMap(({ datasets }) => datasets);
  const bytes = held.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  assert.ok(bytes > 2_000 && bytes <= 4_000, `${bytes} bytes`);
  assert.ok(held.every(({ minTimeMs }) => minTimeMs >= (cuts[0]?.beforeMs ?? Number.POSITIVE_INFINITY)));
  assert.match(await world.metrics.text(), /flamelake_compactor_size_expired_bytes_total [1-9]/);
  await world.end();
});

test('it ends at once, even while the store does not answer; a job cut short changes nothing', async () => {
  const world = createWorld();
  await world.push(3);
  let puts = 0;
  const put = () => {
    puts++;
    return new Promise<never>(() => {});
  };
  world.compact({ foldIntervalMs: 1_000, store: { ...world.own, put } });
  await world.run(MINUTE_MS);
  assert.equal(puts, 1);
  await world.end();
  assert.equal((await newestManifest(world.store.truth, world.root)).position, 0);
  assert.match(await world.metrics.text(), /flamelake_compactor_failures_total 0\n/);
});
