/** All roles in one process: local profile log, a directory as object store, one port. */
import { createMemoryCache } from '@flamelake/cache';
import {
  createSnapshotSource,
  followChain,
  newestManifest,
  openStore,
  type PartitionRoot,
  sealCommitToken,
} from '@flamelake/catalog';
import { createDistributor, createIngestHandler, pushMethod } from '@flamelake/distributor';
import { ANONYMOUS_TENANT, type Clock, FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { probePutIfAbsent } from '@flamelake/object-store';
import { openFileLog } from '@flamelake/profile-log';
import { createQuerier } from '@flamelake/querier';
import { createQueryFrontend, QUERY_LIMITS_DEFAULT, querierMethods, serverMethods } from '@flamelake/query-frontend';
import { startServer } from '@flamelake/rpc';
import { createMetrics, type Logger, nodeFileSystem, observeProcess } from '@flamelake/runtime';
import { startBackground } from '../background/start-background.ts';
import { ingestLimits } from '../options/ingest-limits.ts';
import type { ServeOptions } from '../options/serve-options.ts';
import { homePage } from '../pages/home-page.ts';
import { createSelfProfiler } from '../self-profile/self-profiler.ts';
import { homeContent } from './home-content.ts';
import { createHttpApp } from './http-app.ts';
import { openObjectStore } from './open-object-store.ts';
import { ownProfilePush } from './own-profiles.ts';
import { createReadiness } from './readiness.ts';

export interface EmbeddedServer {
  readonly url: string;
  /** Answers what is in flight, cuts the last segment, closes log and store. */
  close(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly options: ServeOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Called when the process must end because the disk may have lost what was written. */
  readonly onFatal: (error: unknown) => void;
}

/** Time that requests in flight get at shutdown. */
const DRAIN_MS = 10_000;
/** Largest log record, 12 MiB: the segment made of it alone must stay below the 16 MiB of a put-if-absent. */
const RECORD_BYTES_MAX = 12_582_912;
/** Tenant of our own profiles where there are several: nobody else may see them. */
const OWN_TENANT = 'flamelake';

export async function startEmbeddedServer({
  options,
  clock,
  random,
  logger,
  onFatal,
}: EmbeddedOptions): Promise<EmbeddedServer> {
  const metrics = createMetrics();
  const stopObserving = observeProcess(metrics);
  const directory = options['data.directory'];
  const store = await openObjectStore({ options, clock, random, metrics });
  await probe(store, random, logger);
  const identity = await openStore(store, random);
  const log = await openFileLog({
    directory: `${directory}/log`,
    fileSystem: nodeFileSystem,
    clock,
    random,
    onFatal,
    minimumEnd: (logId) => chainEnd(store, { logId, partition: 0 }),
    logger,
    metrics,
    diskBytesMax: options['profile-log.size-max'],
    recordBytesMax: RECORD_BYTES_MAX,
  });
  const background = await startBackground({ log, options, logger, onFatal });

  const multitenancy = options['multitenancy.enabled'];
  const limits = ingestLimits(options);
  const distributor = createDistributor({
    log,
    clock,
    random,
    metrics,
    logger,
    sealCommit: (positions) => sealCommitToken(identity.keys, positions),
    limitsOf: () => limits,
    inFlightBytesMax: options['distributor.in-flight-size-max'],
    threadCount: options['workers.count'],
  });
  const cache = createMemoryCache({ bytesMax: options['query.cache-size-max'] });
  const querier = createQuerier({ store, storeId: identity.id, cache, metrics });
  const queryLimits = { ...QUERY_LIMITS_DEFAULT, queryBytesMax: options['query.read-size-max'] };
  const queries = createQueryFrontend({
    snapshots: createSnapshotSource({ store, clock }),
    keys: identity.keys,
    execute: querier.execute,
    limits: () => queryLimits,
    clock,
  });

  const ownTenant = multitenancy ? OWN_TENANT : ANONYMOUS_TENANT;
  const notReady = createReadiness({ directory, store, clock, random, trouble: background.trouble });
  const profiler = await createSelfProfiler(clock);
  const app = createHttpApp({
    ingest: createIngestHandler({ distributor, clock, logger, multitenancy }),
    notReady,
    metrics,
    otherMetrics: async () => [await background.metrics()],
    profiler,
    homePage: async (url) => homePage(await homeContent(queries, clock, ownTenant, url)),
    logger,
  });
  let isServing = true;
  const server = await startServer({
    host: options['server.host'],
    port: options['server.port'],
    methods: [pushMethod(distributor), ...querierMethods(queries), ...serverMethods(() => isServing)],
    http: app,
    multitenancy,
    clock,
    logger,
    metrics,
  });
  const ending = new AbortController();
  const selfProfiling = options['self-profiling.enabled']
    ? profiler.run(
        {
          intervalMs: options['self-profiling.interval'],
          push: ownProfilePush(distributor, ownTenant),
          onError: (error) => logger.failure('own profile is not stored', error),
        },
        ending.signal,
      )
    : Promise.resolve();

  return {
    url: `http://${shownHost(server.host)}:${server.port}`,
    async close() {
      isServing = false;
      ending.abort();
      await server.close(DRAIN_MS);
      await selfProfiling;
      await distributor.close();
      await background.close();
      profiler.close();
      await log.close();
      await cache.close();
      await store.close();
      stopObserving();
    },
  };
}

/** Refuses a store that breaks put-if-absent; a full disk is no reason not to serve what is stored. */
async function probe(store: ObjectStore, random: Random, logger: Logger): Promise<void> {
  try {
    await probePutIfAbsent(store, random);
  } catch (error) {
    if (!(error instanceof FlamelakeError && error.code === 'resource_exhausted')) throw error;
    logger.failure('object store is not probed', error);
  }
}

/** First offset that no segment of the chain covers. */
async function chainEnd(store: ObjectStore, root: PartitionRoot): Promise<number> {
  const { position } = await newestManifest(store, root);
  let end = position;
  for await (const segment of followChain(store, root, position)) end = segment.info.log.next;
  return end;
}

/** A host that a browser on this machine understands. */
function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
