import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChainWriter, newestManifest } from '@flamelake/catalog';
import { encodeLogRecord } from '@flamelake/formats';
import { createLogger, createMetrics } from '@flamelake/runtime';
import {
  createSimulatedLog,
  createSimulatedStore,
  createSimulation,
  NO_STORE_FAULTS,
  randomProfileRecord,
  type SimulatedProcess,
} from '@flamelake/testkit';
import { createCompactor } from './compactor.ts';
import { createPartitionTurns } from './partition-turns.ts';

const PARTITIONS = 8;
const FOLD_INTERVAL_MS = 30_000;
const ADDRESSES = ['10.0.0.1:4040', '10.0.0.2:4040'];

function createWorld() {
  const simulation = createSimulation(1);
  const store = createSimulatedStore(simulation, NO_STORE_FAULTS);
  const log = createSimulatedLog(simulation, { partitionCount: PARTITIONS });
  const { signal } = new AbortController();
  const writing = simulation.process('writer');
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const writer = createChainWriter({
      store: store.view(writing),
      log: log.view(writing),
      partition,
      clock: writing.clock,
      random: writing.random,
      rules: { ingestionWindowMs: 3_600_000 },
      flushIntervalMs: 500,
      observer: { count: () => undefined, failure: () => undefined },
    });
    writing.spawn(() => writer.run(signal));
  }
  let pushed = 0;
  const parts = (process: SimulatedProcess) => {
    const metrics = createMetrics();
    const ports = { store: store.view(process), clock: process.clock, metrics };
    return { metrics, ports, turns: createPartitionTurns({ ...ports, foldIntervalMs: FOLD_INTERVAL_MS }) };
  };
  return {
    simulation,
    /** A compactor among others. */
    compactor(name: string, addresses: readonly string[], self: string | undefined) {
      const process = simulation.process(name);
      const { metrics, ports, turns } = parts(process);
      turns.update(addresses, self);
      const { random } = process;
      const logger = createLogger({ level: 'silent' });
      const compactor = createCompactor({ ...ports, random, logger, turns, foldIntervalMs: FOLD_INTERVAL_MS });
      process.spawn(() => compactor.run(signal));
      /** Value of a metric, 0 when it has none. */
      const value = async (line: string) =>
        Number(
          (await metrics.text())
            .split('\n')
            .find((text) => text.startsWith(`flamelake_${line} `))
            ?.split(' ')[1] ?? 0,
        );
      return { process, turns, value };
    },
    async push(minutes: number) {
      for (let i = 0; i < minutes * 6; i++) {
        for (let partition = 0; partition < PARTITIONS; partition++) {
          const profile = randomProfileRecord(simulation.random, { timeMs: simulation.nowMs() });
          log.append(partition, encodeLogRecord([profile]));
        }
        pushed++;
        await simulation.run(undefined, { forMs: 10_000 });
      }
    },
    run: (forMs: number) => simulation.run(undefined, { forMs }),
    positions: () =>
      Promise.all(
        Array.from({ length: PARTITIONS }, async (_, partition) => {
          const { position } = await newestManifest(store.truth, { logId: log.id, partition });
          return position;
        }),
      ),
    ends: () => Array.from({ length: PARTITIONS }, () => pushed),
  };
}

const FOLDS = 'compactor_jobs_total{kind="fold",outcome="committed"}';
const LOST = ['fold', 'merge'].map((kind) => `compactor_jobs_total{kind="${kind}",outcome="lost"}`);

test('two compactors share the partitions and lose no job; one that is killed is replaced, before and after its peers know', async () => {
  const world = createWorld();
  const both = ADDRESSES.map((address, i) => world.compactor(`compactor ${i}`, ADDRESSES, address));
  await world.push(10);
  await world.run(2 * FOLD_INTERVAL_MS);
  assert.deepEqual(await world.positions(), world.ends());
  for (const { value } of both) {
    assert.ok((await value(FOLDS)) > 10, 'each has partitions of its own');
    for (const lost of LOST) assert.equal(await value(lost), 0);
    assert.equal(await value('compactor_overdue_partitions_total'), 0);
  }

  const [killed, left] = both;
  killed?.process.crash();
  await world.push(5);
  await world.run(5 * FOLD_INTERVAL_MS);
  assert.deepEqual(await world.positions(), world.ends());
  assert.ok(((await left?.value('compactor_overdue_partitions_total')) ?? 0) > 0);

  const before = (await left?.value('compactor_overdue_partitions_total')) ?? 0;
  left?.turns.update(ADDRESSES.slice(1), ADDRESSES[1]);
  await world.push(5);
  await world.run(2 * FOLD_INTERVAL_MS);
  assert.deepEqual(await world.positions(), world.ends());
  assert.equal(await left?.value('compactor_overdue_partitions_total'), before);
});

test('a compactor that does not find itself among its peers works on everything', async () => {
  const world = createWorld();
  const lost = world.compactor('compactor', ADDRESSES, undefined);
  await world.push(1);
  await world.run(2 * FOLD_INTERVAL_MS);
  assert.deepEqual(await world.positions(), world.ends());
  assert.equal(await lost.value('compactor_overdue_partitions_total'), 0);
  assert.deepEqual(lost.process.failures, []);
});

test('a compactor that its peers do not list yet shares with them all the same', async () => {
  const world = createWorld();
  const newcomer = world.compactor('compactor', ADDRESSES.slice(0, 1), '10.0.0.3:4040');
  await world.push(0.5);
  await world.run(0.9 * FOLD_INTERVAL_MS);
  const folded = (await world.positions()).filter((position) => position > 0).length;
  assert.ok(folded > 0 && folded < PARTITIONS, `${folded} of ${PARTITIONS}`);
  assert.deepEqual(newcomer.process.failures, []);
});

test('an idle partition of a peer is looked after now and then: it may be gone', async () => {
  const simulation = createSimulation(1);
  const process = simulation.process('compactor');
  const store = createSimulatedStore(simulation, NO_STORE_FAULTS).view(process);
  const metrics = createMetrics();
  const turns = createPartitionTurns({ store, clock: process.clock, metrics, foldIntervalMs: FOLD_INTERVAL_MS });
  turns.update(ADDRESSES, ADDRESSES[0]);
  const taken = Array.from({ length: PARTITIONS }, () => 0);
  const rounds = 300;
  process.spawn(async () => {
    for (let round = 0; round < rounds; round++) {
      for (const partition of taken.keys()) {
        if (await turns.isTurn({ logId: 'log', partition })) taken[partition] = (taken[partition] ?? 0) + 1;
      }
      await process.clock.sleep(FOLD_INTERVAL_MS);
    }
  });
  await simulation.run(() => process.tasksRunning === 0);
  assert.deepEqual(process.failures, []);
  assert.ok(taken.includes(rounds), 'what is its own, always');
  assert.ok(taken.includes(2), 'what is not, every 120 rounds');
  assert.deepEqual(
    taken.filter((count) => count !== rounds && count !== 2),
    [],
  );
});
