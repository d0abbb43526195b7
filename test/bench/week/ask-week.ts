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
/** A dashboard is asked again so much later, and so often: for as long as a slice of its edge is kept. */
const REFRESH_MS = 60_000;
const REFRESHES = 15;
/** Each on clusters of its own; the least CPU time counts. */
const ROUNDS = 3;

export interface Asked {
  readonly name: string;
  /** What it cost a cluster that has nothing in its caches but the snapshot, and then again. */
  readonly cold: Cost;
  readonly warm: Cost;
  /** Asked again and again, of the same range a minute later each time; the mean. */
  readonly refreshed: Cost;
}

export interface Cost extends StoreCounts {
  readonly cpuMs: number;
}

interface Question {
  readonly name: string;
  /** @param endMs - of its range, ms since 1970 */
  ask(queries: Queries, call: CallContext, endMs: number): Promise<unknown>;
}

export const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
/** A service that sends CPU profiles of Go, and its tenant. */
export const ASKED = { tenant: 'acme', service: 'service-0' } as const;

const SELECTOR = `{service_name="${ASKED.service}"}`;
const POD_SELECTOR = `{service_name="${ASKED.service}",pod="${ASKED.service}-1"}`;

function stacks(hours: number, endMs: number, labelSelector = SELECTOR) {
  return { ...range(hours, endMs), profileTypeId: CPU, labelSelector, maxNodes: 8_192 };
}

function range(hours: number, endMs: number) {
  return { startMs: endMs - hours * HOUR_MS, endMs };
}

function flamegraph(name: string, hours: number, selector?: string): Question {
  return {
    name: `flame graph, ${name}`,
    ask: (queries, call, endMs) => queries.flamegraph(call, stacks(hours, endMs, selector)),
  };
}

function series(name: string, hours: number, stepSeconds: number): Question {
  const rest = { groupBy: [], stepSeconds, aggregation: 'sum', limit: 0, hasExemplars: false } as const;
  return {
    name: `time series, ${name}`,
    ask: (queries, call, endMs) => queries.selectSeries(call, { ...stacks(hours, endMs), ...rest }),
  };
}

const HEATMAP: Question = {
  name: 'heat map, 24 h',
  ask: (queries, call, endMs) => {
    const rest = { groupBy: [], stepSeconds: 360, points: 'profiles', limit: 0, hasExemplars: false } as const;
    return queries.heatmap(call, { ...stacks(24, endMs), ...rest });
  },
};

const DIFF: Question = {
  name: 'diff, a day and the day before',
  ask: (queries, call, endMs) => queries.diff(call, stacks(24, endMs - 24 * HOUR_MS), stacks(24, endMs)),
};

const VALUES: Question = {
  name: 'values of pod, 7 d',
  ask: (queries, call, endMs) => queries.labelValues(call, range(168, endMs), 'pod', []),
};

/** What a page about a service asks for at once. */
const DASHBOARD: Question = {
  name: 'dashboard, 24 h',
  ask: (queries, call, endMs) =>
    Promise.all([
      flamegraph('', 24).ask(queries, call, endMs),
      series('', 24, 360).ask(queries, call, endMs),
      queries.labelNames(call, range(24, endMs), [SELECTOR]),
      queries.labelValues(call, range(24, endMs), 'pod', [SELECTOR]),
    ]),
};

const QUESTIONS: readonly Question[] = [
  flamegraph('1 h', 1),
  flamegraph('24 h', 24),
  flamegraph('7 d', 168),
  flamegraph('7 d of one pod', 168, POD_SELECTOR),
  flamegraph('7 d of all services', 168, '{}'),
  series('1 h', 1, 15),
  series('24 h', 24, 360),
  series('7 d', 168, 2_520),
  HEATMAP,
  DIFF,
  DASHBOARD,
  { name: 'profile types, 7 d', ask: (queries, call, endMs) => queries.profileTypes(call, range(168, endMs)) },
  { name: 'label names, 7 d', ask: (queries, call, endMs) => queries.labelNames(call, range(168, endMs), []) },
  VALUES,
  {
    name: 'series of a service, 7 d',
    ask: (queries, call, endMs) => queries.series(call, range(168, endMs), [SELECTOR], []),
  },
];

/**
 * Asks each question of clusters of its own.
 * @param endMs - of all ranges that are asked last, ms since 1970
 */
export async function askWeek(inner: ObjectStore, endMs: number): Promise<readonly Asked[]> {
  const counted = createCountedStore(inner);
  const { store } = counted;
  const clock = createStillClock(endMs);
  const identity = await openStore(store, createSeededRandom('asking'));
  const limits = () => QUERY_LIMITS_DEFAULT;
  const call = { tenant: ASKED.tenant, signal: new AbortController().signal, commitToken: undefined };

  function startCluster() {
    const metrics = createMetrics();
    const cache = createMemoryCache({ bytesMax: CACHE_BYTES, metrics });
    const querier = createQuerier({ store, storeId: identity.id, cache, results: cache, clock, metrics });
    const snapshots = createSnapshotSource({ store, clock, reuseMs: Number.MAX_SAFE_INTEGER });
    const queries = createQueryFrontend({ snapshots, keys: identity.keys, execute: querier.execute, limits, clock });
    return { queries, snapshots };
  }

  async function costOf(ask: () => Promise<unknown>): Promise<Cost> {
    counted.take();
    const before = process.cpuUsage();
    await ask();
    const { user, system } = process.cpuUsage(before);
    return { ...counted.take(), cpuMs: (user + system) / 1_000 };
  }

  /** @param ask - with how many minutes have passed */
  async function askAgain(name: string, ask: (minute: number) => Promise<unknown>): Promise<Asked> {
    const [cold, warm] = [await costOf(() => ask(0)), await costOf(() => ask(0))];
    const all = await costOf(async () => {
      for (let minute = 1; minute <= REFRESHES; minute++) await ask(minute);
    });
    return { name, cold, warm, refreshed: meanOf(all) };
  }

  async function rounds(ask: () => Promise<Asked>): Promise<Asked> {
    const all: Asked[] = [];
    for (let round = 0; round < ROUNDS; round++) all.push(await ask());
    const least = (costs: readonly Cost[]) => ({ ...costs[0], cpuMs: Math.min(...costs.map(({ cpuMs }) => cpuMs)) });
    const [first] = all;
    return {
      name: first.name,
      cold: least(all.map(({ cold }) => cold)),
      warm: least(all.map(({ warm }) => warm)),
      refreshed: least(all.map(({ refreshed }) => refreshed)),
    };
  }

  const asked = [
    await rounds(async () => {
      const { snapshots } = startCluster();
      return askAgain('snapshot', () => snapshots.takeFresh());
    }),
  ];
  for (const { name, ask } of QUESTIONS) {
    asked.push(
      await rounds(async () => {
        const { queries, snapshots } = startCluster();
        // What a snapshot costs is measured by itself.
        await snapshots.take();
        return askAgain(name, (minute) => ask(queries, call, endMs - (REFRESHES - minute) * REFRESH_MS));
      }),
    );
  }
  return asked;
}

function meanOf(all: Cost): Cost {
  return {
    puts: all.puts / REFRESHES,
    gets: all.gets / REFRESHES,
    lists: all.lists / REFRESHES,
    deletes: all.deletes / REFRESHES,
    readBytes: all.readBytes / REFRESHES,
    blockGets: all.blockGets / REFRESHES,
    blockBytes: all.blockBytes / REFRESHES,
    cpuMs: all.cpuMs / REFRESHES,
  };
}
