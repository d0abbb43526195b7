/** What queries hold in a query-frontend is counted, and bounded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlamelakeError, labelsKey } from '@flamelake/model';
import { createMetrics } from '@flamelake/runtime';
import { createSeededRandom, randomProfileRecord } from '@flamelake/testkit';
import { callOf, createTestFrontend, NOW_MS } from './frontend.test-support.ts';
import { QUERY_LIMITS_DEFAULT } from './query-limits.ts';
import { createQueryMemory } from './query-memory.ts';

const RANGE = { startMs: NOW_MS - 3_600_000, endMs: NOW_MS };
const WIDEST = {
  ...RANGE,
  profileTypeId: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
  labelSelector: '{}',
  maxNodes: QUERY_LIMITS_DEFAULT.nodesMax,
};
const MIB = 1_048_576;
const AT_ONCE = 6;

function wideRecords(seed: number) {
  const random = createSeededRandom(seed);
  const shape = { tenants: ['t'], functionsMax: 4_000, stacksMax: 6_000, depthMax: 24, timeMs: NOW_MS - 60_000 };
  return Array.from({ length: 4 }, () => randomProfileRecord(random, shape));
}

async function setUp(bytesMax: number, waitingMax?: number) {
  const metrics = createMetrics();
  const memory = createQueryMemory({ bytesMax, metrics, ...(waitingMax !== undefined && { waitingMax }) });
  const { push, queries } = createTestFrontend({ memory });
  // Segments of their own: results of several blocks are merged.
  for (const seed of [1, 2]) await push(wideRecords(seed));
  const restarts = async () => Number(/^flamelake_query_restarts_total (\d+)$/m.exec(await metrics.text())?.[1] ?? 0);
  return { memory, queries, restarts };
}

test('queries hold what they merge and draw, and nothing of it stays', async () => {
  const { memory, queries } = await setUp(1_024 * MIB);
  const call = () => callOf('t');
  const grid = { ...RANGE, profileTypeId: WIDEST.profileTypeId, labelSelector: '{}', stepSeconds: 60 };
  const asked = {
    flamegraph: () => queries.flamegraph(call(), WIDEST),
    pprof: () => queries.pprof(call(), WIDEST),
    diff: () => queries.diff(call(), WIDEST, WIDEST),
    series: () => queries.series(call(), RANGE, [], []),
    selectSeries: () =>
      queries.selectSeries(call(), { ...grid, groupBy: [], aggregation: 'sum', limit: 0, hasExemplars: true }),
  };
  const peaks: number[] = [];
  for (const ask of Object.values(asked)) {
    await ask();
    peaks.push(memory.peakBytes);
    assert.deepEqual([memory.heldBytes, memory.sharedBytes, memory.waiting], [0, 0, 0]);
  }
  assert.ok(peaks[0] > 2 * MIB, `${peaks[0]}`);
  // A diff has two trees at the same time.
  assert.ok(peaks[2] > 1.5 * peaks[0], peaks.join());
});

test('several of the widest at once are all answered within the memory, one after another if need be', async () => {
  const alone = await setUp(1_024 * MIB);
  const truth = await alone.queries.flamegraph(callOf('t'), WIDEST);
  const neededBytes = alone.memory.peakBytes;
  const bytesMax = Math.floor(neededBytes * 1.5);
  const { memory, queries, restarts } = await setUp(bytesMax);
  const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => queries.flamegraph(callOf('t'), WIDEST)));
  for (const answer of answers) assert.deepEqual(answer, truth);
  assert.ok(memory.peakBytes >= neededBytes && memory.peakBytes <= bytesMax, `${memory.peakBytes} ${neededBytes}`);
  assert.ok((await restarts()) > 0);
  assert.deepEqual([memory.heldBytes, memory.sharedBytes], [0, 0]);

  const limitBytes = Math.floor(neededBytes / 2);
  const small = await setUp(limitBytes);
  await assert.rejects(small.queries.flamegraph(callOf('t'), WIDEST), (error) => {
    assert.ok(error instanceof FlamelakeError && error.code === 'invalid_argument');
    assert.match(error.message, /narrow its range or selector, or raise the option/);
    const { neededBytes: said, limitBytes: limit, option } = error.details;
    assert.deepEqual([limit, option], [limitBytes, 'query-frontend.memory-max']);
    assert.ok(Number(said) > limitBytes);
    return true;
  });
  // The next one that fits is answered.
  await small.queries.labelNames(callOf('t'), RANGE, []);
  assert.equal(small.memory.heldBytes, 0);
});

test('where too many wait, the next is refused with the limit and what to do', async () => {
  const { memory, queries } = await setUp(4 * MIB, 1);
  const asked = await Promise.allSettled([0, 1, 2].map(() => queries.labelNames(callOf('t'), RANGE, [])));
  assert.deepEqual(
    asked.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected'],
  );
  const [, , last] = asked;
  assert.ok(last?.status === 'rejected');
  const { waiting, limit, memoryBytes, option, retryAfterSeconds } = last.reason.details;
  assert.deepEqual(
    [last.reason.code, waiting, limit, memoryBytes, option, retryAfterSeconds],
    ['resource_exhausted', 1, 1, 4 * MIB, 'query-frontend.memory-max', 1],
  );
  assert.equal(memory.heldBytes, 0);
});

test('a query of labels is refused only for what it merges, not for drawing that takes little', async () => {
  const bytesMax = 4 * MIB;
  const sets = new Map(
    Array.from({ length: 3_500 }, (_, i) => {
      const labels = [{ name: 'pod', value: `${i}` }];
      return [labelsKey(labels), labels] as const;
    }),
  );
  const memory = createQueryMemory({ bytesMax, metrics: createMetrics() });
  // Twice as much again would not fit.
  const { push, queries } = createTestFrontend({
    memory,
    wrap: () => () => Promise.resolve({ kind: 'labelSets', sets }),
  });
  await push(wideRecords(1));
  const found = await queries.series(callOf('t'), RANGE, [], []);
  assert.equal(found.length, sets.size);
  assert.ok(memory.peakBytes < bytesMax && memory.peakBytes > sets.size * 512, `${memory.peakBytes}`);
});

test('what an attempt held is free when the query begins again on another snapshot', async () => {
  const memory = createQueryMemory({ bytesMax: 64 * MIB, metrics: createMetrics() });
  const heldBytes: number[] = [];
  const { push, queries } = createTestFrontend({
    memory,
    wrap: (execute) => async (task, signal, own) => {
      heldBytes.push(memory.heldBytes);
      const result = await execute(task, signal, own);
      if (heldBytes.length === 1) throw new FlamelakeError('not_found', 'object is gone');
      return result;
    },
  });
  await push(wideRecords(1));
  await queries.flamegraph(callOf('t'), WIDEST);
  assert.equal(heldBytes.length, 2);
  assert.ok(heldBytes[0] > 0);
  assert.equal(heldBytes[1], heldBytes[0]);
});
