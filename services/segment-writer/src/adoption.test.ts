import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeSnapshot } from '@flamelake/catalog';
import { encodeLogRecord } from '@flamelake/formats';
import type { ObjectStore } from '@flamelake/model';
import { createLogger, createMetrics } from '@flamelake/runtime';
import {
  createSimulatedLog,
  createSimulatedStore,
  createSimulation,
  NO_STORE_FAULTS,
  randomProfileRecord,
} from '@flamelake/testkit';
import { createSegmentWriter } from './segment-writer.ts';

const PARTITIONS = 4;
const ADOPT_AFTER_MS = 30_000;
const ALL = Array.from({ length: PARTITIONS }, (_, i) => i);

function createWorld() {
  const simulation = createSimulation(1);
  const store = createSimulatedStore(simulation, NO_STORE_FAULTS);
  const log = createSimulatedLog(simulation, { partitionCount: PARTITIONS });
  const controller = new AbortController();
  const requests = { list: 0, get: 0 };
  const counted = (view: ObjectStore): ObjectStore => ({
    ...view,
    list: (...asked) => (requests.list++, view.list(...asked)),
    get: (...asked) => (requests.get++, view.get(...asked)),
  });
  return {
    simulation,
    log,
    requests,
    writer(name: string, partitions: readonly number[], adoptAfterMs?: number) {
      const process = simulation.process(name);
      const metrics = createMetrics();
      const writer = createSegmentWriter({
        store: partitions.length === 0 ? counted(store.view(process)) : store.view(process),
        log: log.view(process),
        clock: process.clock,
        random: process.random,
        logger: createLogger({ level: 'silent' }),
        metrics,
        partitions,
        ...(adoptAfterMs !== undefined && { adoptAfterMs }),
      });
      process.spawn(() => writer.run(controller.signal));
      const adopted = () => writer.health().filter(({ isAdopted }) => isAdopted);
      return { process, writer, metrics, adopted };
    },
    push(partition: number) {
      const profile = randomProfileRecord(simulation.random, { timeMs: simulation.nowMs() });
      log.append(partition, encodeLogRecord([profile]));
    },
    run: (forMs: number) => simulation.run(undefined, { forMs }),
    async ends() {
      const { partitions } = await takeSnapshot(store.truth);
      return partitions.map(({ root, next, segments }) => [
        root.partition,
        next,
        segments.reduce((sum, { info }) => sum + info.log.next - info.log.position, 0),
      ]);
    },
    async end() {
      controller.abort();
      await simulation.run(undefined, { forMs: 60_000 });
    },
  };
}

test('a partition that stands still is adopted, and let go when its owner moves again', async () => {
  const world = createWorld();
  const owner = world.writer('owner', ALL);
  const other = world.writer('other', [], ADOPT_AFTER_MS);
  await world.run(5_000);
  owner.process.freezeUntil(world.simulation.nowMs() + 600_000);
  world.push(2);
  await world.run(ADOPT_AFTER_MS);
  assert.deepEqual(await world.ends(), [], 'not before its time');
  await world.run(3 * ADOPT_AFTER_MS);
  assert.deepEqual(await world.ends(), [[2, 1, 1]]);
  assert.deepEqual(
    other.adopted().map(({ partition, position }) => [partition, position]),
    [[2, 1]],
  );
  assert.match(await other.metrics.text(), /flamelake_segment_writer_adopted_partitions 1/);

  // What comes meanwhile is written without delay.
  world.push(2);
  await world.run(10_000);
  assert.deepEqual(await world.ends(), [[2, 2, 2]]);

  owner.process.freezeUntil(0);
  for (let i = 0; i < 60 && other.adopted().length > 0; i++) {
    world.push(2);
    await world.run(2_000);
  }
  assert.deepEqual(other.adopted(), []);
  world.push(2);
  await world.run(10_000);
  const end = world.log.records(2).at(-1)?.offset ?? -1;
  const [[, next, covered] = []] = await world.ends();
  assert.deepEqual([next, covered], [end + 1, end + 1], 'each offset is in one linked segment');
  await world.end();
  assert.deepEqual([...owner.process.failures, ...other.process.failures], []);
});

test('partitions that move, or have nothing to write, are left alone, and looking at them costs little', async () => {
  const world = createWorld();
  world.writer('owner', ALL);
  const other = world.writer('other', [], ADOPT_AFTER_MS);
  for (let i = 0; i < 100; i++) {
    world.push(0);
    if (i === 0) world.push(1);
    await world.run(6_000);
  }
  assert.match(await other.metrics.text(), /flamelake_segment_writer_adopted_partitions 0/);
  assert.doesNotMatch(await other.metrics.text(), /adoptions_total\{/);
  // Twenty rounds: one LIST each for the busy partition, and next to nothing for the others.
  assert.ok(world.requests.list <= 20 + 15, `${world.requests.list} lists`);
  assert.ok(world.requests.get <= 20, `${world.requests.get} gets`);
  await world.end();
});

test('a partition that is given to its adopter stays, and is taken as any other', async () => {
  const world = createWorld();
  const owner = world.writer('owner', ALL);
  const other = world.writer('other', [], ADOPT_AFTER_MS);
  await world.run(1_000);
  owner.process.crash();
  world.push(3);
  await world.run(4 * ADOPT_AFTER_MS);
  assert.equal(other.adopted().length, 1);
  other.process.spawn(() => other.writer.assign([3]));
  await world.run(1_000);
  assert.deepEqual(
    other.writer.health().map(({ partition, isAdopted }) => [partition, isAdopted]),
    [[3, false]],
  );
  other.process.spawn(() => other.writer.assign([]));
  await world.run(1_000);
  assert.deepEqual(other.writer.health(), []);
  await world.end();
});
