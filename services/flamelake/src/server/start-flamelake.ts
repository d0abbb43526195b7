/** Starts the process: store, roles, one port, profiles of itself; and ends it in order. */
import { openStore } from '@flamelake/catalog';
import { type Clock, FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { probePutIfAbsent } from '@flamelake/object-store';
import { serverMethods } from '@flamelake/query-frontend';
import { startServer } from '@flamelake/rpc';
import { createMetrics, type Logger, observeProcess } from '@flamelake/runtime';
import manifest from '../../package.json' with { type: 'json' };
import { startCanary } from '../canary/start-canary.ts';
import { bodyLimits } from '../options/ingest-limits.ts';
import type { ServeOptions } from '../options/serve-options.ts';
import { watchOverrides } from '../overrides/watch-overrides.ts';
import { homePage } from '../pages/home-page.ts';
import { ownTenant, type Role } from '../roles/role.ts';
import { startRoles } from '../roles/start-roles.ts';
import { createSelfProfiler, type SelfProfiler } from '../self-profile/self-profiler.ts';
import { answerStarting } from './answer-starting.ts';
import { homeContent } from './home-content.ts';
import { createHttpApp } from './http-app.ts';
import { openCertificates } from './open-certificates.ts';
import { openObjectStore } from './open-object-store.ts';
import { openTracing } from './open-tracing.ts';
import { createReadiness } from './readiness.ts';
import { serveMcp } from './serve-mcp.ts';
import { createStartPatience } from './start-patience.ts';
import { serveStatus } from './status-routes.ts';

export interface RunningFlamelake {
  readonly url: string;
  /** Says that it is not ready, serves on for the drain delay, answers what is in flight, then ends the roles: the last segment is cut, log and store are closed. */
  close(): Promise<void>;
}

export interface StartOptions {
  readonly options: ServeOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Called when the process must end because what was written may be lost. */
  readonly onFatal: (error: unknown) => void;
  /** Ends waiting for what does not answer yet. */
  readonly signal?: AbortSignal;
}

/**
 * Listens at once, and says why it is not ready until it is.
 * @throws {FlamelakeError} on what is refused for good, or does not answer within `server.start-timeout`
 */
export async function startFlamelake(start: StartOptions): Promise<RunningFlamelake> {
  const owned = new AsyncDisposableStack();
  try {
    return await startOwning(owned, start);
  } catch (error) {
    await owned.disposeAsync();
    throw error;
  }
}

/** @param owned - what it opens, to be closed the other way round */
async function startOwning(
  owned: AsyncDisposableStack,
  { options, clock, random, logger, onFatal, signal }: StartOptions,
): Promise<RunningFlamelake> {
  const metrics = createMetrics();
  owned.defer(observeProcess(metrics));
  metrics
    .gauge({ name: 'build_info', help: 'Always 1; the labels say what runs.', labels: ['version', 'target', 'node'] })
    .set(1, { version: manifest.version, target: options.target, node: process.version });
  const tracing = await openTracing(options, manifest.version);
  owned.defer(() => tracing.close().catch((error: unknown) => logger.failure('last spans could not be sent', error)));
  const certificates = await openCertificates({ options, clock, logger, metrics });
  owned.defer(certificates.close);
  const patience = createStartPatience({
    clock,
    random,
    logger,
    timeoutMs: options['server.start-timeout'],
    ...(signal !== undefined && { signal }),
  });
  const server = await startServer({
    host: options['server.host'],
    port: options['server.port'],
    ...(certificates.server !== undefined && { tls: certificates.server }),
    http: answerStarting(patience.waiting),
    multitenancy: options['multitenancy.enabled'],
    limits: bodyLimits(options),
    clock,
    logger,
    metrics,
    tracing,
  }).catch((cause: unknown) => {
    throw cannotListen(options, cause);
  });
  // Once closed it stays so.
  owned.defer(() => server.close(0));
  const url = `${certificates.server === undefined ? 'http' : 'https'}://${shownHost(server.host)}:${server.port}`;
  logger.info('starting', { url, target: options.target });
  const profiler = await createSelfProfiler(clock);
  owned.defer(profiler.close);
  const tenantOptions = await watchOverrides({ options, clock, logger, metrics });
  owned.defer(tenantOptions.close);
  let store: ObjectStore | undefined;
  const openOwnStore = async () => {
    const opened = await openObjectStore({ options, clock, random, metrics, tracing });
    owned.defer(opened.close);
    store = opened;
    const identity = await patience.until('object store', async () => {
      await probe(opened, random, logger);
      return openStore(opened, random);
    });
    return { store: opened, identity };
  };
  const internalTls = certificates.internal;
  const surroundings = { options, tenantOptions, clock, random, logger, metrics, internalTls, tracing, patience };
  const roles = await startRoles({ ...surroundings, onFatal }, openOwnStore);
  owned.defer(async () => {
    for (const role of roles) await role.close();
  });
  const queries = roles.find((role) => role.queries !== undefined)?.queries;
  let isServing = true;
  const app = createHttpApp({
    ingest: roles.find((role) => role.ingest !== undefined)?.ingest,
    routes: roles.flatMap((role) => role.routes ?? []),
    actions: roles.flatMap((role) => role.actions ?? []),
    adminToken: options['admin.token'],
    multitenancy: options['multitenancy.enabled'],
    otlp: roles.find((role) => role.otlp !== undefined)?.otlp,
    notReady: createReadiness({
      directory: localDirectory(options),
      // Distributors go on while the bucket is away: what they take is in the log.
      store: options.target === 'distributor' ? undefined : store,
      clock,
      random,
      trouble: () => firstTrouble(roles),
      isDraining: () => !isServing,
    }),
    more: [
      (http) => serveStatus(http, { options, tenantOptions, version: manifest.version }),
      (http) => {
        if (queries === undefined || !options['mcp.enabled']) return;
        const multitenancy = options['multitenancy.enabled'];
        serveMcp(http, { queries, clock, logger, version: manifest.version, multitenancy });
      },
    ],
    metrics,
    otherMetrics: async () =>
      (await Promise.all(roles.map(async (role) => (await role.otherMetrics?.()) ?? []))).flat(),
    clock,
    profiler,
    tracing,
    homePage:
      queries &&
      (async (url) =>
        homePage({
          ...(await homeContent(queries, clock, ownTenant(options), url)),
          selfProfiling: options['self-profiling.enabled'],
          multitenancy: options['multitenancy.enabled'],
        })),
    logger,
  });
  const methods = [...roles.flatMap((role) => role.methods ?? []), ...serverMethods(() => isServing)];
  server.serve({ methods, http: app });
  const ending = new AbortController();
  const canary = startCanary({ options, roles, clock, random, logger, metrics }, ending.signal);
  const selfProfiling = profileSelf(profiler, roles, options, logger, ending.signal);
  return {
    url,
    async close() {
      isServing = false;
      ending.abort();
      // Load balancers are told first, and get time to hear it.
      await clock.sleep(options['server.drain-delay']);
      await server.close(options['server.drain-timeout']);
      await Promise.all([selfProfiling, canary]);
      await owned.disposeAsync();
    },
  };
}

function cannotListen(options: ServeOptions, cause: unknown): FlamelakeError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const details = { 'server.host': options['server.host'], 'server.port': options['server.port'], reason };
  const message = reason === 'EADDRINUSE' ? 'another process listens on the port' : 'address cannot be listened on';
  return new FlamelakeError('failed_precondition', message, details, { cause });
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

/** Where this process keeps things on disk; undefined when it keeps none. */
function localDirectory(options: ServeOptions): string | undefined {
  return options.target === 'all' ? options['data.directory'] : undefined;
}

async function firstTrouble(roles: readonly Role[]): Promise<string | undefined> {
  for (const role of roles) {
    const trouble = await role.trouble?.();
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

function profileSelf(
  profiler: SelfProfiler,
  roles: readonly Role[],
  options: ServeOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const push = roles.find((role) => role.pushOwn !== undefined)?.pushOwn;
  if (push === undefined || !options['self-profiling.enabled']) return Promise.resolve();
  const onError = (error: unknown): void => logger.failure('own profile is not stored', error);
  return profiler.run({ intervalMs: options['self-profiling.interval'], push, onError }, signal);
}

/** A host that a browser on this machine understands. */
function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
