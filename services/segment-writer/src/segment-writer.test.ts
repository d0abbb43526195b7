import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeSnapshot } from '@flamelake/catalog';
import { encodeLogRecord } from '@flamelake/formats';
import { createLogger, createMetrics } from '@flamelake/runtime';
import {
  createSimulatedLog,
  createSimulatedStore,
  createSimulation,
  NO_STORE_FAULTS,
  randomProfileRecord,
} from '@flamelake/testkit';
import { createSegmentWriter } from './segment-writer.ts';

function createWorld(partitionCount: number) {
  const simulation = createSimulation(1);
  const store = createSimulatedStore(simulation, NO_STORE_FAULTS);
  const log = createSimulatedLog(simulation, { partitionCount });
  const process = simulation.process('writer');
  const metrics = createMetrics();
  const logger = createLogger({ level: 'silent' });
  const ports = { store: store.view(process), log: log.view(process), clock: process.clock, random: process.random };
  const push = (partition: number) => {
    const profile = randomProfileRecord(simulation.random, { timeMs: simulation.nowMs() });
    log.append(partition, encodeLogRecord([profile]));
  };
  return { simulation, store, log, process, metrics, push, options: { ...ports, metrics, logger } };
}

async function lagSeconds({ metrics }: ReturnType<typeof createWorld>, partition: number): Promise<number> {
  const line = new RegExp(`^flamelake_segment_writer_lag_seconds\\{partition="${partition}"\\} (\\S+)$`, 'm');
  return Number(line.exec(await metrics.text())?.[1]);
}

test('every partition is written, and what was read is cut when the writer ends', async () => {
  const world = createWorld(2);
  const writer = createSegmentWriter({ ...world.options, flushIntervalMs: 60_000 });
  const controller = new AbortController();
  world.process.spawn(() => writer.run(controller.signal));
  for (const partition of [0, 1, 1]) world.push(partition);
  await world.simulation.run(undefined, { forMs: 5_000 });
  assert.deepEqual(await takeSnapshot(world.store.truth), { partitions: [] });
  assert.ok((await lagSeconds(world, 1)) >= 1, 'what was read grows old');
  controller.abort();
  await world.simulation.run(() => world.process.tasksRunning === 0);
  assert.equal(await lagSeconds(world, 1), 0);
  const { partitions } = await takeSnapshot(world.store.truth);
  assert.deepEqual(
    partitions.map(({ next }) => next),
    [1, 2],
  );
  assert.deepEqual(
    writer.health().map(({ partition, state, position }) => [partition, state, position]),
    [
      [0, 'running', 1],
      [1, 'running', 2],
    ],
  );
  assert.match(await world.metrics.text(), /flamelake_segment_writer_profiles_total\{partition="1"\} 2/);
  assert.deepEqual(world.process.failures, []);
});

test('a partition whose log lost data stops and says so; the others go on', async () => {
  const world = createWorld(2);
  for (const partition of [0, 0, 1]) world.push(partition);
  const first = new AbortController();
  world.process.spawn(() => createSegmentWriter(world.options).run(first.signal));
  await world.simulation.run(undefined, { forMs: 10_000 });
  first.abort();
  await world.simulation.run(() => world.process.tasksRunning === 0);
  world.log.loseTail(0, 1);
  const metrics = createMetrics();
  const writer = createSegmentWriter({ ...world.options, metrics });
  const second = new AbortController();
  world.process.spawn(() => writer.run(second.signal));
  world.push(1);
  await world.simulation.run(undefined, { forMs: 10_000 });
  assert.deepEqual(
    writer.health().map(({ state, position }) => [state, position]),
    [
      ['stopped', 2],
      ['running', 2],
    ],
  );
  assert.match(await metrics.text(), /flamelake_segment_writer_stopped\{partition="0"\} 1/);
  second.abort();
  await world.simulation.run(() => world.process.tasksRunning === 0);
});

test('partitions are given and taken while the writer runs', async () => {
  const world = createWorld(3);
  const writer = createSegmentWriter({ ...world.options, partitions: [0], flushIntervalMs: 60_000 });
  const controller = new AbortController();
  const chainEnds = async () =>
    (await takeSnapshot(world.store.truth)).partitions.map(({ root, next }) => [root.partition, next]);
  world.process.spawn(() => writer.run(controller.signal));
  for (const partition of [0, 1, 1, 2]) world.push(partition);
  await world.simulation.run(undefined, { forMs: 5_000 });
  assert.deepEqual(await chainEnds(), []);

  // Taken before its time to flush: what was read is cut at once, and before the promise resolves.
  let isLeft = false;
  world.process.spawn(async () => {
    await writer.assign([1]);
    isLeft = true;
  });
  await world.simulation.run(() => isLeft);
  assert.deepEqual(await chainEnds(), [[0, 1]]);
  assert.deepEqual(
    writer.health().map(({ partition }) => partition),
    [1],
  );

  // One that stays is not begun again; one that comes back is.
  await world.simulation.run(undefined, { forMs: 5_000 });
  world.process.spawn(() => writer.assign([0, 1]));
  world.push(0);
  await world.simulation.run(undefined, { forMs: 5_000 });
  controller.abort();
  await world.simulation.run(() => world.process.tasksRunning === 0);
  assert.deepEqual(await chainEnds(), [
    [0, 2],
    [1, 2],
  ]);
  const text = await world.metrics.text();
  assert.match(text, /flamelake_segment_writer_take_overs_total\{partition="1"\} 1/);
  assert.match(text, /flamelake_segment_writer_take_overs_total\{partition="0"\} 2/);
  assert.deepEqual(world.process.failures, []);
});
