/** Every role in one process: local profile log, in-process query cache, segment-writer, compactor and large queries on threads of their own. */
import { createMemoryCache } from '@flamelake/cache';
import { createQuerier } from '@flamelake/querier';
import { startBackground } from '../background/start-background.ts';
import { createQueryThread, SMALL_TASKS_SHARE } from '../background/start-query-thread.ts';
import { startDistributorRole } from './distributor-role.ts';
import { openLocalLog } from './local-log.ts';
import { startQueryRole } from './query-role.ts';
import type { Role, RoleContext } from './role.ts';

export async function startAllRoles(context: RoleContext): Promise<readonly Role[]> {
  const { options, store, identity, metrics, logger, onFatal } = context;
  const log = await openLocalLog(context);
  const background = await startBackground({ log, options, logger, onFatal });
  const cache = createMemoryCache({ bytesMax: options['query.cache-size-max'], metrics });
  // Without threads everything runs here.
  const hasThreads = options['workers.count'] > 0;
  const memoryBytesMax = Math.floor(options['querier.memory-max'] * (hasThreads ? SMALL_TASKS_SHARE : 1));
  const querier = createQuerier({ store, storeId: identity.id, cache, results: cache, memoryBytesMax, metrics });
  const thread = hasThreads ? createQueryThread(options, querier.execute) : undefined;
  const backgroundRole: Role = {
    trouble: background.trouble,
    otherMetrics: async () => [await background.metrics(), ...((await thread?.metrics()) ?? [])],
    async close() {
      await thread?.close();
      await background.close();
      await log.close();
      await cache.close();
    },
  };
  const distributorRole = await startDistributorRole(context, log);
  const scraperRole = options['scraper.config-file'] === '' ? [] : [await startScraper(context, distributorRole)];
  return [
    ...scraperRole,
    distributorRole,
    startQueryRole(context, thread?.execute ?? querier.execute, { log }),
    backgroundRole,
  ];
}

async function startScraper(context: RoleContext, { push }: Role): Promise<Role> {
  return (await import('./scraper-role.ts')).startScraperRole(context, push);
}
