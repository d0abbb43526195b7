/** Takes tasks of query-frontends in. */
import { createMemoryCache } from '@flamelake/cache';
import { createQuerier } from '@flamelake/querier';
import { startQuerierServer } from '@flamelake/querier/server';
import { openResultCache } from './result-cache.ts';
import type { Role, RoleContext } from './role.ts';

export async function startQuerierRole(context: RoleContext): Promise<Role> {
  const { options, store, identity, clock, logger, metrics, internalTls, tracing } = context;
  const cache = createMemoryCache({ bytesMax: options['query.cache-size-max'], metrics });
  const results = (await openResultCache(context)) ?? cache;
  const memoryBytesMax = options['querier.memory-max'];
  const querier = createQuerier({ store, storeId: identity.id, cache, results, memoryBytesMax, clock, metrics });
  const server = await startQuerierServer({
    querier,
    host: options['querier.host'],
    port: options['querier.port'],
    ...(internalTls !== undefined && { tls: internalTls }),
    clock,
    logger,
    metrics,
    tracing,
  });
  logger.info('taking tasks', { port: server.port });
  return {
    async close() {
      await server.close(options['server.drain-timeout']);
      await results.close();
      await cache.close();
    },
  };
}
