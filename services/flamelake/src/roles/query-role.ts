/** Answers querier.v1: plans on snapshots of the store, has tasks executed, merges and draws. */
import { type CommitToken, createSnapshotSource } from '@flamelake/catalog';
import { FlamelakeError, type ProfileLog } from '@flamelake/model';
import {
  adHocMethods,
  createAdHocProfiles,
  createDrawAside,
  createQueryFrontend,
  createQueryMemory,
  createSettings,
  dataActions,
  type ExecuteTask,
  plainRoutes,
  type QueryLimits,
  querierMethods,
  settingsMethods,
  sweepAdHoc,
} from '@flamelake/query-frontend';
import { checkReadTogether } from '../options/federation.ts';
import { retentionOf, sizeLimitOf } from '../options/retention.ts';
import { SERVE_OPTIONS } from '../options/serve-options.ts';
import type { Role, RoleContext } from './role.ts';

/** Largest file whatever a tenant's option says. */
const AD_HOC_BYTES_MAX = SERVE_OPTIONS['ad-hoc.file-size-max'].max;

/**
 * @param execute - runs a task, in this process or in another
 * @param tasksInFlight - tasks of one query that run at the same time
 * @param log - the profile log, where this process has it
 */
export function startQueryRole(
  { options, tenantOptions, store, clock, random, identity, logger, metrics }: RoleContext,
  execute: ExecuteTask,
  { tasksInFlight, log }: { readonly tasksInFlight?: number; readonly log?: ProfileLog } = {},
): Role {
  const snapshots = createSnapshotSource({ store, clock });
  const limits = (tenant: string): QueryLimits => {
    const own = tenantOptions.of(tenant);
    return {
      queryBytesMax: own['query.read-size-max'],
      timeoutMs: own['query.timeout'],
      rangeMsMax: own['query.range-max'],
      lookbackMsMax: own['query.lookback-max'],
      nodesDefault: Math.min(own['query.nodes-default'], own['query.nodes-max']),
      nodesMax: own['query.nodes-max'],
    };
  };
  const expireBefore = retentionOf(tenantOptions, clock);
  const adHoc = createAdHocProfiles({
    store,
    random,
    clock,
    draw: createDrawAside(),
    limits: (tenant) => {
      const own = tenantOptions.of(tenant);
      const { nodesDefault, nodesMax } = limits(tenant);
      const [filesMax, fileBytesMax] = [own['ad-hoc.files-max'], own['ad-hoc.file-size-max']];
      return { filesMax, fileBytesMax, expireBeforeMs: expireBefore(tenant), nodesDefault, nodesMax };
    },
  });
  const closing = new AbortController();
  const sweeping = sweepAdHoc({ store, files: adHoc, clock, random, logger, metrics }, closing.signal);
  const queries = createQueryFrontend({
    snapshots,
    keys: identity.keys,
    execute,
    ...(tasksInFlight === undefined ? {} : { tasksInFlight }),
    limits,
    checkTenants(tenants) {
      checkTenantCount(tenants, options['multitenancy.tenants-per-query-max']);
      checkReadTogether(tenants, (tenant) => tenantOptions.of(tenant)['query.federation']);
    },
    expireBefore,
    clock,
    memory: createQueryMemory({ bytesMax: options['query-frontend.memory-max'], metrics }),
  });
  return {
    methods: [
      ...querierMethods(queries),
      ...settingsMethods(createSettings({ store, random, clock })),
      ...adHocMethods(adHoc, AD_HOC_BYTES_MAX),
    ],
    routes: plainRoutes(queries, clock),
    actions: dataActions({
      store,
      clock,
      random,
      snapshots,
      keys: identity.keys,
      expireBefore,
      sizeLimit: sizeLimitOf(tenantOptions),
      uploads: adHoc,
      ...(log && { logEnd: () => endOf(log) }),
    }),
    queries,
    async close() {
      closing.abort();
      await sweeping;
    },
  };
}

function checkTenantCount(tenants: readonly string[], limit: number): void {
  if (tenants.length <= limit) return;
  const option = 'multitenancy.tenants-per-query-max';
  throw new FlamelakeError('invalid_argument', 'query names too many tenants', {
    tenants: tenants.length,
    limit,
    option,
  });
}

/** A token of everything that is in the log. */
async function endOf(log: ProfileLog): Promise<CommitToken> {
  const offsets = new Map<number, number>();
  for (let partition = 0; partition < log.partitionCount; partition++) {
    const { end } = await log.bounds(partition);
    if (end > 0) offsets.set(partition, end - 1);
  }
  return { logId: log.id, offsets };
}
