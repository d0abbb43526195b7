/**
 * The canary: pushes a tiny profile, asks for it by the way that users' queries go, and measures how long it took from the
 * acknowledgement until a query counted it, exactly. What fails is counted by step.
 */
import { hostname } from 'node:os';
import { encodePprof } from '@flamelake/formats';
import { type Clock, FlamelakeError, type Label, type Random } from '@flamelake/model';
import type { Logger, Metrics } from '@flamelake/runtime';
import { pprofOfCallTree } from '../self-profile/call-tree.ts';

/** The server as its clients see it. */
export interface CanaryEnds {
  /** @returns the read-your-writes token */
  push(labels: readonly Label[], rawProfile: Uint8Array): Promise<string>;
  /** Total of what is stored at one moment, as soon as the token's push is in it. */
  total(query: CanaryQuery): Promise<bigint>;
}

export interface CanaryQuery {
  readonly timeMs: number;
  readonly profileTypeId: string;
  readonly labelSelector: string;
  readonly commitToken: string;
}

export interface CanaryOptions {
  readonly ends: CanaryEnds;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export const CANARY_SERVICE = 'flamelake-canary';
/** Tenant of canaries where tenants can be told apart: none of a user. */
export const CANARY_TENANT = 'flamelake-canary';

const PROFILE_NAME = 'canary';
const SAMPLE_TYPE = { type: 'probes', unit: 'count' };
const PROFILE_TYPE_ID = `${PROFILE_NAME}:probes:count:probes:count`;
/** Longest time until a profile is given up as not shown; queries that wait for a push give up after 5 s each. */
const PATIENCE_MS = 60_000;
const RETRY_MS = 250;
const VALUE_MAX = 1_000;
/** 10 ms to 60 s, close together where the promise of about a second is kept or broken. */
const FRESHNESS_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60];

/** Runs rounds until aborted, the first within an interval. Never rejects. */
export async function runCanary(
  options: CanaryOptions & { readonly intervalMs: number },
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, intervalMs } = options;
  const counts = declareMetrics(options.metrics);
  // Processes that start together do not probe together.
  await clock.sleep(random.fraction() * intervalMs, signal);
  while (!signal.aborted) {
    const startMs = clock.monotonicMs();
    await probe(options, counts, signal);
    await clock.sleep(Math.max(0, intervalMs - (clock.monotonicMs() - startMs)), signal);
  }
}

type Step = 'push' | 'query' | 'late' | 'total';
type Counts = ReturnType<typeof declareMetrics>;

/** One round. @returns whether the profile was counted, once; what failed is logged */
export function probeOnce(options: CanaryOptions, signal: AbortSignal): Promise<boolean> {
  return probe(options, declareMetrics(options.metrics), signal);
}

async function probe(
  { ends, clock, random, logger }: CanaryOptions,
  counts: Counts,
  signal: AbortSignal,
): Promise<boolean> {
  const fail = (step: Step, error: unknown): boolean => {
    if (signal.aborted) return false;
    counts.failures.add(1, { step });
    logger.warn('canary failed', { step, error });
    return false;
  };
  const timeMs = Math.floor(clock.nowMs());
  const value = 1 + Math.floor(random.fraction() * VALUE_MAX);
  const startMs = clock.monotonicMs();
  let commitToken: string;
  try {
    commitToken = await inTime(ends.push(labels(), profileOf(value, timeMs)), clock);
  } catch (error) {
    return fail('push', error);
  }
  const acknowledgedMs = clock.monotonicMs();
  counts.pushSeconds.observe((acknowledgedMs - startMs) / 1000);
  const query = { timeMs, profileTypeId: PROFILE_TYPE_ID, labelSelector: selector(), commitToken };
  for (;;) {
    try {
      const total = await inTime(ends.total(query), clock);
      if (total !== BigInt(value)) {
        const details = { total, expected: value };
        return fail('total', new FlamelakeError('data_loss', 'canary was counted wrongly', details));
      }
      counts.freshness.observe((clock.monotonicMs() - acknowledgedMs) / 1000);
      counts.lastSuccess.set(clock.nowMs() / 1000);
      return true;
    } catch (error) {
      const isNotYet = error instanceof FlamelakeError && error.code === 'unavailable';
      if (!isNotYet) return fail('query', error);
      if (clock.monotonicMs() - acknowledgedMs > PATIENCE_MS) return fail('late', error);
      await clock.sleep(RETRY_MS, signal);
      if (signal.aborted) return false;
    }
  }
}

/** Whoever does not answer at all must not end the rounds. */
async function inTime<T>(answer: Promise<T>, clock: Clock): Promise<T> {
  const answered = new AbortController();
  const late = clock.sleep(PATIENCE_MS, answered.signal).then((): never => {
    throw new FlamelakeError('deadline_exceeded', 'canary got no answer', { timeoutMs: PATIENCE_MS });
  });
  late.catch(() => {});
  return Promise.race([answer, late]).finally(() => answered.abort());
}

/** Each process has a series of its own, so that the total is its own too. */
function labels(): readonly Label[] {
  return [
    { name: '__name__', value: PROFILE_NAME },
    { name: 'service_name', value: CANARY_SERVICE },
    { name: 'host', value: `${hostname()}-${process.pid}` },
  ];
}

function selector(): string {
  return `{service_name="${CANARY_SERVICE}",host="${hostname()}-${process.pid}"}`;
}

function profileOf(value: number, timeMs: number): Uint8Array {
  const frame = (functionName: string) => ({ functionName, filename: '', line: 0 });
  const tree = {
    frames: [frame('(root)'), frame('canary')],
    parent: Int32Array.of(-1, 0),
    values: [Float64Array.of(0, value)],
  };
  const facts = { sampleTypes: [SAMPLE_TYPE], periodType: SAMPLE_TYPE, period: 1n, startMs: timeMs, durationMs: 1 };
  return encodePprof(pprofOfCallTree(tree, facts));
}

function declareMetrics(metrics: Metrics) {
  return {
    freshness: metrics.histogram(
      {
        name: 'canary_freshness_seconds',
        help: 'Time from the acknowledgement of a canary to a query that counts it.',
      },
      FRESHNESS_BUCKETS,
    ),
    pushSeconds: metrics.histogram({ name: 'canary_push_seconds', help: 'Time to the acknowledgement of a canary.' }),
    failures: metrics.counter({
      name: 'canary_failures_total',
      help: 'Canaries that failed: push refused, query failed, late (not shown in a minute), total (counted wrongly).',
      labels: ['step'],
    }),
    lastSuccess: metrics.gauge({
      name: 'canary_last_success_seconds',
      help: 'When a canary was last counted exactly, seconds since 1970.',
    }),
  };
}
