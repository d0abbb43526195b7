/** Queries with results kept in a Redis that is sound, away, frozen, full, emptied, damaged or foreign: always the same answer, soon. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { createSealedCache } from '@flamelake/cache';
import { createRedisCache } from '@flamelake/cache/redis';
import { createQuerier } from '@flamelake/querier';
import { createLogger, createMetrics, type Metrics, systemClock } from '@flamelake/runtime';
import { createFanOutWorld, type FanOutWorld } from './components/fan-out-world.ts';
import { installRedis, restartRedis, startRedis } from './components/redis.ts';
import type { RunningServer } from './components/server.ts';

const BLOCKS = 30;
const KEY = new Uint8Array(32).fill(1);
/** 100 ms for an operation; what a busy machine needs to notice comes on top. */
const OPERATION_MS_MAX = 1_000;
/** Time in which what is left alone is tried again, and more. */
const BACK_MS = 30_000;

const skip = await installRedis();

describe('results in Redis', skip === undefined ? {} : { skip }, () => {
  let world: FanOutWorld;
  let redis: RunningServer;
  const closers: (() => Promise<void>)[] = [];
  before(async () => {
    world = await createFanOutWorld(BLOCKS);
    redis = await startRedis();
  });
  after(async () => {
    for (const close of closers) await close();
    await redis.stop();
  });

  /** A querier whose results are in Redis; each has metrics of its own. */
  async function setUp(port = redis.port, key = KEY) {
    const metrics = createMetrics();
    const cache = await createRedisCache({
      mode: 'single',
      addresses: [{ host: '127.0.0.1', port }],
      clock: systemClock,
      logger: createLogger({ level: 'silent' }),
      metrics,
    });
    closers.push(() => cache.close());
    let slowestMs = 0;
    const timed = async <T>(operation: Promise<T>) => {
      const startMs = performance.now();
      const value = await operation;
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      return value;
    };
    const measured = {
      ...cache,
      get: (name: string) => timed(cache.get(name)),
      set: (name: string, value: Uint8Array) => timed(cache.set(name, value)),
    };
    const results = createSealedCache(measured, { key, metrics });
    const querier = createQuerier({ store: world.store, storeId: 'store', results, metrics });
    const count = (metric: string) => counted(metrics, metric);
    return {
      count,
      hits: () => count('querier_result_lookups_total{result="hit"}'),
      async check() {
        slowestMs = 0;
        await world.check(querier.execute);
        assert.ok(slowestMs < OPERATION_MS_MAX, `an operation took ${slowestMs} ms`);
      },
    };
  }

  /** Asks until results come from Redis again. */
  async function untilHot({ check, hits }: { check: () => Promise<void>; hits: () => Promise<number> }) {
    const deadline = performance.now() + BACK_MS;
    for (let gained = 0; gained < BLOCKS; ) {
      assert.ok(performance.now() < deadline, 'results do not come back');
      const before = await hits();
      await check();
      gained = (await hits()) - before;
    }
  }

  const cli = (...words: string[]) =>
    execFileSync('redis-cli', ['-p', String(redis.port), ...words], { encoding: 'utf8' });

  test('cold, then hot, and hot for another querier', async () => {
    cli('flushall');
    const first = await setUp();
    await untilHot(first);
    const second = await setUp();
    await untilHot(second);
    assert.equal(await second.count('cache_refused_values_total'), 0);
  });

  test('damaged, foreign and strange values are misses', async () => {
    const one = await setUp();
    await untilHot(one);
    const keys = cli('--scan', '--pattern', 'flamelake/store/result/*').trim().split('\n');
    assert.ok(keys.length >= BLOCKS);
    keys.forEach((name, i) => {
      if (i % 4 === 0) cli('setrange', name, '40', 'x');
      if (i % 4 === 1) cli('copy', keys.at(-1) ?? '', name, 'replace');
      if (i % 4 === 2) cli('del', name);
      if (i % 4 === 2) cli('lpush', name, 'a list');
      if (i % 4 === 3) cli('append', name, 'x');
    });
    await one.check();
    assert.ok((await one.count('cache_refused_values_total')) > 0);
    // Another installation on the same Redis, with a store of the same id even.
    cli('flushall');
    const foreign = await setUp(redis.port, new Uint8Array(32).fill(2));
    await untilHot(foreign);
    const hitsBefore = await one.hits();
    await one.check();
    assert.equal(await one.hits(), hitsBefore);
  });

  test('of a value larger than allowed no more than that is fetched', async () => {
    const one = await setUp();
    await untilHot(one);
    for (const name of cli('--scan', '--pattern', 'flamelake/store/*').trim().split('\n').slice(0, 10)) {
      cli('setrange', name, '5000000', 'x');
    }
    const sentBefore = outputBytes();
    await one.check();
    const sent = outputBytes() - sentBefore;
    assert.ok(sent > 1_048_576 && sent < 10 * 1_100_000, `${sent} bytes`);
    function outputBytes(): number {
      return Number(/total_net_output_bytes:(\d+)/.exec(cli('info', 'stats'))?.[1]);
    }
  });

  test('frozen: left alone, and used again when it goes on', async () => {
    const one = await setUp();
    await untilHot(one);
    process.kill(redis.pid, 'SIGSTOP');
    try {
      await one.check();
      assert.equal(await one.count('redis_circuit_open'), 1);
      await one.check();
      assert.ok((await one.count('redis_operations_total{operation="get",outcome="skipped"}')) > BLOCKS);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    await untilHot(one);
  });

  test('full: what is there is read, nothing is written, nobody leaves it alone', async () => {
    const full = await startRedis(['--maxmemory', '1mb', '--maxmemory-policy', 'noeviction']);
    closers.push(() => full.stop());
    execFileSync('redis-cli', ['-p', String(full.port), 'config', 'set', 'maxmemory', '1']);
    const one = await setUp(full.port);
    await one.check();
    assert.ok((await one.count('redis_operations_total{operation="set",outcome="refused"}')) >= BLOCKS);
    assert.equal(await one.count('redis_circuit_open'), 0);
  });

  test('killed while in use, away, and back again', async () => {
    const one = await setUp();
    await untilHot(one);
    const checks = one.check();
    await redis.stop();
    await checks;
    await one.check();
    const never = await setUp();
    await never.check();
    assert.equal(await never.hits(), 0);
    redis = await restartRedis(redis.port);
    await untilHot(one);
    await untilHot(never);
  });
});

async function counted(metrics: Metrics, metric: string): Promise<number> {
  const line = (await metrics.text()).split('\n').find((one) => one.startsWith(`flamelake_${metric} `));
  return Number(line?.split(' ').at(-1) ?? 0);
}
