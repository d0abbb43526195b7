/** Many of the widest queries at once stay within the memory of a querier. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cache, FlamelakeError } from '@flamelake/model';
import { createMetrics, type Metrics } from '@flamelake/runtime';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { callOf, createTestFrontend, NOW_MS } from './frontend.test-support.ts';
import { QUERY_LIMITS_DEFAULT } from './query-limits.ts';

const WIDEST = {
  profileTypeId: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
  labelSelector: '{}',
  startMs: NOW_MS - 3_600_000,
  endMs: NOW_MS,
  maxNodes: QUERY_LIMITS_DEFAULT.nodesMax,
};
const [AT_ONCE, SHARES, WAITING] = [8, 4, 2];

function wideRecords() {
  const random = createSeededRandom(7);
  const shape = { tenants: ['t'], functionsMax: 4_000, stacksMax: 6_000, depthMax: 24, timeMs: NOW_MS - 60_000 };
  return Array.from({ length: 6 }, () => randomProfileRecord(random, shape));
}

async function gaugeOf(metrics: Metrics, name: string): Promise<number> {
  return Number(new RegExp(`^flamelake_${name} (\\d+)$`, 'm').exec(await metrics.text())?.[1]);
}

test('queries with the most nodes over wide data run within the memory, wait, or are refused with the limit', async () => {
  const alone = createMetrics();
  const first = createTestFrontend({ querier: { metrics: alone } });
  await first.push(wideRecords());
  const truth = await first.queries.flamegraph(callOf('t'), WIDEST);
  assert.ok(truth.levels.reduce((bars, level) => bars + level.length / 4, 0) > 5_000);
  const neededBytes = await gaugeOf(alone, 'querier_held_peak_bytes');
  assert.ok(neededBytes > 1_000_000, `${neededBytes}`);
  assert.equal(await gaugeOf(alone, 'querier_held_bytes'), 0);

  // Room for one and a half of them; each begins with a share of what it reads, as if there were room for four.
  const memoryBytesMax = Math.floor(neededBytes * 1.5);
  const metrics = createMetrics();
  let arrived = 0;
  const allArrived = Promise.withResolvers<void>();
  // Asked for each read of a task that runs; none goes on before all queries are there.
  const watching: Cache = {
    get: async () => {
      await allArrived.promise;
      return undefined;
    },
    set: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const { push, queries } = createTestFrontend({
    wrap: (execute) => (task, signal) => {
      const result = execute({ ...task, estimatedBytes: Math.floor(memoryBytesMax / SHARES / 8) }, signal);
      if (++arrived === AT_ONCE) allArrived.resolve();
      return result;
    },
    // A tenant may have as many waiting as places are left.
    querier: { memoryBytesMax, waitingTasksMax: 2 * WAITING, metrics, cache: watching },
  });
  await push(wideRecords());
  const answers = await Promise.allSettled(
    Array.from({ length: AT_ONCE }, () => queries.flamegraph(callOf('t'), WIDEST)),
  );
  const answered = answers.filter((answer) => answer.status === 'fulfilled');
  assert.equal(answered.length, SHARES + WAITING);
  for (const { value } of answered) assert.deepEqual(value, truth);
  for (const { reason } of answers.filter((answer) => answer.status === 'rejected')) {
    const { waiting, limit, memoryBytes, option } = reason.details;
    assert.deepEqual(
      [reason.code, waiting, limit, memoryBytes, option],
      ['resource_exhausted', WAITING, 2 * WAITING, memoryBytesMax, 'querier.memory-max'],
    );
  }
  // Several began side by side in less than they need.
  assert.ok((await gaugeOf(metrics, 'querier_restarted_tasks_total')) > 0);
  const peakBytes = await gaugeOf(metrics, 'querier_held_peak_bytes');
  assert.ok(peakBytes >= neededBytes && peakBytes <= memoryBytesMax, `${peakBytes}`);
  assert.equal(await gaugeOf(metrics, 'querier_held_bytes'), 0);

  const small = createTestFrontend({ querier: { memoryBytesMax: Math.floor(neededBytes / 2) } });
  await small.push(wideRecords());
  await assert.rejects(small.queries.flamegraph(callOf('t'), WIDEST), (error) => {
    assert.ok(error instanceof FlamelakeError && error.code === 'invalid_argument');
    assert.equal(error.details.limitBytes, Math.floor(neededBytes / 2));
    return true;
  });
});
