/** Tasks on queriers in other processes: who gets which, how many at a time, and what happens when one is slow or gone. */
import {
  type Clock,
  FlamelakeError,
  type Memory,
  openMemoryScope,
  type Random,
  UNBOUNDED_MEMORY,
} from '@flamelake/model';
import { decodePartialResult, encodeTask, type PartialResult, type Task } from '@flamelake/query';
import {
  type AddressSource,
  createInternalClient,
  type InternalTls,
  newTraceContext,
  watchAddresses,
} from '@flamelake/rpc/internal';
import type { Logger, Metrics, TraceContext } from '@flamelake/runtime';
import type { ExecuteTask } from '../run-question.ts';
import { createFairQueue } from './fair-queue.ts';
import { createHedging } from './hedging.ts';
import { createQuerierPeers, type Peer } from './querier-peers.ts';
import { runAttempts } from './run-attempts.ts';

export interface FanOutLimits {
  /** Tasks in flight, of all queries, and at one querier. */
  readonly inFlightMax: number;
  readonly querierInFlightMax: number;
  /** Tasks that wait, of all tenants and of one. */
  readonly waitingMax: number;
  readonly tenantWaitingMax: number;
  /** Time of a task, its waiting and all attempts included. */
  readonly taskTimeoutMs: number;
  /** Queriers asked one after another for a task. */
  readonly attemptsMax: number;
  /** Shortest wait before a second querier is asked for the same task; 0 asks no second one. */
  readonly hedgeDelayMs: number;
}

export const FAN_OUT_LIMITS: FanOutLimits = {
  inFlightMax: 512,
  querierInFlightMax: 16,
  waitingMax: 8_192,
  tenantWaitingMax: 2_048,
  taskTimeoutMs: 60_000,
  attemptsMax: 5,
  hedgeDelayMs: 50,
};

export interface FanOutOptions {
  readonly queriers: AddressSource;
  /** Time between look-ups of a name. */
  readonly lookupIntervalMs?: number;
  /** Looks a name up; the system's way by default. */
  readonly lookup?: (name: string) => Promise<readonly string[]>;
  readonly tls?: InternalTls;
  readonly limits?: Partial<FanOutLimits>;
  /** Trace a task belongs to; one of its own by default. */
  readonly trace?: () => TraceContext | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface FanOut {
  /**
   * Runs a task on a querier.
   * @throws {FlamelakeError} what the querier threw (`not_found` when an object is gone); `resource_exhausted` with `retryAfterSeconds` when
   * too many tasks wait, `unavailable` when no querier answers, `deadline_exceeded`, `canceled`
   */
  readonly execute: ExecuteTask;
  /** Whether any querier is known and reached. */
  isReady(): Promise<boolean>;
  /** Closes connections; tasks in flight end as `unavailable`. */
  close(): Promise<void>;
}

export const LOOKUP_INTERVAL_MS = 5_000;
/** Wait before a second querier while too little is known of how long tasks take. */
const HEDGE_DELAY_DEFAULT_MS = 1_000;
/** Longest time to connect to a querier when somebody asks whether there is one. */
const REACH_TIMEOUT_MS = 2_000;
/** First wait between attempts. */
const RETRY_DELAY_MS = 50;

export function createFanOut(options: FanOutOptions): FanOut {
  const { queriers, tls, clock, random, logger } = options;
  const limits: FanOutLimits = { ...FAN_OUT_LIMITS, ...options.limits };
  const peers = createQuerierPeers({
    connect: (address) => createInternalClient({ address, ...(tls === undefined ? {} : { tls }) }),
    inFlightMax: limits.querierInFlightMax,
    clock,
  });
  const queue = createFairQueue({
    capacity: () => Math.min(limits.inFlightMax, Math.max(1, peers.places)),
    waitingMax: limits.waitingMax,
    tenantWaitingMax: limits.tenantWaitingMax,
  });
  const hedging = createHedging({ delayMsMin: limits.hedgeDelayMs, delayMsDefault: HEDGE_DELAY_DEFAULT_MS });
  const metrics = declareMetrics(options.metrics, { peers, queue });
  const watch = watchAddresses(queriers, {
    clock,
    intervalMs: options.lookupIntervalMs ?? LOOKUP_INTERVAL_MS,
    ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
    onChange: (addresses) => {
      logger.info('queriers', { addresses });
      peers.update(addresses);
      queue.advance();
    },
    onFailure: (error) => {
      metrics.lookupFailures.add();
      logger.failure('queriers cannot be looked up', error);
    },
  });

  const run = async (task: Task, signal: AbortSignal, memory: Memory): Promise<PartialResult> => {
    const deadlineMs = clock.nowMs() + limits.taskTimeoutMs;
    const message = encodeTask(task);
    const traceContext = options.trace?.() ?? newTraceContext(random);
    const ask = async (peer: Peer, either: AbortSignal) => {
      const startMs = clock.monotonicMs();
      const answer = await peer.client.execute(message, { signal: either, deadlineMs, trace: traceContext });
      hedging.observe(task.question.kind, clock.monotonicMs() - startMs);
      // Another one's answer was taken meanwhile, and nobody waits for this one.
      if (either.aborted) throw new FlamelakeError('canceled', 'query task was answered by another querier');
      return decode(answer, peer, memory);
    };
    const release = await queue.acquire(task.selection.tenants.join('|'), signal);
    try {
      const found = await runAttempts({
        peers,
        blockId: largestBlock(task),
        ask,
        attemptsMax: limits.attemptsMax,
        delayMs: RETRY_DELAY_MS,
        hedgeDelayMs: limits.hedgeDelayMs === 0 ? undefined : hedging.delayMs(task.question.kind),
        mayHedge: hedging.take,
        onAttempt: (kind) => metrics.attempts.add(1, { kind }),
        clock,
        random,
        signal,
      });
      if (found instanceof FlamelakeError) throw found;
      return found;
    } finally {
      release();
    }
  };
  const execute: ExecuteTask = async (task, signal, memory = UNBOUNDED_MEMORY) => {
    const startMs = clock.monotonicMs();
    const ended = new AbortController();
    const late = new AbortController();
    const timer = clock.sleep(limits.taskTimeoutMs, ended.signal).then(() => late.abort());
    let outcome = 'ok';
    try {
      return await run(task, AbortSignal.any([signal, late.signal]), memory);
    } catch (error) {
      const known = late.signal.aborted && !signal.aborted ? tookTooLong(limits.taskTimeoutMs, error) : error;
      outcome = known instanceof FlamelakeError ? known.code : 'internal';
      throw known;
    } finally {
      ended.abort();
      await timer;
      metrics.tasks.add(1, { outcome });
      metrics.seconds.observe((clock.monotonicMs() - startMs) / 1_000);
    }
  };

  return {
    execute,
    isReady: () => peers.isAnyReachable(clock.nowMs() + REACH_TIMEOUT_MS),
    async close() {
      await watch.close();
      peers.close();
    },
  };
}

function tookTooLong(timeoutMs: number, cause: unknown): FlamelakeError {
  return new FlamelakeError(
    'deadline_exceeded',
    'query task took too long; narrow the query',
    { timeoutMs },
    { cause },
  );
}

/** The block whose pages are worth most: the largest, of equals the first by id. */
function largestBlock(task: Task): string {
  const [first, ...others] = task.parts.map(({ object }) => object);
  const isBefore = (a: typeof first, b: typeof first) =>
    a.sizeBytes > b.sizeBytes || (a.sizeBytes === b.sizeBytes && a.id < b.id);
  return first === undefined ? '' : others.reduce((best, one) => (isBefore(one, best) ? one : best), first).id;
}

/**
 * A damaged answer is as good as none: another querier may send a sound one.
 * @returns an error when there is no room here for the answer: another querier would send the same
 */
function decode(message: Uint8Array, { address }: Peer, memory: Memory): PartialResult | FlamelakeError {
  const own = openMemoryScope(memory);
  try {
    return decodePartialResult(message, own);
  } catch (cause) {
    own.end();
    if (!(cause instanceof FlamelakeError)) throw cause;
    if (cause.code === 'resource_exhausted') return cause;
    if (cause.code !== 'data_loss') throw cause;
    throw new FlamelakeError('unavailable', 'querier sent a damaged result', { address }, { cause });
  }
}

function declareMetrics(
  metrics: Metrics,
  {
    peers,
    queue,
  }: { peers: { readonly count: number }; queue: { readonly waiting: number; readonly running: number } },
) {
  metrics.gauge({ name: 'query_queriers', help: 'Queriers that are known.' }, () => peers.count);
  metrics.gauge({ name: 'query_waiting_tasks', help: 'Query tasks that wait for a querier.' }, () => queue.waiting);
  metrics.gauge({ name: 'query_running_tasks', help: 'Query tasks that queriers run.' }, () => queue.running);
  return {
    tasks: metrics.counter({
      name: 'query_tasks_total',
      help: 'Query tasks given to queriers, by outcome.',
      labels: ['outcome'],
    }),
    attempts: metrics.counter({
      name: 'query_task_attempts_total',
      help: 'Queriers asked for a task: as the first, again after a failure (retry), or beside a slow one (hedge).',
      labels: ['kind'],
    }),
    seconds: metrics.histogram({
      name: 'query_task_seconds',
      help: 'Time of query tasks, waiting and all attempts included.',
    }),
    lookupFailures: metrics.counter({
      name: 'query_querier_lookup_failures_total',
      help: 'Look-ups of the queriers that failed.',
    }),
  };
}
