/** Takes tasks of query-frontends in. */
import { readFileSync } from 'node:fs';
import { createMemoryCache, createSealedCache } from '@flamelake/cache';
import { createRedisCache } from '@flamelake/cache/redis';
import type { Cache } from '@flamelake/model';
import { createQuerier } from '@flamelake/querier';
import { startQuerierServer } from '@flamelake/querier/server';
import { redisSettings } from '../options/query-fan-out-settings.ts';
import { openResultCache } from './result-cache.ts';
import type { Role, RoleContext } from './role.ts';

/** Time that tasks in flight get at shutdown. */
const DRAIN_MS = 10_000;

export async function startQuerierRole(context: RoleContext): Promise<Role> {
  const { options, store, identity, clock, logger, metrics } = context;
  const cache = createMemoryCache({ bytesMax: options['query.cache-size-max'], metrics });
  const results = (await openResultCache(context)) ?? cache;
  const querier = createQuerier({ store, storeId: identity.id, cache, results, clock, metrics });
  const server = await startQuerierServer({
    querier,
    host: options['querier.host'],
    port: options['querier.port'],
    clock,
    logger,
    metrics,
  });
  logger.info('taking tasks', { port: server.port });
  return {
    async close() {
      await server.close(DRAIN_MS);
      await results.close();
      await shared?.close();
      await cache.close();
    },
  };
}

/** Redis, if there is one. What it gives back counts only when this store has sealed it. */
async function openSharedCache({ options, identity, clock, logger, metrics }: RoleContext): Promise<Cache | undefined> {
  const settings = redisSettings(options, (path) => readFileSync(path, 'utf8'));
  if (settings === undefined) return undefined;
  const redis = await createRedisCache({ ...settings, clock, logger, metrics });
  return createSealedCache(redis, { key: identity.keys.hmacKey, metrics });
}
