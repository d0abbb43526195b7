/** What a role gets to start with and what it gives the process that runs it. One process runs one role, or all. */
import type { RequestListener } from 'node:http';
import type { StoreIdentity } from '@flamelake/catalog';
import type { Distributor } from '@flamelake/distributor';
import { ANONYMOUS_TENANT, type Clock, type ObjectStore, type Random } from '@flamelake/model';
import type { DataAction, PlainRoute, Queries } from '@flamelake/query-frontend';
import type { UnaryMethod } from '@flamelake/rpc';
import type { InternalTls } from '@flamelake/rpc/internal';
import type { Logger, Metrics, MetricsSnapshot, Tracing } from '@flamelake/runtime';
import type { ServeOptions } from '../options/serve-options.ts';
import type { TenantOptions } from '../overrides/watch-overrides.ts';
import type { OwnProfilePush } from '../server/own-profiles.ts';
import type { StartPatience } from '../server/start-patience.ts';

/** What a role that keeps nothing gets. */
export interface StorelessContext {
  readonly options: ServeOptions;
  /** Options of single tenants, as they are now. */
  readonly tenantOptions: TenantOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly patience: StartPatience;
  /** Certificates for calls between our services, when those are to be encrypted. */
  readonly internalTls: InternalTls | undefined;
  /** Called when the process must end: what was written may be lost, or a role has ended by itself. */
  readonly onFatal: (error: unknown) => void;
}

export interface OpenedStore {
  readonly store: ObjectStore;
  readonly identity: StoreIdentity;
}

export interface RoleContext extends StorelessContext, OpenedStore {}

export interface Role {
  /** RPCs it serves. */
  readonly methods?: readonly UnaryMethod[];
  /** Serves `/ingest`. */
  readonly ingest?: RequestListener;
  /** Queries over plain HTTP. */
  readonly routes?: readonly PlainRoute[];
  /** Deletes, pins. */
  readonly actions?: readonly DataAction[];
  /** Serves OTLP profiles over plain HTTP. */
  readonly otlp?: RequestListener;
  /** Answers queries, for the home page. */
  readonly queries?: Queries;
  /** Takes profiles in, in a process that does. */
  readonly push?: Distributor['push'];
  /** Takes profiles of this process in. */
  readonly pushOwn?: OwnProfilePush;
  /** What keeps it from its work, in words, if anything. */
  trouble?(): Promise<string | undefined>;
  /** Metrics it keeps in threads of its own. */
  otherMetrics?(): Promise<readonly MetricsSnapshot[]>;
  /** Finishes what is under way. Called when no request comes in any more, in the order of starting. */
  close(): Promise<void>;
}

/** Tenant of our own profiles where there are several: nobody else may see them. */
const OWN_TENANT = 'flamelake';

/** Tenant under which this server stores profiles of itself. */
export function ownTenant(options: ServeOptions): string {
  return options['multitenancy.enabled'] ? OWN_TENANT : ANONYMOUS_TENANT;
}
