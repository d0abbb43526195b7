/** How many distributors there are, by the addresses a list, a DNS name or a file has: what the tenants' rates are divided by. */
import type { RoleContext } from './role.ts';

/** Time between look-ups. */
const LOOKUP_INTERVAL_MS = 5_000;

export interface DistributorCount {
  now(): number;
  close(): Promise<void>;
}

/** Without `distributor.peers` there is one. @throws {FlamelakeError} `invalid_argument` on addresses that cannot be read */
export async function countDistributors({
  options,
  clock,
  logger,
  metrics,
}: Pick<RoleContext, 'options' | 'clock' | 'logger' | 'metrics'>): Promise<DistributorCount> {
  const peers = options['distributor.peers'];
  if (peers === '') return { now: () => 1, close: () => Promise.resolve() };
  let count = 1;
  metrics.gauge({ name: 'distributor_peers', help: 'Distributors that share the ingestion rates.' }, () => count);
  const { parseAddressSource, watchAddresses } = await import('@flamelake/rpc/internal');
  const watch = watchAddresses(parseAddressSource(peers), {
    clock,
    intervalMs: LOOKUP_INTERVAL_MS,
    onChange(addresses) {
      count = addresses.length;
      logger.info('distributors share the ingestion rates', { distributors: count });
    },
    onFailure: (error) => logger.failure('distributors cannot be looked up', error),
  });
  return { now: () => count, close: () => watch.close() };
}
