/** Answers with a cache of results – cold, hot, forgetful, failing, full of other things – equal answers without. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockReader } from '@flamelake/block';
import type { PendingDelete } from '@flamelake/catalog';
import { type Cache, FlamelakeError, LABEL, UNBOUNDED_MEMORY } from '@flamelake/model';
import { createSeededRandom, randomProfileRecord, type SeededRandom } from '@flamelake/testkit';
import * as fc from 'fast-check';
import { executeCachedTask } from './execute-cached-task.ts';
import { executeTask } from './execute-task.ts';
import { createPartialResult, mergePartialResult, type PartialResult } from './partial-result.ts';
import { encodePartialResult } from './partial-result-codec.ts';
import { planQuery } from './plan.ts';
import { renderFlamegraph } from './render-flamegraph.ts';
import { renderPprof } from './render-pprof.ts';
import type { Question, Selection, Task } from './task.ts';
import { blockOf, openFrom, optionsFor } from './test-blocks.ts';
import { snapshotOf } from './test-snapshots.ts';
import { renderTimeSeries } from './time-series.ts';

const START_MS = 1_700_000_000_000;
/** Little time, so that many ends of ranges, steps, deletes and datasets fall on one another. */
const SPAN_MS = 12;
const CPU_TYPE = {
  name: 'process_cpu',
  sampleType: 'cpu',
  sampleUnit: 'nanoseconds',
  periodType: 'cpu',
  periodUnit: 'nanoseconds',
};
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const SELECTORS = ['{}', '{service_name="cart"}', '{ service_name = "cart" }', '{region!="eu"}', '{thread=~"t1|"}'];

interface World {
  /** What times are counted in, ms: ends of ranges fall into one slice of a dataset, or far apart. */
  readonly unitMs: number;
  readonly blocks: readonly BlockReader[];
  readonly deletes: readonly PendingDelete[];
}

/** Folded blocks and segments of two tenants. */
function worldOf(random: SeededRandom): World {
  const unitMs = random.pick([1, 1, 700_000, 7_200_000]);
  const blocks = Array.from({ length: 1 + random.integer(4) }, (_, number) => {
    const records = Array.from({ length: 1 + random.integer(6) }, () =>
      randomProfileRecord(random, { tenants: ['t', 'u'], timeMs: timeOf(random, unitMs, 0, SPAN_MS) }),
    );
    return blockOf(records, number + 1, random.integer(4) === 0 ? 0 : 1);
  });
  const deletes = Array.from({ length: random.integer(7) }, (_, i): PendingDelete => {
    const fromMs = timeOf(random, unitMs, -2, SPAN_MS);
    const what = { tenant: random.pick(['t', 'u']), selector: random.pick(SELECTORS), fromMs };
    return { ...what, untilMs: fromMs + random.integer(5) * unitMs, id: `${i}`, version: 5, chainEnd: 1_000 };
  });
  return { unitMs, blocks, deletes };
}

/** One of `span` times from the start on, and a ms more or less. */
function timeOf(random: SeededRandom, unitMs: number, from: number, span: number): number {
  return START_MS + (from + random.integer(span)) * unitMs + random.integer(3) - 1;
}

/** A question as clients ask it; few different values, so that questions are nearly the same. */
function askedOf(random: SeededRandom, unitMs: number): { question: Question; selection: Selection } {
  const fromMs = random.pick([0, timeOf(random, unitMs, 0, SPAN_MS)]);
  const untilMs = random.pick([Number.MAX_SAFE_INTEGER, timeOf(random, unitMs, 0, SPAN_MS + 3)]);
  const stepMs = random.pick([1, 3, 5, 2.5]) * unitMs;
  const grid = {
    startMs: timeOf(random, unitMs, -5, SPAN_MS),
    endMs: timeOf(random, unitMs, 0, 2 * SPAN_MS),
    stepMs,
  };
  const question = random.pick<Question>([
    { kind: 'functions' },
    { kind: 'locations' },
    { kind: 'timeSeries', grid, groupBy: random.pick([[], ['region'], ['thread', 'region'], [LABEL.tenantId]]) },
    { kind: 'labelSets', names: undefined },
    { kind: 'labelSets', names: random.pick([['region'], ['thread', 'region'], ['region', 'thread']]) },
    { kind: 'labelNames' },
    { kind: 'extent', points: random.pick(['profiles', 'spans']) },
  ]);
  const isSeries = question.kind === 'timeSeries';
  const selection = {
    tenants: random.pick([['t'], ['u'], ['t', 'u']]),
    fromMs: isSeries ? grid.startMs - grid.stepMs : fromMs,
    untilMs: isSeries ? grid.endMs + 1 : untilMs,
    selectors: random.pick([[], [random.pick(SELECTORS)], [random.pick(SELECTORS), random.pick(SELECTORS)]]),
    profileTypeId: random.integer(2) === 0 ? CPU : undefined,
    namesTenants: random.chance(0.5),
  };
  return { question, selection };
}

function tasksOf({ blocks, deletes }: World, question: Question, selection: Selection, random: SeededRandom) {
  const placed = blocks.map(({ info }, i) => {
    const place = info.level === 0 ? { position: i } : { version: 1 };
    return { id: info.id, datasets: info.datasets, ...place };
  });
  const snapshot = snapshotOf(placed, random.integer(2) === 0 ? [] : deletes);
  return planQuery(snapshot, question, selection, { bytesTarget: random.pick([1, 1_000_000]) }).tasks;
}

async function merged(
  question: Question,
  tasks: readonly Task[],
  execute: (task: Task) => Promise<PartialResult>,
): Promise<PartialResult> {
  const sum = createPartialResult(question);
  for (const task of tasks) mergePartialResult(sum, await execute(task));
  return sum;
}

/** The answer as a client sees it: numbering of nodes and order of arrival left out. */
function draw(question: Question, result: PartialResult): unknown {
  switch (result.kind) {
    case 'functions':
      return renderFlamegraph(result.tree, 1_000);
    case 'locations':
      return renderPprof(result.tree, { type: CPU_TYPE, startMs: 1, endMs: 2 });
    case 'timeSeries':
      assert.ok(question.kind === 'timeSeries');
      return ['sum' as const, 'average' as const].map((how) => renderTimeSeries(result.groups, question.grid, how, 0));
    case 'labelSets':
      return [...result.sets.keys()].sort();
    case 'extent':
      return result.extent;
    case 'cells':
      return result.cells.groups;
  }
}

interface CountedCache extends Cache {
  readonly entries: Map<string, Uint8Array>;
}

function mapCache(): CountedCache {
  const entries = new Map<string, Uint8Array>();
  return {
    entries,
    get: async (key) => entries.get(key)?.slice(),
    set: async (key, value) => void entries.set(key, value.slice()),
    close: async () => {},
  };
}

/** What a shared cache may do once its values are authenticated: forget, and give what was set by another release. */
const CACHES: Readonly<Record<string, (random: SeededRandom) => Cache>> = {
  sound: mapCache,
  forgetful(random) {
    const inner = mapCache();
    return { ...inner, get: (key) => (random.integer(2) === 0 ? inner.get(key) : Promise.resolve(undefined)) };
  },
  failing: () => ({ ...mapCache(), get: () => Promise.resolve(undefined) }),
  damaging(random) {
    const inner = mapCache();
    return {
      ...inner,
      async get(key) {
        const value = await inner.get(key);
        if (value !== undefined && value.length > 0 && random.integer(2) === 0) {
          value[random.integer(value.length)] ^= 1 << random.integer(8);
        }
        return random.integer(3) === 0 ? value?.subarray(0, random.integer(value.length)) : value;
      },
    };
  },
};

for (const [name, cacheOf] of Object.entries(CACHES)) {
  test(`a ${name} cache changes no answer`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const random = createSeededRandom(seed);
        const world = worldOf(random);
        const options = optionsFor(openFrom(world.blocks), random.pick([1, 300, 1_000_000]));
        const results = { cache: cacheOf(random), storeId: 'store', onLookup: () => {} };
        // Different questions on one cache: none may get another's answer.
        for (let query = 0; query < 12; query++) {
          const { question, selection } = askedOf(random, world.unitMs);
          const tasks = tasksOf(world, question, selection, random);
          const plain = await merged(question, tasks, (task) => executeTask(task, options));
          for (const round of ['first', 'again']) {
            const cached = await merged(question, tasks, (task) => executeCachedTask(task, options, results));
            assert.deepEqual(draw(question, cached), draw(question, plain), round);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
}

test('what comes again is not computed again, at another end of the range neither', async () => {
  const random = createSeededRandom(5);
  const records = Array.from({ length: 8 }, () =>
    randomProfileRecord(random, { tenants: ['t'], services: ['a', 'b'], timeMs: START_MS + random.integer(60) }),
  );
  const blocks = [blockOf(records, 1, 1), blockOf(records.slice(0, 3), 2, 0)];
  const opened: string[] = [];
  const options = optionsFor((object) => {
    opened.push(object.id);
    return openFrom(blocks)(object, new AbortController().signal, UNBOUNDED_MEMORY);
  });
  const lookups: boolean[] = [];
  const cache = mapCache();
  const results = { cache, storeId: 'store', onLookup: (isHit: boolean) => void lookups.push(isHit) };
  const ask = async (question: Question, others: Partial<Selection> = {}) => {
    const all = { tenants: ['t'], fromMs: 0, untilMs: START_MS + 100, selectors: ['{}'], profileTypeId: CPU };
    const world = { unitMs: 1, blocks, deletes: [] };
    opened.length = 0;
    lookups.length = 0;
    const tasks = tasksOf(world, question, { ...all, ...others }, random);
    const result = await merged(question, tasks, (task) => executeCachedTask(task, options, results));
    return { result, opened: [...new Set(opened)], lookups: [...lookups] };
  };
  const [folded, segment] = blocks.map((block) => block.info.id);
  const first = await ask({ kind: 'functions' });
  assert.deepEqual([first.opened.sort(), first.lookups], [[folded, segment].sort(), [false, false]]);
  for (const key of cache.entries.keys()) assert.match(key, new RegExp(`^store/result/${folded}/[0-9a-f]{64}$`));
  const again = await ask({ kind: 'functions' }, { untilMs: START_MS + 200, selectors: ['{ }'] });
  assert.deepEqual([again.opened, again.lookups], [[segment], [true, true]]);
  // The dashboard moves: the slice at its edge is kept by profile.
  const inDatasets = blocks[0].info.datasets.filter(({ maxTimeMs }) => maxTimeMs >= START_MS + 31).length;
  assert.ok(inDatasets > 0);
  assert.ok((await ask({ kind: 'functions' }, { fromMs: START_MS + 30 })).lookups.includes(false));
  const moved = await ask({ kind: 'functions' }, { fromMs: START_MS + 31 });
  assert.deepEqual([moved.opened, moved.lookups], [[segment], Array.from({ length: inDatasets }, () => true)]);
  for (const question of [{ kind: 'labelNames' }, { kind: 'labelSets', names: ['region'] }] as const) {
    const { datasets } = blocks[0].info;
    const insideMs = Math.max(...datasets.map(({ minTimeMs }) => minTimeMs)) + 1;
    assert.deepEqual((await ask(question, { fromMs: insideMs })).lookups, [false, false]);
    for (const fromMs of [insideMs + 1, Math.min(...datasets.map(({ maxTimeMs }) => maxTimeMs))]) {
      assert.ok(fromMs > insideMs);
      assert.deepEqual((await ask(question, { fromMs })).lookups, [true, true]);
    }
  }
  // A dashboard whose range and steps move.
  const grid = { startMs: START_MS - 50, endMs: START_MS + 100, stepMs: 10 };
  const series = (laterMs: number, stepMs: number): [Question, Partial<Selection>] => {
    const own = { startMs: grid.startMs + laterMs, endMs: grid.endMs + laterMs, stepMs };
    const range = { fromMs: own.startMs - stepMs, untilMs: own.endMs + 1 };
    return [{ kind: 'timeSeries', grid: own, groupBy: ['region'] }, range];
  };
  assert.deepEqual((await ask(...series(0, 10))).lookups, [false, false]);
  for (const moved of [series(30, 10), series(3, 10), series(61, 7), series(3, 2.5)]) {
    assert.deepEqual((await ask(...moved)).lookups, [true, true]);
  }
});

test('a result is taken for its own block, dataset and question only', async () => {
  const random = createSeededRandom(6);
  const record = () => randomProfileRecord(random, { tenants: ['t'], services: ['a'], timeMs: START_MS });
  const block = blockOf([record(), record()], 1, 1);
  const cache = mapCache();
  const results = { cache, storeId: 'store', onLookup: () => {} };
  const options = optionsFor(openFrom([block]));
  const task = (question: Question): Task => ({
    question,
    selection: { tenants: ['t'], fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER, selectors: [], profileTypeId: CPU },
    parts: [
      {
        object: { key: 'k', id: block.info.id, etag: undefined, sizeBytes: 1 },
        datasets: block.info.datasets,
        deletes: [],
      },
    ],
    estimatedBytes: 1,
  });
  const right = await executeCachedTask(task({ kind: 'functions' }), options, results);
  const [key] = cache.entries.keys();
  // A result of another kind, and bytes that are none.
  for (const wrong of [encodePartialResult(createPartialResult({ kind: 'labelNames' })), new Uint8Array(9)]) {
    cache.entries.set(key, wrong);
    const answer = await executeCachedTask(task({ kind: 'functions' }), options, results);
    assert.deepEqual(draw({ kind: 'functions' }, answer), draw({ kind: 'functions' }, right));
  }
  // One of another tenant's dataset is not even looked up.
  const [part] = task({ kind: 'functions' }).parts;
  const datasets = [{ tenant: 'u', service: 'a', minTimeMs: 0, maxTimeMs: 1 }];
  const told = { ...task({ kind: 'functions' }), parts: [{ ...part, datasets }] };
  const none = await executeCachedTask(told, options, { ...results, onLookup: () => assert.fail('was looked up') });
  assert.ok(none.kind === 'functions' && none.tree.stacks.total === 0n);
  const gone = optionsFor(() => Promise.reject(new FlamelakeError('not_found', 'object is gone')));
  await assert.rejects(executeCachedTask(task({ kind: 'locations' }), gone, results), { code: 'not_found' });
});
