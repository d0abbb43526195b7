/** Every role in one process: local profile log, in-process query cache, segment-writer and compactor on a thread of their own. */
import { createMemoryCache } from '@flamelake/cache';
import { createQuerier } from '@flamelake/querier';
import { startBackground } from '../background/start-background.ts';
import { startDistributorRole } from './distributor-role.ts';
import { openLocalLog } from './local-log.ts';
import { startQueryRole } from './query-role.ts';
import type { Role, RoleContext } from './role.ts';

export async function startAllRoles(context: RoleContext): Promise<readonly Role[]> {
  const { options, store, identity, metrics, logger, onFatal } = context;
  const log = await openLocalLog(context);
  const background = await startBackground({ log, options, logger, onFatal });
  const cache = createMemoryCache({ bytesMax: options['query.cache-size-max'], metrics });
  const querier = createQuerier({ store, storeId: identity.id, cache, results: cache, metrics });
  const backgroundRole: Role = {
    trouble: background.trouble,
    otherMetrics: background.metrics,
    async close() {
      await background.close();
      await log.close();
      await cache.close();
    },
  };
  return [startDistributorRole(context, log), startQueryRole(context, querier.execute), backgroundRole];
}
