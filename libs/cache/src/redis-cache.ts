/**
 * A cache in Redis that costs a moment at most: every operation ends within its timeout, a server that does not answer is left alone for a
 * while, and what is larger than allowed is neither written nor read. Errors are misses. What it gives must be authenticated by the caller.
 *
 * A value is kept with one byte in front, so that an empty one is told from none, under `flamelake/<key>`.
 */
import type { Cache, Clock } from '@flamelake/model';
import type { Logger, Metrics } from '@flamelake/runtime';
import type { Cluster, Redis } from 'ioredis';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { connectRedis, type RedisServer } from './redis-connection.ts';

export interface RedisCacheOptions extends Omit<RedisServer, 'commandTimeoutMs'> {
  /** Longest an operation may take, ms. */
  readonly timeoutMs?: number;
  /** Larger values are not kept. */
  readonly valueBytesMax?: number;
  /** Time after which Redis may forget a value, ms. */
  readonly keptMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export const REDIS_TIMEOUT_MS = 100;
/** 1 MiB. */
export const REDIS_VALUE_BYTES_DEFAULT = 1_048_576;
/** Three days. */
export const REDIS_KEPT_MS = 259_200_000;

const PREFIX = 'flamelake/';
const MARK = 1;
/** Operations under way, and bytes on their way to Redis; more are not begun. */
const OPERATIONS_MAX = 1_024;
const PENDING_BYTES_MAX = 67_108_864;
/** Longest wait for the first connection. */
const START_MS = 1_000;
/** Least time between two lines in the log about the same. */
const LOG_INTERVAL_MS = 60_000;

/** Connects, for a second at most; what cannot be reached yet is tried again in the background. */
export async function createRedisCache(options: RedisCacheOptions): Promise<Cache> {
  const { timeoutMs = REDIS_TIMEOUT_MS, valueBytesMax = REDIS_VALUE_BYTES_DEFAULT, keptMs = REDIS_KEPT_MS } = options;
  const { clock, logger, metrics } = options;
  const breaker = createCircuitBreaker(clock);
  let loggedMs = Number.NEGATIVE_INFINITY;
  const redis = connectRedis({ ...options, commandTimeoutMs: timeoutMs }, (error) => {
    if (clock.monotonicMs() - loggedMs < LOG_INTERVAL_MS) return;
    loggedMs = clock.monotonicMs();
    logger.warn('redis is not reached', { error });
  });
  let isClosed = false;
  let operations = 0;
  let pendingBytes = 0;
  const { outcomes, seconds } = declareMetrics(metrics, () => breaker.isOpen);

  /** Runs one command of so many bytes; undefined when it failed, took too long, or was not begun. */
  const run = async <T>(operation: string, bytes: number, command: () => Promise<T>): Promise<T | undefined> => {
    if (isClosed) return undefined;
    if (operations >= OPERATIONS_MAX || pendingBytes + bytes > PENDING_BYTES_MAX || !breaker.admit()) {
      outcomes.add(1, { operation, outcome: 'skipped' });
      return undefined;
    }
    operations++;
    pendingBytes += bytes;
    const startMs = clock.monotonicMs();
    const ended = new AbortController();
    const settled = Promise.resolve()
      .then(command)
      .then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
    const counted = settled.then((outcome) => {
      operations--;
      pendingBytes -= bytes;
      ended.abort();
      return outcome;
    });
    // A cluster may look in several places: no part of that is bounded by the timeout of one command.
    const late = clock.sleep(timeoutMs, ended.signal).then(() => ({ error: undefined }));
    const outcome = await Promise.race([counted, late]);
    seconds.observe((clock.monotonicMs() - startMs) / 1_000, { operation });
    const isAnswered = 'value' in outcome || isRefusal(outcome.error);
    if (isAnswered) breaker.succeeded();
    else breaker.failed();
    if ('value' in outcome) return outcome.value;
    outcomes.add(1, { operation, outcome: isAnswered ? 'refused' : 'failed' });
    return undefined;
  };

  await untilReady(redis, clock);
  return {
    async get(key) {
      const kept = await run('get', 0, () => redis.getrangeBuffer(PREFIX + key, 0, valueBytesMax + 1));
      if (kept === undefined) return undefined;
      const isValue = kept.length > 0 && kept.length <= valueBytesMax + 1 && kept[0] === MARK;
      outcomes.add(1, { operation: 'get', outcome: isValue ? 'hit' : 'miss' });
      // The driver's buffer may hold more than this answer.
      return isValue ? new Uint8Array(kept.subarray(1)) : undefined;
    },
    async set(key, value) {
      if (value.length > valueBytesMax) return;
      const marked = Buffer.allocUnsafe(value.length + 1);
      marked[0] = MARK;
      marked.set(value, 1);
      const answer = await run('set', marked.length, () => redis.set(PREFIX + key, marked, 'PX', keptMs));
      if (answer !== undefined) outcomes.add(1, { operation: 'set', outcome: 'kept' });
    },
    async close() {
      isClosed = true;
      redis.disconnect();
    },
  };
}

/** Whether Redis is there and will not: out of memory, for one. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && error.message.startsWith('OOM');
}

async function untilReady(redis: Redis | Cluster, clock: Clock): Promise<void> {
  const ready = new AbortController();
  redis.once('ready', () => ready.abort());
  await clock.sleep(START_MS, ready.signal);
}

function declareMetrics(metrics: Metrics, isOpen: () => boolean) {
  metrics.gauge({ name: 'redis_circuit_open', help: '1 while Redis is left alone because it did not answer.' }, () =>
    isOpen() ? 1 : 0,
  );
  return {
    outcomes: metrics.counter({
      name: 'redis_operations_total',
      help: 'Operations on Redis: get hit, miss, failed, refused or skipped; set kept, failed, refused or skipped.',
      labels: ['operation', 'outcome'],
    }),
    seconds: metrics.histogram({
      name: 'redis_operation_seconds',
      help: 'Time of operations on Redis, failed ones included.',
      labels: ['operation'],
    }),
  };
}
