/** Takes profiles in: push.v1, `/ingest` and OTLP, onto a profile log. */
import { sealCommitToken } from '@flamelake/catalog';
import {
  createDistributor,
  createIngestHandler,
  createOtlpHandler,
  otlpMethod,
  pushMethod,
} from '@flamelake/distributor';
import type { ProfileLog } from '@flamelake/model';
import { bodyLimits, ingestLimits } from '../options/ingest-limits.ts';
import { watchPlacement } from '../placement/watch-placement.ts';
import { ownProfilePush } from '../server/own-profiles.ts';
import { countDistributors } from './count-distributors.ts';
import { ownTenant, type Role, type RoleContext } from './role.ts';

export async function startDistributorRole(context: RoleContext, log: ProfileLog): Promise<Role> {
  const { options, tenantOptions, clock, random, logger, metrics, identity, tracing } = context;
  const placement = await watchPlacement({ options, partitionCount: log.partitionCount, clock, logger, metrics });
  const distributors = await countDistributors(context);
  const distributor = createDistributor({
    log,
    clock,
    random,
    metrics,
    logger,
    sealCommit: (positions) => sealCommitToken(identity.keys, positions),
    limitsOf: (tenant) => ingestLimits(tenantOptions.of(tenant)),
    bodyLimitsOf: (tenant) => bodyLimits(tenantOptions.of(tenant)),
    placement: placement.table,
    distributorCount: distributors.now,
    inFlightBytesMax: options['distributor.in-flight-size-max'],
    threadCount: options['workers.count'],
    metricTenantsMax: options['metrics.tenants-max'],
    tracing,
  });
  return {
    methods: [pushMethod(distributor), otlpMethod(distributor)],
    ingest: createIngestHandler({
      distributor,
      clock,
      logger,
      multitenancy: options['multitenancy.enabled'],
      limits: bodyLimits(options),
    }),
    push: distributor.push,
    otlp: createOtlpHandler({
      distributor,
      logger,
      multitenancy: options['multitenancy.enabled'],
      limits: bodyLimits(options),
    }),
    pushOwn: ownProfilePush(distributor, ownTenant(options)),
    async close() {
      await distributor.close();
      await placement.close();
      await distributors.close();
    },
  };
}
