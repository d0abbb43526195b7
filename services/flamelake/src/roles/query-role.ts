/** Answers querier.v1: plans on snapshots of the store, has tasks executed, merges and draws. */
import { createSnapshotSource } from '@flamelake/catalog';
import { FlamelakeError } from '@flamelake/model';
import {
  adHocMethods,
  createAdHocProfiles,
  createDrawAside,
  createQueryFrontend,
  createSettings,
  dataActions,
  type ExecuteTask,
  plainRoutes,
  QUERY_LIMITS_DEFAULT,
  querierMethods,
  settingsMethods,
} from '@flamelake/query-frontend';
import { retentionOf } from '../options/retention.ts';
import { SERVE_OPTIONS } from '../options/serve-options.ts';
import type { Role, RoleContext } from './role.ts';

/** Largest file whatever a tenant's option says. */
const AD_HOC_BYTES_MAX = SERVE_OPTIONS['ad-hoc.file-size-max'].max;

/**
 * @param execute - runs a task, in this process or in another
 * @param tasksInFlight - tasks of one query that run at the same time
 */
export function startQueryRole(
  { options, tenantOptions, store, clock, random, identity }: RoleContext,
  execute: ExecuteTask,
  tasksInFlight?: number,
): Role {
  const limits = (tenant: string) => {
    const own = tenantOptions.of(tenant);
    return {
      ...QUERY_LIMITS_DEFAULT,
      queryBytesMax: own['query.read-size-max'],
      timeoutMs: own['query.timeout'],
      rangeMsMax: own['query.range-max'],
      lookbackMsMax: own['query.lookback-max'],
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
  const queries = createQueryFrontend({
    snapshots: createSnapshotSource({ store, clock }),
    keys: identity.keys,
    execute,
    ...(tasksInFlight === undefined ? {} : { tasksInFlight }),
    limits,
    checkTenants: (tenants) => checkTenants(tenants, options['multitenancy.tenants-per-query-max']),
    expireBefore,
    clock,
  });
  return {
    methods: [
      ...querierMethods(queries),
      ...settingsMethods(createSettings({ store, random, clock })),
      ...adHocMethods(adHoc, AD_HOC_BYTES_MAX),
    ],
    routes: plainRoutes(queries, clock),
    actions: dataActions({ store, clock, random }),
    queries,
    close: () => Promise.resolve(),
  };
}

function checkTenants(tenants: readonly string[], limit: number): void {
  if (tenants.length <= limit) return;
  const option = 'multitenancy.tenants-per-query-max';
  throw new FlamelakeError('invalid_argument', 'query names too many tenants', {
    tenants: tenants.length,
    limit,
    option,
  });
}
