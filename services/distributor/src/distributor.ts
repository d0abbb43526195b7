/**
 * The distributor: takes profiles in, and answers when the profile log has them.
 *
 * Steps, one file each: inflate within a budget, rate limit, decode, ingestion window, normalise, name, relabel, split by
 * sample labels, label validation, identity (prepare-profile.ts); placement; batching into log records; append.
 */
import { encodeLogRecord } from '@flamelake/formats';
import { type Clock, CODE_MEANINGS, FlamelakeError, type ProfileLog, type Random } from '@flamelake/model';
import type { BodyLimits, PushSeries } from '@flamelake/rpc';
import { type Logger, type Metrics, noTracing, type Tracing } from '@flamelake/runtime';
import { type ByteBudget, createByteBudget } from './byte-budget.ts';
import { createDistributorMetrics } from './distributor-metrics.ts';
import type { IncomingProfile } from './incoming-profile.ts';
import { ingestProfile } from './ingest/ingest-profile.ts';
import type { IngestRequest } from './ingest/ingest-request.ts';
import { DEFAULT_INGEST_LIMITS, type IngestLimits } from './limits.ts';
import { type OtlpRequestBody, receiveOtlp } from './otlp/receive-otlp.ts';
import { defaultPlacement, type PlacementTable } from './placement.ts';
import { createRunawayLabels } from './policies/runaway-labels.ts';
import { createPrepareThreads } from './prepare-threads.ts';
import { pushProfiles } from './push-profiles.ts';
import { createRateLimit } from './rate-limit.ts';
import { type ReceiveSurroundings, receiveProfile } from './receive-profile.ts';
import { createRecordBatcher } from './record-batcher.ts';
import { discardReason } from './refusal.ts';
import { createServiceRates } from './service-rates.ts';
import { createTurns } from './turns.ts';

/** Where acknowledged profiles went: what a commit token seals. */
export interface CommitPositions {
  readonly logId: string;
  /** Last offset by partition. */
  readonly offsets: ReadonlyMap<number, number>;
}

export interface Receipt {
  /** Sealed read-your-writes token; undefined when nothing was stored. */
  readonly commitToken: string | undefined;
}

/** Some profiles of an OTLP request may be refused beside others that are stored. */
export interface OtlpReceipt extends Receipt {
  readonly rejectedProfiles: number;
  /** '' when none is refused. */
  readonly message: string;
}

export interface DistributorOptions {
  readonly log: ProfileLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly sealCommit: (positions: CommitPositions) => string;
  /** Limits of a tenant; the defaults for everybody unless given. */
  readonly limitsOf?: (tenant: string) => IngestLimits;
  /** Limits of a tenant's request bodies; those of the server unless given. */
  readonly bodyLimitsOf?: (tenant: string) => BodyLimits;
  /** The table as it is now, checked; one partition a service unless given. */
  readonly placement?: () => PlacementTable;
  /** Distributors now, this one included, which share the tenants' rates; 1 unless given. */
  readonly distributorCount?: () => number;
  /** Bytes of profiles read, decoded or written at once; 512 MiB unless given. */
  readonly inFlightBytesMax?: number;
  /** Threads for large profiles, started when first needed; none unless given: everything is decoded on this thread. */
  readonly threadCount?: number;
  /** Tenants that metrics tell apart; 1,000 unless given. */
  readonly metricTenantsMax?: number;
  /** None by default. */
  readonly tracing?: Tracing;
}

export interface Distributor {
  /**
   * Stores the profiles of a push; each series and sample stands alone, so that one bad one does not keep the others out.
   * @throws {FlamelakeError} when any profile was not stored: the first failure, one worth a retry before others
   */
  push(tenant: string, series: readonly PushSeries[]): Promise<Receipt>;
  /** Stores the profile of a request to `/ingest`. */
  ingest(tenant: string, request: IngestRequest): Promise<Receipt>;
  /** Stores the profiles of an OTLP request. */
  otlp(tenant: string, request: OtlpRequestBody): Promise<OtlpReceipt>;
  /** Bytes in flight, for whoever reads request bodies. */
  readonly budget: ByteBudget;
  /** Limits of a tenant's request bodies; those of the server where there are none. */
  readonly bodyLimitsOf?: (tenant: string) => BodyLimits;
  /** Refuses further profiles and waits for those under way. */
  close(): Promise<void>;
}

const IN_FLIGHT_BYTES_MAX = 536_870_912;
const METRIC_TENANTS_MAX = 1_000;
/** How long profiles may hold the event loop, those of all requests together. */
const TURN_MS = 10;

export function createDistributor(options: DistributorOptions): Distributor {
  const { log, clock, random, logger, sealCommit, tracing = noTracing } = options;
  const onePartition = defaultPlacement(log.partitionCount);
  const { placement = () => onePartition } = options;
  const budget = createByteBudget(options.inFlightBytesMax ?? IN_FLIGHT_BYTES_MAX);
  const metrics = createDistributorMetrics(
    options.metrics,
    () => budget.inUse,
    options.metricTenantsMax ?? METRIC_TENANTS_MAX,
  );
  const batcher = createRecordBatcher({
    log,
    encode: encodeLogRecord,
    observe: (profiles, bytes) => metrics.record(profiles, bytes),
    traceparent: () => tracing.current()?.traceparent,
  });
  const runawayLabels = createRunawayLabels({ clock, metrics: options.metrics, logger });
  const ownLimitsOf = options.limitsOf ?? (() => DEFAULT_INGEST_LIMITS);
  const limitsOf = (tenant: string): IngestLimits => {
    const limits = ownLimitsOf(tenant);
    const demotedLabels = runawayLabels.demotedOf(tenant);
    const isAny = limits.labelValuesMax > 0 && Object.keys(demotedLabels).length > 0;
    return isAny ? { ...limits, demotedLabels } : limits;
  };
  const { threadCount = 0 } = options;
  const threads = threadCount === 0 ? undefined : createPrepareThreads(threadCount);
  const surroundings: ReceiveSurroundings = {
    clock,
    random,
    budget,
    metrics,
    batcher,
    placement,
    rates: createServiceRates({ clock, metrics: options.metrics }),
    rateLimit: createRateLimit(clock, options.distributorCount),
    runawayLabels,
    recordBytesMax: log.recordBytesMax,
    threads,
  };

  const turns = createTurns(clock, TURN_MS);
  const receiving = new Set<Promise<unknown>>();
  let isClosed = false;

  /** What is under way is waited for at the end, and failures of ours are logged. */
  const track = <T>(one: Promise<T>, tenant: string): Promise<T> => {
    receiving.add(one);
    one.then(
      () => receiving.delete(one),
      (error: unknown) => {
        receiving.delete(one);
        // The edge that answers says what the client did wrong, once a request; the rest may concern one profile of many.
        if (!isClientFault(error)) logger.failure('profile is not stored', error, { tenant });
      },
    );
    return one;
  };
  const receive = (incoming: IncomingProfile): Promise<ReadonlyMap<number, number>> =>
    track(receiveProfile(incoming, limitsOf(incoming.tenant), surroundings), incoming.tenant);
  const checkOpen = () => {
    if (isClosed) throw new FlamelakeError('unavailable', 'distributor is shutting down');
  };
  /** Decodes one after the other; appends go on beside it. */
  const receiveAll = async (incoming: readonly IncomingProfile[]) => {
    const outcomes: Promise<ReadonlyMap<number, number>>[] = [];
    for (const profile of incoming) {
      const turn = turns.take();
      // Not waiting for nothing: profiles of one task share a record.
      if (turn !== undefined) await turn;
      outcomes.push(receive(profile));
    }
    return Promise.allSettled(outcomes);
  };
  /** The newest token: all profiles of a record have the same. */
  let newest = { key: '', token: '' };
  const tokenOf = (offsets: ReadonlyMap<number, number>): string => {
    const key = [...offsets].join(' ');
    if (key !== newest.key) newest = { key, token: sealCommit({ logId: log.id, offsets }) };
    return newest.token;
  };
  const receipt = (positions: readonly ReadonlyMap<number, number>[]): Receipt => {
    const offsets = new Map<number, number>();
    for (const [partition, offset] of positions.flatMap((position) => [...position])) {
      offsets.set(partition, Math.max(offset, offsets.get(partition) ?? 0));
    }
    return { commitToken: offsets.size === 0 ? undefined : tokenOf(offsets) };
  };

  return {
    budget,
    ...(options.bodyLimitsOf !== undefined && { bodyLimitsOf: options.bodyLimitsOf }),
    async push(tenant, series) {
      checkOpen();
      const startMs = clock.monotonicMs();
      if (series.length === 0) throw new FlamelakeError('invalid_argument', 'push request has no series', { tenant });
      const profiles = series.map((one) => attempt(() => pushProfiles(tenant, one)));
      for (const outcome of profiles) {
        if (outcome.status === 'rejected') metrics.discarded(discardReason(outcome.reason), tenant, 0, 0);
      }
      const incoming = profiles.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
      const outcomes = await receiveAll(incoming);
      const failure = worstFailure([...profiles, ...outcomes]);
      if (failure !== undefined) throw failure;
      metrics.acknowledged('push', (clock.monotonicMs() - startMs) / 1_000);
      return receipt(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])));
    },
    async ingest(tenant, request) {
      checkOpen();
      const startMs = clock.monotonicMs();
      await turns.take();
      const incoming = attempt(() => ingestProfile(tenant, request));
      if (incoming.status === 'rejected') {
        metrics.discarded(discardReason(incoming.reason), tenant, 0, request.body.length);
        throw incoming.reason;
      }
      const positions = incoming.value === undefined ? [] : [await receive(incoming.value)];
      metrics.acknowledged('ingest', (clock.monotonicMs() - startMs) / 1_000);
      return receipt(positions);
    },
    async otlp(tenant, request) {
      checkOpen();
      const startMs = clock.monotonicMs();
      await turns.take();
      const one = receiveOtlp(tenant, request, limitsOf(tenant), surroundings);
      const { positions, ...partial } = await track(one, tenant);
      metrics.acknowledged('otlp', (clock.monotonicMs() - startMs) / 1_000);
      return { ...receipt(positions), ...partial };
    },
    async close() {
      isClosed = true;
      await Promise.allSettled(receiving);
      await batcher.close();
      await threads?.close();
    },
  };
}

function attempt<T>(make: () => T): PromiseSettledResult<T> {
  try {
    return { status: 'fulfilled', value: make() };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}

/** The failure to answer with: one that a retry can mend, else the first. */
function worstFailure(outcomes: readonly PromiseSettledResult<unknown>[]): unknown {
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  return failures.find(mayRetry) ?? failures[0];
}

function mayRetry(error: unknown): boolean {
  return !(error instanceof FlamelakeError) || CODE_MEANINGS[error.code].mayRetry;
}

function isClientFault(error: unknown): boolean {
  return error instanceof FlamelakeError && ['debug', 'info'].includes(CODE_MEANINGS[error.code].logLevel);
}
