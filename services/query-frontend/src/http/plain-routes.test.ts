/** `/pyroscope/render` and its neighbours over profiles in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRandom, naiveMerge, naiveTotal, randomProfileRecord } from '@flamelake/testkit';
import { callOf, createTestFrontend, NOW_MS } from '../frontend.test-support.ts';
import { plainRoutes } from './plain-routes.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

interface Timeline {
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly durationDelta: number;
}

interface Flamebearer {
  readonly version: number;
  readonly flamebearer: { readonly names: string[]; readonly levels: number[][]; readonly numTicks: number };
  readonly metadata: object;
  readonly timeline?: Timeline;
  readonly groups?: Readonly<Record<string, Timeline>> | null;
  readonly leftTicks?: number;
  readonly rightTicks?: number;
}

async function world() {
  let snapshots = 0;
  const onSnapshot = () => snapshots++;
  const { queries, clock, push, fold } = createTestFrontend({ onSnapshot });
  const random = createSeededRandom(3);
  const records = Array.from({ length: 12 }, (_, i) =>
    randomProfileRecord(random, { tenants: ['t'], timeMs: NOW_MS - 60_000 + 5_000 * i }),
  );
  await push(records);
  const routes = plainRoutes(queries, clock);
  const get = async (path: string, parameters: Record<string, string>, tenant = 't') => {
    const route = routes.find(({ paths }) => paths.includes(path));
    assert.ok(route, path);
    return route.answer(new URLSearchParams(parameters), callOf(tenant));
  };
  const getJson = async (path: string, parameters: Record<string, string>): Promise<Flamebearer> => {
    const { contentType, body } = await get(path, parameters);
    assert.equal(contentType, 'application/json');
    return JSON.parse(String(body));
  };
  return {
    get,
    getJson,
    snapshots: () => snapshots,
    /** Of the profiles that have values of the type. */
    async profileIds(): Promise<readonly string[]> {
      const range = { startMs: NOW_MS - 3_600_000, endMs: NOW_MS };
      const { series } = await queries.heatmap(callOf('t'), {
        ...range,
        profileTypeId: CPU,
        labelSelector: '{}',
        groupBy: [],
        stepSeconds: 1,
        points: 'profiles',
        hasExemplars: true,
        limit: 0,
      });
      return series.flatMap(({ slots }) => slots.flatMap(({ exemplars }) => exemplars.map((one) => one.profileId)));
    },
    fold: () => fold(random),
    total: Number(naiveTotal(naiveMerge(records, { profileTypeId: CPU }))),
  };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

test('a render has flame graph, timeline and groups with one total', async () => {
  const { getJson, total } = await world();
  const query = { query: `${CPU}{}`, from: 'now-1h', until: String(NOW_MS), groupBy: 'region' };
  const { version, flamebearer, metadata, timeline, groups } = await getJson('/pyroscope/render', query);
  assert.equal(version, 1);
  assert.equal(flamebearer.names[0], 'total');
  assert.deepEqual(flamebearer.levels[0], [0, total, 0, 0]);
  assert.equal(flamebearer.numTicks, total);
  assert.deepEqual(metadata, {
    format: 'single',
    spyName: '',
    sampleRate: 1_000_000_000,
    units: 'samples',
    name: 'cpu',
  });
  assert.ok(timeline);
  assert.deepEqual([timeline.startTime, timeline.durationDelta], [(NOW_MS - 3_600_000) / 1_000, 15]);
  assert.equal(timeline.samples.length, 3_600 / 15 + 1);
  assert.equal(sum(timeline.samples), total);
  assert.deepEqual(Object.keys(groups ?? {}).sort(), ['eu', 'us']);
  assert.equal(sum(Object.values(groups ?? {}).flatMap(({ samples }) => samples)), total);
});

test('no group label, no data, and the old path', async () => {
  const { getJson, total } = await world();
  const plain = await getJson('/render', { query: CPU });
  assert.deepEqual([plain.groups, plain.flamebearer.numTicks], [null, total]);
  const none = await getJson('/pyroscope/render', { query: `${CPU}{service_name="none"}` });
  assert.deepEqual(none.flamebearer.levels, [[0, 0, 0, 0]]);
  assert.equal(sum(none.timeline?.samples ?? []), 0);
});

test('a render is narrowed to a call site, or to single profiles', async () => {
  const { get, getJson, total, profileIds } = await world();
  const whole = await getJson('/pyroscope/render', { query: CPU });
  const { names, levels } = whole.flamebearer;
  const [, width = 0, , name = 0] = levels[1] ?? [];
  const root = names[name] ?? '';
  const below = await getJson('/pyroscope/render', { query: CPU, callSite: root });
  assert.ok(width > 0 && width < total);
  assert.deepEqual([below.flamebearer.numTicks, below.timeline, below.groups], [width, null, null]);
  const dot = async (more: object) =>
    String((await get('/pyroscope/render', { query: CPU, format: 'dot', ...more })).body);
  assert.ok((await dot({ callSite: root })).length < (await dot({})).length);
  assert.equal((await getJson('/render', { query: CPU, callSite: 'nowhere' })).flamebearer.numTicks, 0);
  const unsaid = await getJson('/render', { query: CPU, callSite: '', profileId: '' });
  assert.deepEqual(unsaid.flamebearer, whole.flamebearer);
  const ids = await profileIds();
  const totals = await Promise.all(
    ids.map(async (profileId) => {
      const { flamebearer, timeline } = await getJson('/pyroscope/render', { query: CPU, profileId });
      assert.equal(sum(timeline?.samples ?? []), flamebearer.numTicks);
      return flamebearer.numTicks;
    }),
  );
  assert.deepEqual([sum(totals), totals.every((one) => one > 0)], [total, true]);
});

test('a diff has both totals', async () => {
  const { getJson, total } = await world();
  const sides = { leftQuery: `${CPU}{}`, rightQuery: `${CPU}{region="eu"}`, 'max-nodes': '5' };
  const { flamebearer, metadata, leftTicks, rightTicks, timeline } = await getJson('/pyroscope/render-diff', sides);
  assert.equal(leftTicks, total);
  assert.equal(flamebearer.numTicks, total + (rightTicks ?? 0));
  assert.equal(flamebearer.levels[0]?.length, 7);
  assert.match(JSON.stringify(metadata), /"format":"double"/);
  assert.equal(timeline, undefined);
});

test('dot and label values', async () => {
  const { get } = await world();
  const dot = await get('/pyroscope/render', { query: CPU, format: 'dot' });
  assert.match(dot.contentType, /^text\/plain/);
  assert.match(String(dot.body), /^digraph /);
  const values = async (label: string) => JSON.parse(String((await get('/pyroscope/label-values', { label })).body));
  assert.deepEqual(await values('region'), ['eu', 'us']);
  assert.ok((await values('__name__')).includes(CPU));
  assert.deepEqual(await values('absent'), []);
});

test('what is wrong is an invalid argument', async () => {
  const { get } = await world();
  const bad: readonly (readonly [string, Record<string, string>])[] = [
    ['/pyroscope/render', {}],
    ['/pyroscope/render', { query: 'cpu' }],
    ['/pyroscope/render', { query: `${CPU}{` }],
    ['/pyroscope/render', { query: CPU, from: 'yesterday' }],
    ['/pyroscope/render', { query: CPU, until: 'x' }],
    ['/pyroscope/render', { query: CPU, 'max-nodes': '-1' }],
    ['/pyroscope/render', { query: CPU, aggregation: 'median' }],
    ['/pyroscope/render', { query: CPU, profileId: 'x' }],
    ['/pyroscope/render-diff', { leftQuery: CPU, rightQuery: 'process_cpu:samples:count:cpu:nanoseconds' }],
    ['/pyroscope/label-values', {}],
  ];
  for (const [path, parameters] of bad) {
    await assert.rejects(get(path, parameters), { code: 'invalid_argument' }, JSON.stringify(parameters));
  }
});

test('a tenant is told where its data is, and nothing of others', async () => {
  const { get, fold, snapshots } = await world();
  const stored = async (tenant: string) => JSON.parse(String((await get('/api/v1/status/data', {}, tenant)).body));
  const before = await stored('t');
  assert.equal(snapshots(), 1, 'stats and levels are of the same moment');
  assert.equal(before.dataIngested, true);
  assert.deepEqual([before.levels.length, before.levels[0].level, before.levels[0].blocks], [1, 0, 1]);
  assert.ok(before.levels[0].bytes > 0);
  await fold();
  const after = await stored('t');
  assert.deepEqual([after.levels.length, after.levels[0].level, after.levels[0].blocks], [1, 1, 1]);
  const times = { oldestProfileMs: 0, newestProfileMs: 0, countedFromMs: 0 };
  const other = { dataIngested: false, ...times, levels: [], pendingDeletes: 0, pins: 0 };
  assert.deepEqual(await stored('other'), other);
  await assert.rejects(stored('t|other'), /stored data is told of exactly one tenant/);
});
