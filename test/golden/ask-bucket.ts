/** Every kind of query on a golden bucket, with answers that can be written as JSON. */
import { createSnapshotSource, openStore } from '@flamelake/catalog';
import type { ObjectStore } from '@flamelake/model';
import { createQuerier } from '@flamelake/querier';
import { createQueryFrontend, QUERY_LIMITS_DEFAULT, type Queries } from '@flamelake/query-frontend';
import { createMetrics } from '@flamelake/runtime';
import { createSeededRandom } from '@flamelake/testkit';
import { createStillClock } from '../bench/week/still-clock.ts';
import { SMALL_TYPE } from '../e2e/small-profile.ts';

/** Thursday, 20:00, to Saturday, 05:00. */
export const GOLDEN_START_MS = Date.UTC(2026, 0, 15, 20);
export const GOLDEN_END_MS = Date.UTC(2026, 0, 17, 5);
const HOUR_MS = 3_600_000;

/** @returns answers by question; numbers of 64 bits are text, bytes are base64 */
export async function askBucket(store: ObjectStore): Promise<Record<string, unknown>> {
  const clock = createStillClock(GOLDEN_END_MS);
  const { id: storeId, keys } = await openStore(store, createSeededRandom('asking'));
  const querier = createQuerier({ store, storeId, clock, metrics: createMetrics() });
  const queries = createQueryFrontend({
    snapshots: createSnapshotSource({ store, clock }),
    keys,
    execute: querier.execute,
    limits: () => QUERY_LIMITS_DEFAULT,
    clock,
  });
  const answers: Record<string, unknown> = {};
  for (const tenant of ['acme', 'bolt']) {
    const call = () => ({ tenant, signal: new AbortController().signal, commitToken: undefined });
    for (const [question, answer] of await answersOf(queries, call)) answers[`${tenant}: ${question}`] = answer;
  }
  return JSON.parse(JSON.stringify(answers, asJson));
}

async function answersOf(queries: Queries, call: () => Parameters<Queries['stats']>[0]) {
  const range = { startMs: GOLDEN_START_MS, endMs: GOLDEN_END_MS };
  const all = { ...range, profileTypeId: SMALL_TYPE, labelSelector: '{}', maxNodes: 8_192 };
  const cart = { ...all, labelSelector: '{service_name="cart"}' };
  const part = { startMs: GOLDEN_START_MS + 5.3 * HOUR_MS, endMs: GOLDEN_END_MS - 4.1 * HOUR_MS };
  const points = { ...all, groupBy: ['service_name'], stepSeconds: 28_800, limit: 0, hasExemplars: true };
  const spanIds = ['0000000000000002'];
  return Object.entries({
    'profile types': await queries.profileTypes(call(), range),
    'label names': await queries.labelNames(call(), range, []),
    'values of pod': await queries.labelValues(call(), range, 'pod', ['{service_name="cart"}']),
    series: await queries.series(call(), part, [], []),
    'flame graph': await queries.flamegraph(call(), all),
    'flame graph of a service': await queries.flamegraph(call(), cart),
    'flame graph of a pod': await queries.flamegraph(call(), { ...all, ...part, labelSelector: '{pod="cart-0"}' }),
    'flame graph of a part': await queries.flamegraph(call(), { ...all, ...part }),
    'flame graph of a call site': await queries.flamegraph(call(), { ...all, callSite: ['main'] }),
    'flame graph of a span': await queries.flamegraph(call(), {
      ...all,
      choice: { profileIds: [], spanIds, traceIds: [] },
    }),
    tree: await queries.tree(call(), cart),
    pprof: await queries.pprof(call(), cart),
    dot: await queries.dot(call(), cart),
    'time series': await queries.selectSeries(call(), { ...points, aggregation: 'sum' }),
    'heat map of profiles': await queries.heatmap(call(), { ...points, points: 'profiles' }),
    'heat map of spans': await queries.heatmap(call(), { ...points, points: 'spans' }),
    diff: await queries.diff(call(), { ...all, endMs: GOLDEN_START_MS + 9 * HOUR_MS }, { ...all, ...part }),
    stats: await queries.stats(call()),
  });
}

function asJson(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return [...value].sort(([a], [b]) => a - b);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return ArrayBuffer.isView(value) ? Array.from(value as Float64Array | BigInt64Array, String) : value;
}
