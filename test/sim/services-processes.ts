/**
 * The services' own code as processes of a simulation, over a simulated Kafka, S3 and Redis: distributors, segment-writers, compactors, and
 * query-frontends over queriers of their own.
 */
import { createSealedCache } from '@flamelake/cache';
import {
  type CatalogLimits,
  createSnapshotSource,
  identityWindowMs,
  limitCatalog,
  type MergeRules,
  type StoreKeys,
  sealCommitToken,
} from '@flamelake/catalog';
import { createCompactor, createPartitionTurns } from '@flamelake/compactor';
import { createDistributor, type PlacementTable } from '@flamelake/distributor';
import { createQuerier } from '@flamelake/querier';
import { createQueryFrontend, dataActions, QUERY_LIMITS_DEFAULT, type Queries } from '@flamelake/query-frontend';
import { createLogger, createMetrics } from '@flamelake/runtime';
import { createSegmentWriter, type SegmentWriter } from '@flamelake/segment-writer';
import {
  createSimulatedCache,
  createSimulatedLog,
  createSimulatedStore,
  NO_STORE_FAULTS,
  type SimulatedCache,
  type SimulatedProcess,
  type Simulation,
  type SimulationOptions,
} from '@flamelake/testkit';

export const TENANT = 'anonymous';
const PARTITIONS = 2;
const ADDRESSES = ['compactor-0:4040', 'compactor-1:4040'];
const HOUR_MS = 3_600_000;
/** Larger values are compressed on threads, whose turn no seed decides. */
const CACHED_BYTES_MAX = 500;

export interface ServicesOptions extends SimulationOptions {
  /** Which installation: id and keys of its store. */
  readonly installation?: { readonly id: string; readonly key: number };
  /** Shared with another installation. */
  readonly redis?: SimulatedCache;
  readonly isSealed?: boolean;
  /** What every profile's value is multiplied by. */
  readonly factor?: bigint;
  /** The table of all distributors; one partition a service by default. */
  readonly placement?: () => PlacementTable;
  /** Profiles older than this expire, ms. */
  readonly retentionMs?: number;
  /** Most bytes of blocks that the tenant may hold; beyond, its oldest hours expire. */
  readonly sizeLimitBytes?: number;
  /** What differs from the compactor's own rules. */
  readonly mergeRules?: Partial<MergeRules>;
  /** When the catalog writes index pages. */
  readonly catalog?: Partial<CatalogLimits>;
}

/** A query-frontend over a querier of its own. */
export interface Reader {
  readonly process: SimulatedProcess;
  readonly queries: Queries;
  /** Asks for a delete or pin once, over plain HTTP's paths. */
  change(kind: 'delete' | 'pin', message: Readonly<Record<string, unknown>>): Promise<void>;
}

export type ServicesProcesses = ReturnType<typeof createServicesProcesses>;

export function createServicesProcesses(simulation: Simulation, options: ServicesOptions) {
  const { installation = { id: 'one', key: 1 }, isSealed = true } = options;
  const keys: StoreKeys = {
    seal: new Uint8Array(32).fill(installation.key),
    hmac: new Uint8Array(32).fill(installation.key),
  };
  const placement = options.placement === undefined ? {} : { placement: options.placement };
  const store = createSimulatedStore(simulation, NO_STORE_FAULTS);
  const log = createSimulatedLog(simulation, { partitionCount: PARTITIONS });
  const redis = options.redis ?? createSimulatedCache(simulation);
  const logger = createLogger({ level: 'silent' });
  let processes = 0;

  function parts(role: string) {
    const process = simulation.process(`${role} ${++processes}`);
    const { clock, random } = process;
    const metrics = createMetrics();
    const view = store.view(process);
    limitCatalog(view, options.catalog ?? {});
    const { retentionMs = Number.POSITIVE_INFINITY } = options;
    const expireBefore = () => clock.nowMs() - retentionMs;
    return { process, ports: { store: view, clock, random, logger, metrics }, expireBefore };
  }

  function startDistributor() {
    const { process, ports } = parts('distributor');
    const sealCommit = (positions: Parameters<typeof sealCommitToken>[1]) => sealCommitToken(keys, positions);
    return { process, distributor: createDistributor({ ...ports, log: log.view(process), sealCommit, ...placement }) };
  }

  /** One that has all partitions, or one that only adopts. */
  function startWriter(partitions?: readonly number[]): { process: SimulatedProcess; writer: SegmentWriter } {
    const { process, ports } = parts('segment-writer');
    const writer = createSegmentWriter({
      ...ports,
      log: log.view(process),
      flushIntervalMs: 200,
      adoptAfterMs: 10_000,
      ...(partitions !== undefined && { partitions }),
    });
    process.spawn(() => writer.run(new AbortController().signal));
    return { process, writer };
  }

  function startCompactor(number: number, keepMs = 600_000) {
    const { process, ports, expireBefore } = parts('compactor');
    const foldIntervalMs = 5_000;
    const turns = createPartitionTurns({ ...ports, foldIntervalMs });
    turns.update(ADDRESSES, ADDRESSES[number]);
    const retention = {
      expireBefore,
      latestExpiry: expireBefore,
      identityWindowMs: identityWindowMs({ ingestionWindowMs: HOUR_MS }),
      rewriteAfterMs: 10_000,
    };
    const { retentionMs, sizeLimitBytes, mergeRules } = options;
    const compactor = createCompactor({
      ...ports,
      turns,
      foldIntervalMs,
      foldSegments: 4,
      keepMs,
      ...((retentionMs !== undefined || sizeLimitBytes !== undefined) && { retention }),
      ...(sizeLimitBytes !== undefined && { sizeLimit: () => sizeLimitBytes }),
      ...(mergeRules !== undefined && { mergeRules }),
    });
    process.spawn(() => compactor.run(new AbortController().signal));
    return { process };
  }

  function startReader(): Reader {
    const { process, ports, expireBefore } = parts('query-frontend');
    const { clock, metrics } = ports;
    const cache = redis.view(process);
    const results = isSealed ? createSealedCache(cache, { key: keys.hmac, valueBytesMax: CACHED_BYTES_MAX }) : cache;
    const querier = createQuerier({ store: ports.store, storeId: installation.id, results, clock, metrics });
    const snapshots = createSnapshotSource({ store: ports.store, clock });
    const limits = () => QUERY_LIMITS_DEFAULT;
    const actions = dataActions({ ...ports, snapshots, keys, expireBefore });
    const { execute } = querier;
    return {
      process,
      queries: createQueryFrontend({ snapshots, keys, execute, limits, expireBefore, clock }),
      async change(kind, message) {
        const action = actions.find(({ path }) => path === `/api/v1/${kind}`);
        if (action === undefined) throw new RangeError(`no action ${kind}`);
        await action.run(TENANT, message, new AbortController().signal);
      },
    };
  }

  return { store, log, redis, startDistributor, startWriter, startCompactor, startReader };
}
