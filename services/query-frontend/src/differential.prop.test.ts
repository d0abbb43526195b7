/**
 * Every kind of query against plain sums over the same profiles, however they are spread over segments and a block, without a cache
 * and with one that is cold, hot, shared by two frontends, or failing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryCache } from '@flamelake/cache';
import { decodePprof } from '@flamelake/formats';
import { type Cache, compileMatchers, labelsKey, matchLabels, parseSelector } from '@flamelake/model';
import { createMetrics } from '@flamelake/runtime';
import { createSeededRandom } from '@flamelake/testkit';
import * as fc from 'fast-check';
import {
  hex,
  labelsOf,
  type PlainProfile,
  type PlainSample,
  pathsOf,
  profiles,
  recordOf,
  stacksOf,
  timeOf,
  totalOf,
  uuidOf,
} from './differential.test-support.ts';
import { callOf, createTestFrontend, NOW_MS } from './frontend.test-support.ts';
import type { Queries, SeriesQuery, StacktraceQuery } from './queries.ts';

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const SELECTORS = ['{}', '{service_name="cart"}', '{zone!="x"}', '{zone=~".+"}'];
/** A cache every third call of which fails, as the port says: reads find nothing, writes are lost. */
function failing(cache: Cache): Cache {
  let calls = 0;
  const fails = () => ++calls % 3 === 0;
  return {
    get: (key) => (fails() ? Promise.resolve(undefined) : cache.get(key)),
    set: (key, value) => (fails() ? Promise.resolve() : cache.set(key, value)),
    close: () => cache.close(),
  };
}

const asked = fc.record({
  tenant: fc.constantFrom('t', 'u', 't|u'),
  selector: fc.constantFrom(...SELECTORS),
  otherSelector: fc.constantFrom(...SELECTORS),
  fromAgeMs: fc.integer({ min: 0, max: 70 }),
  lengthMs: fc.integer({ min: 0, max: 70 }),
  stepMs: fc.integer({ min: 1, max: 40 }),
  groupBy: fc.subarray(['service_name', 'zone']),
  aggregation: fc.constantFrom('sum' as const, 'average' as const),
  limit: fc.integer({ min: 0, max: 2 }),
  callSite: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
  span: fc.integer({ min: 1, max: 2 }),
  trace: fc.integer({ min: 1, max: 2 }),
});
type Asked = typeof asked extends fc.Arbitrary<infer Value> ? Value : never;

/** The questions of a case, by name. */
function questionsOf(one: Asked, chosen: number) {
  const endMs = NOW_MS - one.fromAgeMs + one.lengthMs;
  const stacks: StacktraceQuery = {
    startMs: NOW_MS - one.fromAgeMs,
    endMs,
    profileTypeId: CPU,
    labelSelector: one.selector,
    maxNodes: 10_000,
  };
  const { groupBy, aggregation, limit } = one;
  const series: SeriesQuery = {
    ...stacks,
    groupBy,
    aggregation,
    limit,
    stepSeconds: one.stepMs / 1_000,
    hasExemplars: true,
  };
  const none = { profileIds: [], spanIds: [], traceIds: [] };
  return {
    stacks,
    series,
    other: { ...stacks, labelSelector: one.otherSelector },
    callSite: { ...stacks, callSite: one.callSite },
    profile: { ...stacks, choice: { ...none, profileIds: [uuidOf(chosen)] } },
    spans: { ...stacks, choice: { ...none, spanIds: [hex(one.span, 16)] } },
    traces: { ...stacks, choice: { ...none, traceIds: [hex(one.trace, 32)] } },
  };
}

/** All answers to them. */
async function askAll(queries: Queries, tenant: string, one: Asked, chosen: number) {
  const { stacks, series, other, ...choices } = questionsOf(one, chosen);
  const call = callOf(tenant);
  return {
    whole: await queries.flamegraph(call, stacks),
    few: await queries.flamegraph(call, { ...stacks, maxNodes: 2 }),
    callSite: await queries.flamegraph(call, choices.callSite),
    profile: await queries.flamegraph(call, choices.profile),
    spans: await queries.flamegraph(call, choices.spans),
    traces: await queries.flamegraph(call, choices.traces),
    pprof: await queries.pprof(call, stacks),
    tree: await queries.tree(call, stacks),
    diff: await queries.diff(call, stacks, other),
    series: await queries.selectSeries(call, series),
    heatmap: await queries.heatmap(call, { ...series, points: 'profiles' }),
    spanHeatmap: await queries.heatmap(call, { ...series, points: 'spans' }),
    values: await queries.labelValues(call, stacks, 'zone', [one.selector]),
    sets: await queries.series(call, stacks, [one.selector], ['service_name', 'zone']),
    estimate: await queries.analyze(call, stacks, `${CPU}${one.selector}`),
    stats: tenant.includes('|') ? undefined : await queries.stats(call),
  };
}

interface NumberedProfile extends PlainProfile {
  readonly number: number;
}

function checkAnswers(
  answers: Awaited<ReturnType<typeof askAll>>,
  all: readonly NumberedProfile[],
  one: Asked,
  chosen: number,
): void {
  const { stacks, series } = questionsOf(one, chosen);
  const select = (selector: string, fromMs = stacks.startMs) => {
    const matchers = compileMatchers(parseSelector(selector));
    return all.filter(
      (profile) =>
        one.tenant.split('|').includes(profile.tenant) &&
        timeOf(profile) >= fromMs &&
        timeOf(profile) <= stacks.endMs &&
        matchLabels(matchers, labelsOf(profile)),
    );
  };
  const selected = select(one.selector);
  const samples = selected.flatMap((profile) => profile.samples);
  const sum = (some: readonly PlainSample[]) => some.reduce((total, { value }) => total + value, 0n);

  assert.deepEqual(pathsOf(answers.whole), stacksOf(samples));
  assert.equal(answers.whole.total, sum(samples));
  assert.equal(answers.few.total, sum(samples));
  assert.equal(
    [...pathsOf(answers.few).values()].reduce((a, b) => a + b, 0n),
    sum(samples),
  );
  const below = samples.filter(({ frames }) => one.callSite.every((name, i) => frames[i] === name));
  assert.deepEqual(pathsOf(answers.callSite), stacksOf(below));
  assert.deepEqual(
    pathsOf(answers.profile),
    stacksOf(selected.filter(({ number }) => number === chosen).flatMap((profile) => profile.samples)),
  );
  assert.deepEqual(pathsOf(answers.spans), stacksOf(samples.filter(({ span }) => span === one.span)));
  assert.deepEqual(pathsOf(answers.traces), stacksOf(samples.filter(({ trace }) => trace === one.trace)));
  assert.equal(
    decodePprof(answers.pprof).values.reduce((a, b) => a + b, 0n),
    sum(samples),
  );
  assert.equal(answers.tree.length === 0, samples.length === 0);

  const others = select(one.otherSelector).flatMap((profile) => profile.samples);
  assert.deepEqual(pathsOf(answers.diff, 0), stacksOf(samples));
  assert.deepEqual(pathsOf(answers.diff, 1), stacksOf(others));
  assert.deepEqual([answers.diff.leftTicks, answers.diff.rightTicks], [sum(samples), sum(others)]);

  checkSeries(answers.series, select(one.selector, stacks.startMs - one.stepMs), series, one);
  // What lies in the step before the start is in the first point.
  const points = select(one.selector, stacks.startMs - one.stepMs);
  checkHeatmap(answers.heatmap, points.map(totalOf), one);
  const spans = points.flatMap((profile) => profile.samples.filter(({ span }) => span !== 0).map(({ value }) => value));
  checkHeatmap(answers.spanHeatmap, spans, one);

  assert.deepEqual(answers.values, [...new Set(selected.map(({ zone }) => zone))].filter((zone) => zone !== '').sort());
  assert.deepEqual(
    new Set(answers.sets.map(labelsKey)),
    new Set(selected.map((profile) => labelsKey(labelsOf(profile)))),
  );
  const streams = new Set(
    selected.map((profile) => labelsKey([...labelsOf(profile), { name: '', value: profile.tenant }])),
  );
  assert.equal(answers.estimate.series, streams.size);
  assert.ok(selected.length === 0 || answers.estimate.bytes > 0);
  if (answers.stats === undefined) return;
  const times = all.filter(({ tenant }) => tenant === one.tenant).map(timeOf);
  assert.equal(answers.stats.dataIngested, times.length > 0);
  if (times.length === 0) return;
  assert.deepEqual(
    [answers.stats.oldestProfileMs, answers.stats.newestProfileMs],
    [Math.min(...times), Math.max(...times)],
  );
}

function checkSeries(
  found: Awaited<ReturnType<Queries['selectSeries']>>,
  wanted: readonly NumberedProfile[],
  { startMs, endMs }: SeriesQuery,
  { groupBy, aggregation, limit, stepMs }: Asked,
): void {
  const groups = new Map<string, { total: bigint; points: Map<number, NumberedProfile[]> }>();
  for (const profile of wanted) {
    const key = labelsKey(labelsOf(profile).filter(({ name }) => groupBy.includes(name)));
    const group = groups.get(key) ?? { total: 0n, points: new Map<number, NumberedProfile[]>() };
    groups.set(key, group);
    group.total += totalOf(profile);
    const step = Math.max(0, Math.ceil((timeOf(profile) - startMs) / stepMs));
    const edgeMs = Math.min(startMs + step * stepMs, endMs);
    group.points.set(edgeMs, [...(group.points.get(edgeMs) ?? []), profile]);
  }
  const heaviest = [...groups.values()].map(({ total }) => total).sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  const shown = limit > 0 ? heaviest.slice(0, limit) : heaviest;
  assert.deepEqual(
    found.map(({ labels }) => groups.get(labelsKey(labels))?.total),
    shown,
  );
  for (const { labels, timestampsMs, values, exemplars } of found) {
    const { points } = groups.get(labelsKey(labels)) ?? { points: new Map<number, NumberedProfile[]>() };
    assert.deepEqual(
      [...timestampsMs],
      [...points.keys()].sort((a, b) => a - b),
    );
    for (const [i, timeMs] of timestampsMs.entries()) {
      const inside = points.get(timeMs) ?? [];
      const sum = Number(inside.reduce((total, profile) => total + totalOf(profile), 0n));
      assert.equal(values[i], aggregation === 'sum' ? sum : sum / inside.length);
      const exemplar = exemplars?.get(timeMs);
      const named = inside.find(({ number }) => uuidOf(number) === exemplar?.profileId);
      assert.ok(exemplar !== undefined && named !== undefined);
      assert.equal(exemplar.value, totalOf(named));
      assert.ok(inside.every((profile) => totalOf(profile) <= exemplar.value));
    }
  }
}

function checkHeatmap(
  { edges, series }: Awaited<ReturnType<Queries['heatmap']>>,
  values: readonly bigint[],
  { limit }: Asked,
): void {
  if (values.length === 0) {
    assert.deepEqual(series, []);
    return;
  }
  const smallest = values.reduce((a, b) => (a < b ? a : b));
  assert.deepEqual([edges.length, edges[0]], [20, Number(smallest)]);
  const count = series.flatMap(({ slots }) => slots.flatMap(({ counts }) => counts)).reduce((a, b) => a + b, 0);
  if (limit === 0) assert.equal(count, values.length);
  else assert.ok(series.length <= limit && count <= values.length);
}

test('every query equals plain sums, with and without a cache', async () => {
  const spread = fc.record({ cut: fc.nat(10), folds: fc.boolean() });
  /** Each is asked again of a range that has moved, with another step. */
  const slide = fc.record({ byMs: fc.integer({ min: 1, max: 20 }), stepMs: fc.integer({ min: 1, max: 40 }) });
  await fc.assert(
    fc.asyncProperty(
      profiles,
      spread,
      fc.array(asked, { minLength: 1, maxLength: 2 }),
      slide,
      async (plain, { cut, folds }, dashboards, { byMs, stepMs }) => {
        const all = dashboards.flatMap((one) => [one, { ...one, fromAgeMs: one.fromAgeMs - byMs, stepMs }]);
        const world = createTestFrontend();
        const numbered = plain.map((profile, number) => ({ ...profile, number }));
        const records = plain.map(recordOf);
        const parts = [records.slice(0, cut), records.slice(cut)].filter((part) => part.length > 0);
        for (const [i, part] of parts.entries()) {
          await world.push(part);
          if (folds && i === 0) await world.fold(createSeededRandom(cut));
        }
        const newCache = () => createMemoryCache({ bytesMax: 10_000_000, metrics: createMetrics() });
        const shared = newCache();
        const [cached, beside] = [world.queriesWith(shared), world.queriesWith(shared)];
        const broken = world.queriesWith(failing(newCache()));
        for (const one of all) {
          const chosen = one.fromAgeMs % Math.max(1, plain.length);
          const answers = await askAll(world.queries, one.tenant, one, chosen);
          checkAnswers(answers, numbered, one, chosen);
          // Cold, then hot, of a frontend that shares what the first learnt; the next question finds what this one left.
          for (const queries of [cached, cached, beside, broken, broken]) {
            assert.deepEqual(await askAll(queries, one.tenant, one, chosen), answers);
          }
        }
      },
    ),
    { numRuns: 20 },
  );
});
