import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePprof, type ProfileRecord } from '@flamelake/formats';
import { type ErrorCode, FlamelakeError } from '@flamelake/model';
import { CPU_TYPE, createSeededRandom, naiveMerge, naiveTotal, randomProfileRecord } from '@flamelake/testkit';
import { callOf, createTestFrontend, NOW_MS } from './frontend.test-support.ts';
import type { CallContext, Queries, SeriesQuery, StacktraceQuery } from './queries.ts';
import { IDS_MAX } from './validate-query.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const RANGE = { startMs: NOW_MS - 60_000, endMs: NOW_MS };
const UUID = '00000000-0000-4000-8000-000000000000';
const STACKS: StacktraceQuery = { ...RANGE, profileTypeId: CPU, labelSelector: '{}', maxNodes: undefined };
const SERIES: SeriesQuery = {
  ...STACKS,
  groupBy: [],
  stepSeconds: 15,
  aggregation: 'sum',
  limit: 0,
  hasExemplars: false,
};

function profiles(tenant: string, count: number, others: { services?: string[]; seed?: number } = {}): ProfileRecord[] {
  const random = createSeededRandom(others.seed ?? 1);
  return Array.from({ length: count }, (_, i) =>
    randomProfileRecord(random, {
      tenants: [tenant],
      timeMs: NOW_MS - 30_000 + i,
      services: others.services ?? ['cart', 'shop'],
    }),
  );
}

/** One profile of one sample. */
function oneSample(value: bigint): ProfileRecord {
  const [record] = profiles('t', 1);
  return {
    ...record,
    types: [CPU_TYPE],
    groups: [{ ...record.groups[0], sampleCount: 1, stack: Uint32Array.of(0), values: BigInt64Array.of(value) }],
  };
}

function rejectsAs(code: ErrorCode, details: object = {}) {
  return (error: unknown) => {
    assert.ok(error instanceof FlamelakeError, String(error));
    assert.equal(error.code, code);
    assert.deepEqual({ ...error.details, ...details }, error.details);
    return true;
  };
}

/** Everything a tenant can ask, as one value. */
async function askAll(queries: Queries, call: CallContext) {
  return {
    types: await queries.profileTypes(call, RANGE),
    names: await queries.labelNames(call, RANGE, []),
    values: await queries.labelValues(call, RANGE, 'service_name', []),
    regions: await queries.labelValues(call, RANGE, 'region', []),
    series: await queries.series(call, RANGE, [], []),
    flamegraph: await queries.flamegraph(call, STACKS),
    tree: await queries.tree(call, STACKS),
    dot: await queries.dot(call, STACKS),
    pprof: await queries.pprof(call, STACKS),
    selectSeries: await queries.selectSeries(call, SERIES),
    exemplars: await queries.selectSeries(call, { ...SERIES, hasExemplars: true }),
    heatmap: await queries.heatmap(call, { ...SERIES, points: 'profiles' }),
    spans: await queries.heatmap(call, { ...SERIES, points: 'spans', hasExemplars: true }),
    analyzed: await queries.analyze(call, RANGE, CPU),
    diff: await queries.diff(call, STACKS, { ...STACKS, labelSelector: '{region="eu"}' }),
    stats: await queries.stats(call),
  };
}

test('the totals of all kinds of query agree with the profiles pushed', async () => {
  const { queries, push } = createTestFrontend();
  const records = profiles('t', 30);
  await push(records.slice(0, 10));
  await push(records.slice(10));
  const total = naiveTotal(naiveMerge(records, { profileTypeId: CPU }));
  const call = callOf('t');
  const all = await askAll(queries, call);
  assert.equal(all.flamegraph.total, total);
  assert.equal(all.diff.leftTicks, total);
  assert.equal(all.diff.rightTicks, naiveTotal(naiveMerge(records, { profileTypeId: CPU, matches: isEuropean })));
  assert.equal(
    decodePprof(all.pprof).values.reduce((sum, value) => sum + value, 0n),
    total,
  );
  const points = all.selectSeries.flatMap(({ values }) => [...values]);
  assert.equal(BigInt(points.reduce((sum, value) => sum + value, 0)), total);
  assert.deepEqual(all.values, ['cart', 'shop']);
  assert.deepEqual(all.stats, {
    dataIngested: true,
    oldestProfileMs: NOW_MS - 30_000,
    newestProfileMs: NOW_MS - 29_971,
  });
  assert.match(all.dot, /^digraph /);
  for (const name of ['__name__', '__profile_type__', '__service_name__', '__type__', '__unit__', 'service_name']) {
    assert.ok(all.names.includes(name));
  }
  assert.ok(call.snapshot);
});

function isEuropean(labels: ProfileRecord['groups'][number]['labels']): boolean {
  return labels.some(({ name, value }) => name === 'region' && value === 'eu');
}

test('the same queries give the same answers', async () => {
  const { queries, push } = createTestFrontend();
  await push(profiles('t', 20));
  const [first, second] = [callOf('t'), callOf('t')];
  assert.deepEqual(await askAll(queries, first), await askAll(queries, second));
  assert.equal(first.snapshot, second.snapshot);
});

test('no tenant sees anything of another', async () => {
  const alone = createTestFrontend();
  const shared = createTestFrontend();
  const own = profiles('t', 10);
  await alone.push(own);
  await shared.push([...profiles('u', 10, { services: ['secret', 'cart'], seed: 7 }), ...own]);
  await shared.push(profiles('tt', 5, { seed: 9 }));
  assert.deepEqual(await askAll(shared.queries, callOf('t')), await askAll(alone.queries, callOf('t')));
  const none = createTestFrontend();
  assert.deepEqual(await askAll(shared.queries, callOf('v')), await askAll(none.queries, callOf('v')));
});

test('a call of several tenants reads all of them, but for stats', async () => {
  const { queries, push } = createTestFrontend();
  await push([...profiles('t', 5), ...profiles('u', 5, { seed: 2 }), ...profiles('v', 5, { seed: 3 })]);
  const total = async (tenant: string) => (await queries.flamegraph(callOf(tenant), STACKS)).total;
  assert.equal(await total('u|t|u'), (await total('t')) + (await total('u')));
  const refused = { code: 'invalid_argument', message: 'profile stats are of exactly one tenant' };
  await assert.rejects(queries.stats(callOf('t|u')), refused);
  await assert.rejects(total('t|'), rejectsAs('invalid_argument'));
});

test('nothing stored is an answer, not an error', async () => {
  const { queries } = createTestFrontend();
  const all = await askAll(queries, callOf('t'));
  assert.deepEqual(all.flamegraph, { names: ['total'], levels: [new BigInt64Array(4)], total: 0n, maxSelf: 0n });
  assert.deepEqual([all.types, all.names, all.series, all.selectSeries], [[], [], [], []]);
  assert.deepEqual([all.tree.length, all.dot, all.stats.dataIngested], [0, '', false]);
  assert.equal(decodePprof(all.pprof).sampleCount, 0);
});

test('sums beyond 2^53 are exact in every answer, beyond int64 an error', async () => {
  const { queries, push } = createTestFrontend();
  await push([oneSample(2n ** 62n), oneSample(2n ** 53n + 1n)]);
  const total = 2n ** 62n + 2n ** 53n + 1n;
  const call = callOf('t');
  assert.equal((await queries.flamegraph(call, STACKS)).total, total);
  assert.equal(
    decodePprof(await queries.pprof(call, STACKS)).values.reduce((a, b) => a + b, 0n),
    total,
  );
  await assert.rejects(queries.diff(call, STACKS, STACKS), rejectsAs('out_of_range'));
  await push([oneSample(2n ** 62n)]);
  await assert.rejects(queries.flamegraph(call, STACKS), rejectsAs('out_of_range'));
  await assert.rejects(queries.pprof(call, STACKS), rejectsAs('out_of_range'));
  await assert.rejects(queries.selectSeries(call, SERIES), rejectsAs('out_of_range'));
});

test('bad queries are refused by name', async () => {
  const { queries } = createTestFrontend();
  const call = callOf('t');
  const bad: Partial<StacktraceQuery>[] = [
    { startMs: 0 },
    { endMs: 0 },
    { startMs: NOW_MS + 1 },
    { profileTypeId: 'cpu' },
    { profileTypeId: `${CPU}:delta:x` },
    { labelSelector: '' },
    { labelSelector: '{a=~"("}' },
    { maxNodes: -1 },
    { maxNodes: Number.NaN },
  ];
  for (const part of bad) {
    const query = { ...STACKS, ...part };
    await assert.rejects(queries.flamegraph(call, query), rejectsAs('invalid_argument'), JSON.stringify(part));
    await assert.rejects(queries.pprof(call, query), rejectsAs('invalid_argument'), JSON.stringify(part));
    await assert.rejects(queries.diff(call, STACKS, query), rejectsAs('invalid_argument'), JSON.stringify(part));
  }
  for (const part of [{ stepSeconds: 0.0009 }, { stepSeconds: Number.NaN }, { limit: -1 }, { startMs: 0 }]) {
    await assert.rejects(queries.selectSeries(call, { ...SERIES, ...part }), rejectsAs('invalid_argument'));
  }
  await assert.rejects(queries.labelValues(call, RANGE, '', []), rejectsAs('invalid_argument'));
  await assert.rejects(queries.labelNames(call, RANGE, ['{}', '']), rejectsAs('invalid_argument'));
  await assert.rejects(queries.profileTypes(call, { startMs: 1, endMs: 0 }), rejectsAs('invalid_argument'));
});

test('a range may reach beyond all time', async () => {
  const { queries, push } = createTestFrontend();
  await push(profiles('t', 3));
  const all = { ...STACKS, startMs: -1e18, endMs: 2 ** 63 };
  const { total } = await queries.flamegraph(callOf('t'), all);
  assert.equal(total, (await queries.flamegraph(callOf('t'), STACKS)).total);
  const { timeNanos, durationNanos } = decodePprof(await queries.pprof(callOf('t'), all));
  assert.deepEqual([timeNanos, durationNanos], [2n ** 63n - 1n, 2n ** 63n - 1n]);
});

test('label queries without a range look back a day, profile types an hour', async () => {
  const { queries, push } = createTestFrontend();
  const at = (hours: number, service: string) =>
    randomProfileRecord(createSeededRandom(1), {
      tenants: ['t'],
      services: [service],
      timeMs: NOW_MS - hours * 3_600_000,
      types: [{ ...CPU_TYPE, name: service }],
    });
  await push([at(0.5, 'a'), at(20, 'b'), at(30, 'c')]);
  const none = { startMs: 0, endMs: 0 };
  const call = callOf('t');
  assert.deepEqual(await queries.labelValues(call, none, 'service_name', []), ['a', 'b']);
  assert.deepEqual((await queries.series(call, none, [], ['service_name'])).length, 2);
  assert.deepEqual(
    (await queries.profileTypes(call, none)).map(({ name }) => name),
    ['a'],
  );
  assert.deepEqual(await queries.profileTypes(call, { startMs: 1_000, endMs: 4_000 }), []);
});

test('a node budget is clamped and says so', async () => {
  const { queries, push } = createTestFrontend({ limits: { nodesMax: 3, nodesDefault: 2 } });
  await push(profiles('t', 10));
  const shown = async (maxNodes: number | undefined) => {
    const call = callOf('t');
    const graph = await queries.flamegraph(call, { ...STACKS, maxNodes });
    const bars = graph.levels.flatMap((level) =>
      [...level].filter((_, i) => i % 4 === 3).map((i) => graph.names[Number(i)]),
    );
    return [bars.filter((name) => name !== 'other').length - 1, call.clampedMaxNodes];
  };
  assert.deepEqual(await shown(1), [1, undefined]);
  assert.deepEqual(await shown(0), [2, undefined]);
  assert.deepEqual(await shown(undefined), [2, undefined]);
  assert.deepEqual(await shown(9), [3, 3]);
});

test('more ids than a query may choose are refused with how many, and the limit', async () => {
  const { queries } = createTestFrontend();
  const of = (count: number) => ({ profileIds: Array<string>(count).fill(UUID), spanIds: [], traceIds: [] });
  await assert.rejects(
    queries.flamegraph(callOf('t'), { ...STACKS, choice: of(IDS_MAX + 1) }),
    rejectsAs('invalid_argument', { ids: IDS_MAX + 1, limit: IDS_MAX }),
  );
  await queries.flamegraph(callOf('t'), { ...STACKS, choice: of(IDS_MAX) });
});

test('a query that would read too much is refused with the estimate', async () => {
  const { queries, push } = createTestFrontend({ limits: { queryBytesMax: 10 } });
  await push(profiles('t', 3));
  await assert.rejects(
    queries.flamegraph(callOf('t'), STACKS),
    rejectsAs('resource_exhausted', { limitBytes: 10, tenant: 't' }),
  );
});

test('a query that takes too long ends, names the limit, and its tasks are told to stop', async () => {
  const [begun, stopped] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { queries, push } = createTestFrontend({
    deadline: begun.promise,
    wrap: () => (_, signal) => {
      signal.addEventListener('abort', () => stopped.resolve());
      begun.resolve();
      return new Promise(() => {});
    },
  });
  await push(profiles('t', 3));
  await assert.rejects(
    queries.flamegraph(callOf('t'), STACKS),
    rejectsAs('deadline_exceeded', { limitMs: 60_000, option: 'query.timeout', tenant: 't' }),
  );
  await stopped.promise;
});

test('a call with a commit token reads what was pushed, or says that it cannot yet', async () => {
  const { queries, push, tokenOf } = createTestFrontend();
  const token = await push(profiles('t', 3));
  assert.ok((await queries.flamegraph(callOf('t', token), STACKS)).total > 0n);
  await assert.rejects(queries.flamegraph(callOf('t', tokenOf(3)), STACKS), rejectsAs('unavailable'));
  await assert.rejects(queries.flamegraph(callOf('t', 'forged'), STACKS), rejectsAs('invalid_argument'));
});

test('a missing object means a new snapshot, once', async () => {
  let missing = 0;
  const { queries, push } = createTestFrontend({
    wrap: (execute) => (task, signal) =>
      missing-- > 0 ? Promise.reject(new FlamelakeError('not_found', 'object is gone')) : execute(task, signal),
  });
  await push(profiles('t', 3));
  missing = 1;
  assert.ok((await queries.flamegraph(callOf('t'), STACKS)).total > 0n);
  missing = 2;
  await assert.rejects(queries.flamegraph(callOf('t'), STACKS), rejectsAs('unavailable', { retryAfterSeconds: 1 }));
});

test('a canceled call ends', async () => {
  const { queries, push } = createTestFrontend();
  await push(profiles('t', 3));
  const call = { ...callOf('t'), signal: AbortSignal.abort() };
  await assert.rejects(queries.flamegraph(call, STACKS), rejectsAs('canceled'));
});

test('a range may be too long, and what lies too far back is left out', async () => {
  const { queries, push } = createTestFrontend({ limits: { rangeMsMax: 60_001, lookbackMsMax: 29_990 } });
  await push(profiles('t', 20));
  const all = await queries.selectSeries(callOf('t'), { ...SERIES, stepSeconds: 0.001 });
  assert.equal(Math.min(...all.flatMap(({ timestampsMs }) => [...timestampsMs])), NOW_MS - 29_990);
  const old = { ...STACKS, startMs: NOW_MS - 3_600_000, endMs: NOW_MS - 1_800_000 };
  assert.equal((await queries.flamegraph(callOf('t'), old)).total, 0n);
  const ahead = { ...STACKS, endMs: NOW_MS + 60_000 };
  await assert.rejects(queries.flamegraph(callOf('t'), ahead), rejectsAs('invalid_argument', { limitMs: 60_001 }));
  await assert.rejects(
    queries.heatmap(callOf('t'), { ...SERIES, endMs: NOW_MS + 60_000, points: 'profiles' }),
    rejectsAs('invalid_argument', { limitMs: 60_001 }),
  );
});
