/** When a push is acknowledged, and what the distributor does while it cannot. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { describeError, FlamelakeError, type ProfileLog } from '@flamelake/model';
import type { PushSeries } from '@flamelake/rpc';
import { createTestDistributor, TEST_NOW_MS } from './distributor-server.test-support.ts';
import { DEFAULT_INGEST_LIMITS } from './limits.ts';
import { testPprof } from './pprof-builder.test-support.ts';
import { createPrepareThreads } from './prepare-threads.ts';
import { pushProfiles } from './push-profiles.ts';

const HOUR_MS = 3_600_000;

function series(service: string, timeMs = TEST_NOW_MS, sampleLabels = 1): PushSeries {
  const samples = Array.from({ length: sampleLabels }, (_, i) => ({
    stack: ['f'],
    values: [1],
    labels: { part: hash('sha256', `${i}`) },
  }));
  return {
    labels: [
      { name: '__name__', value: 'process_cpu' },
      { name: 'service_name', value: service },
    ],
    samples: [{ rawProfile: testPprof({ timeMs, samples }), id: '' }],
  };
}

/** A log whose appends are held until `open`. */
function createGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const wrapLog = (log: ProfileLog): ProfileLog => ({
    ...log,
    async append(partition, value) {
      await opened;
      return log.append(partition, value);
    },
  });
  return { open: () => open(), wrapLog };
}

test('a push is acknowledged only once the log has it', async () => {
  const { open, wrapLog } = createGate();
  const { distributor, profiles } = createTestDistributor({ wrapLog });
  let isAcknowledged = false;
  const push = distributor.push('t', [series('a')]).then((receipt) => {
    isAcknowledged = true;
    return receipt;
  });
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  assert.equal(isAcknowledged, false);
  assert.deepEqual(await profiles(), []);
  open();
  assert.match((await push).commitToken ?? '', /^\[\[\d,0\]\]$/);
  assert.equal((await profiles()).length, 1);
});

test('the commit token names the last offset of each partition', async () => {
  const { distributor } = createTestDistributor({ partitionCount: 8 });
  const services = Array.from({ length: 40 }, (_, i) => series(`service-${i}`));
  const { commitToken } = await distributor.push('t', services);
  const offsets = JSON.parse(commitToken ?? '') as [number, number][];
  assert.deepEqual(new Set(offsets.map(([partition]) => partition)), new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  const second = JSON.parse((await distributor.push('t', [series('service-0')])).commitToken ?? '') as [
    number,
    number,
  ][];
  const [[partition, offset] = [-1, -1]] = second;
  assert.equal(offset, (new Map(offsets).get(partition) ?? -1) + 1);
});

test('a profile the log appended too late for its window is not acknowledged', async () => {
  const late = (appendMs: number) => (log: ProfileLog) => ({
    ...log,
    append: async (partition: number, value: Uint8Array) => ({ ...(await log.append(partition, value)), appendMs }),
  });
  const limitMs = HOUR_MS + 600_000;
  const inTime = createTestDistributor({ wrapLog: late(TEST_NOW_MS + limitMs) });
  await inTime.distributor.push('t', [series('a')]);
  const tooLate = createTestDistributor({ wrapLog: late(TEST_NOW_MS + limitMs + 1) });
  await assert.rejects(tooLate.distributor.push('t', [series('a')]), (error) => {
    assert(error instanceof FlamelakeError);
    return error.details.reason === 'not_in_ingestion_window';
  });
});

test('bytes in flight are bounded; beyond, a push is asked to come again', async () => {
  const { open, wrapLog } = createGate();
  const { distributor, profiles, metrics } = createTestDistributor({ wrapLog, inFlightBytesMax: 2_000 });
  const outcomes = Array.from({ length: 20 }, () =>
    distributor.push('t', [series('a')]).then(
      () => 'stored',
      (error) => error,
    ),
  );
  await Promise.resolve();
  assert(distributor.budget.inUse <= 2_000);
  open();
  const settled = await Promise.all(outcomes);
  const refused = settled.filter((outcome) => outcome !== 'stored') as FlamelakeError[];
  assert(refused.length > 0 && refused.length < 20, `${refused.length}`);
  for (const error of refused) {
    assert.equal(error.code, 'resource_exhausted');
    assert.equal(error.details.limitBytes, 2_000);
    assert.equal(error.details.retryAfterSeconds, 1);
  }
  assert.equal((await profiles()).length, 20 - refused.length);
  assert.equal(distributor.budget.inUse, 0, 'everything is given back');
  assert.match(await metrics.text(), /discarded_samples_total\{reason="overloaded",tenant="t"\}/);
});

test('a tenant over its rate is asked to come again, others are not', async () => {
  const { distributor } = createTestDistributor({ limits: { rateBytesPerSecond: 100, profileBytesMax: 1_000 } });
  await distributor.push('a', [series('x')]);
  await distributor.push('a', [series('x')]);
  await assert.rejects(
    async () => {
      for (let i = 0; i < 10; i++) await distributor.push('a', [series('x')]);
    },
    (error) => {
      assert(error instanceof FlamelakeError);
      assert.deepEqual(
        [error.code, error.details.reason, error.details.limitBytesPerSecond, error.details.key],
        ['resource_exhausted', 'rate_limited', 100, 'limits.ingestion-rate'],
      );
      assert(Number(error.details.retryAfterSeconds) >= 1);
      return true;
    },
  );
  await distributor.push('b', [series('x')]);
});

test('a profile larger than a record is stored in parts with all its samples', async () => {
  const { distributor, profiles } = createTestDistributor({ recordBytesMax: 3_000 });
  await distributor.push('t', [series('a', TEST_NOW_MS, 300)]);
  const parts = await profiles();
  assert(parts.length > 1);
  assert.equal(
    parts.reduce((sum, { groups }) => sum + groups.length, 0),
    300,
  );
  assert.equal(new Set(parts.map(({ identity }) => Buffer.from(identity).toString('hex'))).size, parts.length);
});

test('an error of the log is passed on and nothing stays in flight', async () => {
  const wrapLog = (log: ProfileLog): ProfileLog => ({
    ...log,
    append: () => Promise.reject(new FlamelakeError('resource_exhausted', 'profile log is full')),
  });
  const { distributor } = createTestDistributor({ wrapLog });
  await assert.rejects(distributor.push('t', [series('a')]), { code: 'resource_exhausted' });
  assert.equal(distributor.budget.inUse, 0);
});

test('closing finishes what is under way and refuses the rest', async () => {
  const { open, wrapLog } = createGate();
  const { distributor, profiles } = createTestDistributor({ wrapLog });
  const push = distributor.push('t', [series('a')]);
  const closed = distributor.close();
  await assert.rejects(distributor.push('t', [series('a')]), { code: 'unavailable' });
  open();
  await closed;
  await push;
  assert.equal((await profiles()).length, 1);
});

test('a large profile is prepared on a thread, with the same outcome', async () => {
  const rawProfile = gzipSync(
    testPprof({
      timeMs: TEST_NOW_MS,
      samples: Array.from({ length: 3_000 }, (_, i) => ({ stack: [`${'f'.repeat(80)}${i}`, 'root'], values: [i + 1] })),
    }),
  );
  const pushed: PushSeries = { ...series('a'), samples: [{ rawProfile, id: '' }] };
  const tooMany: PushSeries = {
    labels: [...series('a').labels, { name: 'n', value: 'v'.repeat(3_000) }],
    samples: pushed.samples,
  };
  const outcomes = [];
  for (const threadCount of [0, 1]) {
    const { distributor, profiles } = createTestDistributor({ threadCount });
    const receipt = await distributor.push('t', [pushed]);
    const refusal = await distributor.push('t', [tooMany]).catch((error: unknown) => error);
    assert(refusal instanceof FlamelakeError);
    outcomes.push({ receipt, profiles: await profiles(), refusal: describeError(refusal) });
    assert.equal(distributor.budget.inUse, 0);
    await distributor.close();
  }
  assert.deepEqual(outcomes[1], outcomes[0]);
  assert.equal(outcomes[0]?.profiles.length, 1);
});

test('a thread that ends fails its tasks as unavailable, and the next task gets a new one', async () => {
  const threads = createPrepareThreads(1);
  const payload = testPprof({ timeMs: TEST_NOW_MS });
  const [pushed] = pushProfiles('t', { ...series('a'), samples: [{ rawProfile: payload, id: '' }] });
  assert(pushed !== undefined);
  const task = {
    incoming: pushed,
    limits: DEFAULT_INGEST_LIMITS,
    nowMs: TEST_NOW_MS,
    recordBytesMax: 1e6,
    randomIdentity: new Uint8Array(16),
  };
  const lost = threads.prepare(task);
  await Promise.all([assert.rejects(lost, { code: 'unavailable' }), threads.close()]);
  assert.equal((await threads.prepare(task)).parts.length, 1);
  await threads.close();
});

test('an OTLP body that has its buffer for itself goes to the thread, any other is copied', async () => {
  const threads = createPrepareThreads(1);
  const facts = { tenant: 't', form: 'proto', limits: DEFAULT_INGEST_LIMITS, nowMs: TEST_NOW_MS } as const;
  const task = { ...facts, recordBytesMax: 1e6, randomIdentity: new Uint8Array(16) };
  const part = new Uint8Array(300_000).subarray(5, 5);
  const whole = new Uint8Array(8).subarray(0, 0);
  await Promise.all([part, whole].map((body) => threads.prepareOtlp({ ...task, body })));
  assert.equal(part.buffer.byteLength, 300_000, 'the rest of the buffer is of others');
  assert.equal(whole.buffer.byteLength, 0);
  await threads.close();
});
