/** Asks queries of the week's bucket as a cluster does that was just started, and again, counting requests, bytes and CPU time. */
import { createMemoryCache } from '@flamelake/cache';
import { createSnapshotSource, openStore } from '@flamelake/catalog';
import type { ObjectStore } from '@flamelake/model';
import { createQuerier } from '@flamelake/querier';
import { type CallContext, createQueryFrontend, QUERY_LIMITS_DEFAULT, type Queries } from '@flamelake/query-frontend';
import { createMetrics } from '@flamelake/runtime';
import { createSeededRandom } from '@flamelake/testkit';
import { createCountedStore, type StoreCounts } from './counted-store.ts';
import { createStillClock } from './still-clock.ts';

/** Of the block cache and of the results, as by default. */
const CACHE_BYTES = 268_435_456;
const HOUR_MS = 3_600_000;

export interface Asked {
  readonly name: string;
  /** What it cost a cluster that has nothing in its caches but the snapshot, and then again. */
  readonly cold: Cost;
  readonly warm: Cost;
}

export interface Cost extends StoreCounts {
  readonly cpuMs: number;
}

interface Question {
  readonly name: string;
  ask(queries: Queries, call: CallContext): Promise<unknown>;
}

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
/** A service that sends CPU profiles of Go, and its tenant. */
export const ASKED = { tenant: 'acme', service: 'service-0' } as const;

function questions(endMs: number): readonly Question[] {
  const selector = `{service_name="${ASKED.service}"}`;
  const range = (hours: number) => ({ startMs: endMs - hours * HOUR_MS, endMs });
  const stacks = (hours: number, labelSelector: string) => ({
    ...range(hours),
    profileTypeId: CPU,
    labelSelector,
    maxNodes: 8_192,
  });
  const flamegraph = (name: string, hours: number, labels = selector): Question => ({
    name: `flame graph, ${name}`,
    ask: (queries, call) => queries.flamegraph(call, stacks(hours, labels)),
  });
  const series = (name: string, hours: number, stepSeconds: number): Question => ({
    name: `time series, ${name}`,
    ask: (queries, call) =>
      queries.selectSeries(call, {
        ...stacks(hours, selector),
        groupBy: [],
        stepSeconds,
        aggregation: 'sum',
        limit: 0,
        hasExemplars: false,
      }),
  });
  const heatmap = (hours: number, stepSeconds: number): Question => ({
    name: `heat map, ${hours} h`,
    ask: (queries, call) =>
      queries.heatmap(call, {
        ...stacks(hours, selector),
        groupBy: [],
        stepSeconds,
        points: 'profiles',
        limit: 0,
        hasExemplars: false,
      }),
  });
  const diff: Question = {
    name: 'diff, a day and the day before',
    ask: (queries, call) => {
      const [left, right] = [{ startMs: endMs - 48 * HOUR_MS, endMs: endMs - 24 * HOUR_MS }, range(24)];
      return queries.diff(call, { ...stacks(24, selector), ...left }, { ...stacks(24, selector), ...right });
    },
  };
  const pod = `{service_name="${ASKED.service}",pod="${ASKED.service}-1"}`;
  return [
    flamegraph('1 h', 1),
    flamegraph('24 h', 24),
    flamegraph('7 d', 168),
    flamegraph('7 d of one pod', 168, pod),
    flamegraph('7 d of all services', 168, '{}'),
    series('1 h', 1, 15),
    series('24 h', 24, 360),
    series('7 d', 168, 2_520),
    heatmap(24, 360),
    diff,
    { name: 'profile types, 7 d', ask: (queries, call) => queries.profileTypes(call, range(168)) },
    { name: 'label names, 7 d', ask: (queries, call) => queries.labelNames(call, range(168), []) },
    { name: 'values of pod, 7 d', ask: (queries, call) => queries.labelValues(call, range(168), 'pod', []) },
    {
      name: 'series of a service, 7 d',
      ask: (queries, call) => queries.series(call, range(168), [selector], []),
    },
  ];
}

/**
 * Asks each question of a cluster of its own.
 * @param endMs - of all ranges, ms since 1970
 */
export async function askWeek(inner: ObjectStore, endMs: number): Promise<readonly Asked[]> {
  const counted = createCountedStore(inner);
  const { store } = counted;
  const clock = createStillClock(endMs);
  const identity = await openStore(store, createSeededRandom('asking'));
  const asked: Asked[] = [];
  for (const question of questions(endMs)) {
    const metrics = createMetrics();
    const cache = createMemoryCache({ bytesMax: CACHE_BYTES, metrics });
    const querier = createQuerier({ store, storeId: identity.id, cache, results: cache, clock, metrics });
    // One snapshot serves all: what taking one costs is measured by itself.
    const snapshots = createSnapshotSource({ store, clock, reuseMs: Number.MAX_SAFE_INTEGER });
    const limits = () => QUERY_LIMITS_DEFAULT;
    const { keys } = identity;
    const queries = createQueryFrontend({ snapshots, keys, execute: querier.execute, limits, clock });
    if (asked.length === 0) asked.push(await takeTwice('snapshot', () => snapshots.takeFresh()));
    await snapshots.take();
    counted.take();
    const { tenant } = ASKED;
    asked.push(
      await takeTwice(question.name, () =>
        question.ask(queries, { tenant, signal: new AbortController().signal, commitToken: undefined }),
      ),
    );
  }
  return asked;

  async function takeTwice(name: string, ask: () => Promise<unknown>): Promise<Asked> {
    return { name, cold: await costOf(ask), warm: await costOf(ask) };
  }

  async function costOf(ask: () => Promise<unknown>): Promise<Cost> {
    counted.take();
    const before = process.cpuUsage();
    await ask();
    const { user, system } = process.cpuUsage(before);
    return { ...counted.take(), cpuMs: (user + system) / 1_000 };
  }
}
