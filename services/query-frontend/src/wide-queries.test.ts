/** Many of the widest queries at once stay within the bytes that a querier admits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cache } from '@flamelake/model';
import type { Task } from '@flamelake/query';
import { createMetrics } from '@flamelake/runtime';
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
const [AT_ONCE, RUNNING, WAITING] = [8, 2, 2];

function wideRecords() {
  const random = createSeededRandom(7);
  const shape = { tenants: ['t'], functionsMax: 4_000, stacksMax: 6_000, depthMax: 24, timeMs: NOW_MS - 60_000 };
  return Array.from({ length: 6 }, () => randomProfileRecord(random, shape));
}

test('queries with the most nodes over wide data run within the bound, wait, or are refused with the limit', async () => {
  const tasks: Task[] = [];
  const alone = createTestFrontend({
    wrap: (execute) => (task, signal) => {
      tasks.push(task);
      return execute(task, signal);
    },
  });
  await alone.push(wideRecords());
  const truth = await alone.queries.flamegraph(callOf('t'), WIDEST);
  assert.ok(truth.levels.reduce((bars, level) => bars + level.length / 4, 0) > 5_000);
  assert.equal(tasks.length, 1);
  const [{ estimatedBytes }] = tasks;
  // Room for two and a half of them.
  const admissionBytesMax = Math.floor(estimatedBytes * (RUNNING + 0.5));
  const metrics = createMetrics();
  let [peakBytes, arrived] = [0, 0];
  const allArrived = Promise.withResolvers<void>();
  // Asked for each read of a task that runs; none goes on before all queries are there.
  const watching: Cache = {
    get: async () => {
      await allArrived.promise;
      peakBytes = Math.max(
        peakBytes,
        Number(/^flamelake_querier_admitted_bytes (\d+)$/m.exec(await metrics.text())?.[1]),
      );
      return undefined;
    },
    set: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const { push, queries } = createTestFrontend({
    wrap: (execute) => (task, signal) => {
      const result = execute(task, signal);
      if (++arrived === AT_ONCE) allArrived.resolve();
      return result;
    },
    querier: { admissionBytesMax, waitingTasksMax: WAITING, metrics, cache: watching },
  });
  await push(wideRecords());
  const answers = await Promise.allSettled(
    Array.from({ length: AT_ONCE }, () => queries.flamegraph(callOf('t'), WIDEST)),
  );
  const answered = answers.filter((answer) => answer.status === 'fulfilled');
  assert.equal(answered.length, RUNNING + WAITING);
  for (const { value } of answered) assert.deepEqual(value, truth);
  for (const refused of answers.filter((answer) => answer.status === 'rejected')) {
    const { code, details } = refused.reason;
    assert.deepEqual([code, details.resource, details.limit], ['resource_exhausted', 'query tasks', WAITING]);
  }
  assert.equal(peakBytes, RUNNING * estimatedBytes);
  assert.ok(peakBytes <= admissionBytesMax);

  const small = createTestFrontend({ querier: { admissionBytesMax: estimatedBytes - 1 } });
  await small.push(wideRecords());
  await assert.rejects(small.queries.flamegraph(callOf('t'), WIDEST), {
    code: 'resource_exhausted',
    details: { estimatedBytes, limitBytes: estimatedBytes - 1 },
  });
});
