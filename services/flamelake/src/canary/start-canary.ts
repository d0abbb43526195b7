/** Which canary a process runs: all roles in one push to themselves; a query-frontend pushes to a distributor that an option names. */
import { ANONYMOUS_TENANT, type Clock, FlamelakeError, type Random } from '@flamelake/model';
import type { Queries } from '@flamelake/query-frontend';
import { HEADER } from '@flamelake/rpc';
import type { Logger, Metrics } from '@flamelake/runtime';
import { createConnectClient } from '../client/connect-client.ts';
import type { ServeOptions } from '../options/serve-options.ts';
import type { Role } from '../roles/role.ts';
import { CANARY_TENANT, type CanaryEnds, runCanary } from './canary.ts';

export interface StartCanaryOptions {
  readonly options: ServeOptions;
  readonly roles: readonly Role[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Resolves when the canary has ended; at once in a process that runs none. */
export function startCanary({ options, roles, ...ports }: StartCanaryOptions, signal: AbortSignal): Promise<void> {
  const queries = roles.find((role) => role.queries !== undefined)?.queries;
  if (!options['canary.enabled'] || queries === undefined) return Promise.resolve();
  const push = roles.find((role) => role.push !== undefined)?.push;
  const url = options['canary.push-url'];
  let ends: CanaryEnds;
  if (push !== undefined) {
    ends = {
      push: async (labels, rawProfile) => {
        const { commitToken } = await push(CANARY_TENANT, [{ labels, samples: [{ rawProfile, id: '' }] }]);
        return tokenOf(commitToken);
      },
      total: totalOf(queries, CANARY_TENANT, signal),
    };
  } else if (url === '') return Promise.resolve();
  else {
    // Where nobody is told apart, a distributor takes everything for the one tenant there is.
    const tenant = options['multitenancy.enabled'] ? CANARY_TENANT : ANONYMOUS_TENANT;
    ends = { push: pushTo(url, tenant), total: totalOf(queries, tenant, signal) };
  }
  return runCanary({ ends, intervalMs: options['canary.interval'], ...ports }, signal);
}

function totalOf(queries: Queries, tenant: string, signal: AbortSignal): CanaryEnds['total'] {
  return async ({ timeMs, commitToken, profileTypeId, labelSelector }) => {
    const range = { startMs: timeMs, endMs: timeMs };
    const query = { ...range, profileTypeId, labelSelector, maxNodes: undefined };
    const { total } = await queries.flamegraph({ tenant, signal, commitToken }, query);
    return total;
  };
}

/** @throws {FlamelakeError} `invalid_argument` for what is no URL */
export function pushTo(url: string, tenant: string): CanaryEnds['push'] {
  const client = createConnectClient(url, tenant);
  return async (labels, rawProfile) => {
    const series = { labels, samples: [{ rawProfile: Buffer.from(rawProfile).toString('base64') }] };
    const { headers } = await client.ask('push.v1.PusherService/Push', { series: [series] });
    return tokenOf(headers.get(HEADER.commit) ?? undefined);
  };
}

function tokenOf(commitToken: string | undefined): string {
  if (commitToken !== undefined) return commitToken;
  throw new FlamelakeError('internal', 'push of a canary was answered without a commit token');
}
