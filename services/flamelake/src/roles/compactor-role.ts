/** Folds, merges and sweeps, its own partitions first where there are several compactors. */
import { createCompactor, createPartitionTurns, type PartitionTurns } from '@flamelake/compactor';
import { compactorSettings } from '../options/compactor-settings.ts';
import type { ServeOptions } from '../options/serve-options.ts';
import { findOwnAddress, ownHosts } from './own-address.ts';
import type { Role, RoleContext } from './role.ts';

/** Time between look-ups of the peers. */
const LOOKUP_INTERVAL_MS = 5_000;

export async function startCompactorRole(context: RoleContext): Promise<Role> {
  const { options, tenantOptions, store, clock, random, logger, metrics } = context;
  const foldIntervalMs = options['compactor.fold-interval'];
  const hasPeers = options['compactor.peers'] !== '';
  const turns = hasPeers ? createPartitionTurns({ store, clock, metrics, foldIntervalMs }) : undefined;
  const watch = turns === undefined ? undefined : await watchPeers(context, turns);
  const compactor = createCompactor({
    store,
    clock,
    random,
    logger,
    metrics,
    ...compactorSettings(options, tenantOptions, clock),
    ...(turns !== undefined && { turns }),
  });
  const ending = new AbortController();
  const running = compactor.run(ending.signal);
  return {
    async close() {
      await watch?.close();
      ending.abort();
      await running;
    },
  };
}

/** @throws {FlamelakeError} `invalid_argument` on peers that cannot be read */
async function watchPeers(
  { options, clock, logger }: RoleContext,
  turns: PartitionTurns,
): Promise<{ close(): Promise<void> }> {
  const { parseAddressSource, watchAddresses } = await import('@flamelake/rpc/internal');
  return watchAddresses(parseAddressSource(options['compactor.peers']), {
    clock,
    intervalMs: LOOKUP_INTERVAL_MS,
    onChange(addresses) {
      const own = ownAddress(options, addresses);
      turns.update(addresses, own);
      if (own !== undefined) return logger.info('compactors share the partitions', { addresses, own });
      logger.warn('own address is not among the compactors: all partitions are worked on; set compactor.address', {
        addresses,
      });
    },
    onFailure: (error) => logger.failure('compactors cannot be looked up', error),
  });
}

function ownAddress(options: ServeOptions, addresses: readonly string[]): string | undefined {
  return options['compactor.address'] || findOwnAddress(addresses, ownHosts());
}
