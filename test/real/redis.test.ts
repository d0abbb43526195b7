/** The contract of caches on Redis as it is run: one server, TLS and a user with few rights, sentinels, a cluster. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createSealedCache } from '@flamelake/cache';
import { createRedisCache, type RedisCacheOptions } from '@flamelake/cache/redis';
import type { Cache } from '@flamelake/model';
import { createLogger, createMetrics, systemClock } from '@flamelake/runtime';
import { cacheContract } from './cache.contract.ts';
import {
  installRedis,
  type SentinelSet,
  startRedis,
  startRedisCluster,
  startRedisSentinels,
  startSecureRedis,
} from './components/redis.ts';
import type { RunningServer } from './components/server.ts';

const skip = await installRedis();
const skipped = skip === undefined ? {} : { skip };
const running: RunningServer[] = [];
after(() => Promise.all(running.map((server) => server.stop())));

/** Where a test asks what a cache does, not how fast, a busy machine must not make it forget. */
const PATIENT_MS = 10_000;
const USER = { name: 'cache', password: 'a secret' };

function open(options: Pick<RedisCacheOptions, 'mode' | 'addresses'> & Partial<RedisCacheOptions>): Promise<Cache> {
  return createRedisCache({
    timeoutMs: PATIENT_MS,
    clock: systemClock,
    logger: createLogger({ level: 'silent' }),
    metrics: createMetrics(),
    ...options,
  });
}

const at = (...servers: readonly RunningServer[]) => servers.map(({ port }) => ({ host: '127.0.0.1', port }));

function once<T>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined;
  return () => (started ??= start());
}

async function kept<T extends RunningServer | readonly RunningServer[]>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  running.push(...[started].flat());
  return started;
}

const single = once(() => kept(startRedis()));
cacheContract('Redis, one server', {
  ...skipped,
  open: async () => open({ mode: 'single', addresses: at(await single()) }),
});
cacheContract('Redis, one server, sealed', {
  ...skipped,
  open: async () =>
    createSealedCache(await open({ mode: 'single', addresses: at(await single()), database: 1 }), {
      key: new Uint8Array(32),
    }),
});

const secure = once(() => kept(startSecureRedis(USER)));
cacheContract('Redis, TLS and a user of few rights', {
  ...skipped,
  async open() {
    const server = await secure();
    const tls = { ca: server.ca, serverName: 'redis.test' };
    return open({ mode: 'single', addresses: at(server), username: USER.name, password: USER.password, tls });
  },
});

const cluster = once(() => kept(startRedisCluster()));
cacheContract('Redis, cluster', {
  ...skipped,
  open: async () => open({ mode: 'cluster', addresses: at(...(await cluster())) }),
});

const sentinels = once(async (): Promise<SentinelSet> => {
  const set = await startRedisSentinels();
  running.push(set.master, set.replica, ...set.sentinels);
  return set;
});
cacheContract('Redis, sentinels', {
  ...skipped,
  open: async () => open({ mode: 'sentinel', addresses: at(...(await sentinels()).sentinels), masterName: 'm' }),
});

describe('who may not', skipped, () => {
  test('a wrong password, and no trust in the certificate, are misses', async () => {
    const server = await secure();
    const tls = { ca: server.ca, serverName: 'redis.test' };
    const refused = [
      { username: USER.name, password: 'another', tls },
      { username: USER.name, password: USER.password, tls: { serverName: 'redis.test' } },
      { username: USER.name, password: USER.password, tls: { ca: server.ca, serverName: 'other.test' } },
      {},
    ];
    for (const options of refused) {
      const cache = await open({ mode: 'single', addresses: at(server), ...options });
      await cache.set('a', new Uint8Array(1));
      assert.equal(await cache.get('a'), undefined);
      await cache.close();
    }
  });
});

describe('a master', skipped, () => {
  let set: SentinelSet;
  before(async () => {
    set = await sentinels();
  });

  test('that is frozen is left for the one that took over', async () => {
    const cache = await open({ mode: 'sentinel', addresses: at(...set.sentinels), masterName: 'm', timeoutMs: 100 });
    const isBack = async () => {
      await cache.set('back', Buffer.from('again'));
      return (await cache.get('back')) !== undefined;
    };
    assert.ok(await eventually(isBack));
    process.kill(set.master.pid, 'SIGSTOP');
    let slowestMs = 0;
    const measured = async () => {
      const startMs = performance.now();
      await cache.get('any');
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      return isBack();
    };
    assert.ok(await eventually(measured));
    process.kill(set.master.pid, 'SIGCONT');
    // 100 ms, and what a busy machine needs to notice.
    assert.ok(slowestMs < 1_000, `${slowestMs} ms`);
    await cache.close();
  });
});

/** Asks until it is so, for half a minute at most. */
async function eventually(isTrue: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    if (await isTrue()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
