/** Chosen profiles and spans, heat maps, exemplars and focused trees against the plain model, whatever the blocks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BlockReader, profileUuid } from '@flamelake/block';
import type { ProfileRecord } from '@flamelake/formats';
import { CPU_TYPE, createSeededRandom, randomProfileRecord, type SeededRandom } from '@flamelake/testkit';
import * as fc from 'fast-check';
import { compactedBlocks } from './compacted-blocks.test-support.ts';
import { executeTask } from './execute-task.ts';
import { dropLighterStacks, focusFunctionTree, focusLocationTree, keepLeaves } from './focus-tree.ts';
import { mergePartialResult, type PartialResult } from './partial-result.ts';
import { decodePartialResult, encodePartialResult } from './partial-result-codec.ts';
import { planQuery } from './plan.ts';
import { renderFlamegraph } from './render-flamegraph.ts';
import { bucketEdges, heatmapBuckets, renderHeatmap } from './render-heatmap.ts';
import { renderPprof } from './render-pprof.ts';
import type { PointKind, Question, SampleChoice, Selection } from './task.ts';
import { decodeTask, encodeTask } from './task-codec.ts';
import { blockOf, foldBlocks, mergeModel, modelRows, openFrom, optionsFor } from './test-blocks.ts';
import { snapshotOf } from './test-snapshots.ts';
import { barsOf, selfsOf } from './test-stacks.ts';

const START_MS = 1_700_000_000_000;
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const HEADER = { type: CPU_TYPE, startMs: 1, endMs: 2 };

/** Profiles of one type, some of whose samples have spans; spread over blocks. */
async function caseOf(seed: number) {
  const random = createSeededRandom(seed);
  const records = Array.from({ length: 1 + random.integer(12) }, () =>
    withTimes(
      random,
      withSpans(
        random,
        randomProfileRecord(random, { tenants: ['t'], types: [CPU_TYPE], timeMs: START_MS + random.integer(100) }),
      ),
    ),
  );
  const half = records.length >> 1;
  const parts = [records.slice(0, half), records.slice(half)].filter((part) => part.length > 0);
  const segments = parts.map((part, i) => blockOf(part, i));
  const blocks = await random.pick([
    () => Promise.resolve(segments),
    async () => [await foldBlocks(segments, 99)],
    () => compactedBlocks(random, records, 10 + random.integer(30)),
  ])();
  return { random, records, segments, blocks };
}

function withSpans(random: SeededRandom, record: ProfileRecord): ProfileRecord {
  const groups = record.groups.map((group) => ({
    ...group,
    spanIds: BigUint64Array.from({ length: group.sampleCount }, () => BigInt(random.integer(3))),
    traceIds: Uint8Array.from({ length: 16 * group.sampleCount }, (_, i) => (i % 16 === 15 ? random.integer(3) : 0)),
  }));
  return { ...record, groups };
}

/** Some profiles know when samples were taken, some of those without a time. */
function withTimes(random: SeededRandom, record: ProfileRecord): ProfileRecord {
  if (random.chance(0.5)) return record;
  const groups = record.groups.map((group) => {
    const counts = Array.from({ length: group.sampleCount }, () => random.integer(3));
    const start = new Uint32Array(counts.length + 1);
    counts.forEach((count, i) => {
      start[i + 1] = start[i] + count;
    });
    // Ascending as they must be, before the profile's time and after the range too.
    const offsetMs = Int32Array.from({ length: start[counts.length] }, (_, i) => i * 40 - 20);
    return { ...group, times: { start, offsetMs } };
  });
  return { ...record, groups };
}

function selectionOf(choice?: SampleChoice): Selection {
  const whole = { tenants: ['t'], fromMs: START_MS, untilMs: START_MS + 1_000, selectors: ['{}'], profileTypeId: CPU };
  return choice === undefined ? whole : { ...whole, choice };
}

/** Asks as a front end asks queriers: tasks and results as bytes. */
async function ask<K extends PartialResult['kind']>(
  blocks: readonly BlockReader[],
  question: Question & { kind: K },
  choice?: SampleChoice,
): Promise<Extract<PartialResult, { kind: K }>> {
  const placed = blocks.map(({ info }, i) => ({
    id: info.id,
    datasets: info.datasets,
    ...(info.level === 0 ? { position: i } : { version: 1 }),
  }));
  const plan = planQuery(snapshotOf(placed, []), question, selectionOf(choice), { bytesTarget: 1 });
  for (const task of plan.tasks) {
    const result = await executeTask(decodeTask(encodeTask(task)), optionsFor(openFrom(blocks)));
    mergePartialResult(plan.known, decodePartialResult(encodePartialResult(result)));
  }
  return plan.known as Extract<PartialResult, { kind: K }>;
}

function hex(id: number, digits: number): string {
  return id.toString(16).padStart(digits, '0');
}

/** Records whose samples are those for which the condition holds. */
function only(
  records: readonly ProfileRecord[],
  isWanted: (record: ProfileRecord, group: number, sample: number) => boolean,
): ProfileRecord[] {
  return records.map((record) => ({
    ...record,
    groups: record.groups.map((group, index) => ({
      ...group,
      values: group.values.map((value, sample) => (isWanted(record, index, sample) ? value : 0n)),
    })),
  }));
}

const forSeeds = (check: (seed: number) => Promise<void>) =>
  fc.assert(fc.asyncProperty(fc.nat(), check), { numRuns: 40 });

test('chosen profiles, spans and traces are what the model has of them', async () => {
  await forSeeds(async (seed) => {
    const { random, records, blocks } = await caseOf(seed);
    const { identity } = random.pick(records);
    const [span, trace] = [1 + random.integer(2), 1 + random.integer(2)];
    const none = { profileIds: [], spanIds: [], traceIds: [] };
    const cases: [SampleChoice, ProfileRecord[]][] = [
      [
        { ...none, profileIds: [profileUuid(identity, 0)] },
        only(records, (record, group) => record.identity === identity && group === 0),
      ],
      [
        { ...none, spanIds: [hex(span, 16)] },
        only(records, ({ groups }, group, sample) => groups[group]?.spanIds?.[sample] === BigInt(span)),
      ],
      [
        { ...none, traceIds: [hex(trace, 32)] },
        only(records, ({ groups }, group, sample) => groups[group]?.traceIds?.[16 * sample + 15] === trace),
      ],
    ];
    for (const [choice, wanted] of cases) {
      const { tree } = await ask(blocks, { kind: 'functions' }, choice);
      const expected = mergeModel(modelRows(wanted));
      assert.deepEqual(selfsOf(barsOf(renderFlamegraph(tree, 10_000))), expected);
      const { tree: locations } = await ask(blocks, { kind: 'locations' }, choice);
      assert.equal(locations.stacks.total, tree.stacks.total);
    }
  });
});

test('heat maps count every point once, and name the largest of each cell', async () => {
  await forSeeds(async (seed) => {
    const { random, records, segments, blocks } = await caseOf(seed);
    const points: PointKind = random.pick(['profiles', 'spans']);
    const grid = { startMs: START_MS, endMs: START_MS + 99, stepMs: 1 + random.integer(40) };
    const groupBy = random.pick([[], ['region'], ['region', 'thread']]);
    const expected = modelPoints(records, points);
    const { extent } = await ask(blocks, { kind: 'extent', points });
    const buckets = heatmapBuckets(extent);
    assert.equal(buckets === undefined, expected.length === 0);
    if (buckets === undefined) return;
    const question = { kind: 'cells', points, grid, buckets, groupBy, hasExemplars: true } as const;
    const { cells } = await ask(blocks, question);
    const series = renderHeatmap(cells, grid, buckets, groupBy, 0);
    // The ids of what is named, too, are those of the segments that blocks were made of.
    const { cells: unmerged } = await ask(segments, question);
    assert.deepEqual(series, renderHeatmap(unmerged, grid, buckets, groupBy, 0));
    const edges = bucketEdges(buckets);
    const found = series.flatMap(({ labels, slots }) =>
      slots.flatMap(({ timestampMs, counts, exemplars }) => {
        const named = [...exemplars];
        return counts.flatMap((count, bucket) => {
          if (count === 0) return [];
          return [{ group: JSON.stringify(labels), timestampMs, bucket, count, value: named.shift()?.value }];
        });
      }),
    );
    const model = new Map<string, { count: number; value: bigint }>();
    for (const { timeMs, value, labels } of expected) {
      let edge = grid.startMs;
      // Samples taken after the range are in its last step.
      while (edge < Math.min(timeMs, grid.endMs)) edge += grid.stepMs;
      const bucket = edges.findLastIndex((min) => Number(value) >= min);
      const group = JSON.stringify(labels.filter(({ name }) => groupBy.includes(name)));
      const key = JSON.stringify([group, Math.min(edge, grid.endMs), bucket]);
      const cell = model.get(key) ?? { count: 0, value: 0n };
      model.set(key, { count: cell.count + 1, value: value > cell.value ? value : cell.value });
    }
    const asMap = new Map(
      found.map(({ group, timestampMs, bucket, ...cell }) => [JSON.stringify([group, timestampMs, bucket]), cell]),
    );
    assert.deepEqual(asMap, model);
    for (const { slots } of series) {
      for (const { exemplars } of slots) for (const { labels } of exemplars) assert.ok(!labels.some(isGrouped));
    }
    function isGrouped({ name }: { name: string }): boolean {
      return groupBy.includes(name);
    }
  });
});

function modelPoints(records: readonly ProfileRecord[], points: PointKind) {
  if (points === 'profiles')
    return modelRows(records).map(({ timeMs, total, labels }) => ({ timeMs, value: total, labels }));
  return records.flatMap((record) =>
    record.groups.flatMap(({ spanIds, values, labels, sampleCount, times }) =>
      Array.from({ length: sampleCount }, (_, sample) => sample)
        .filter((sample) => spanIds?.[sample] !== 0n)
        .map((sample) => {
          const [offset = 0] = times?.offsetMs.subarray(times.start[sample], times.start[sample + 1]) ?? [];
          return { timeMs: Number(record.timeNanos / 1_000_000n) + offset, value: values[sample] ?? 0n, labels };
        }),
    ),
  );
}

test('a focused tree holds the stacks below its call site, by functions and by locations', async () => {
  await forSeeds(async (seed) => {
    const { random, records, blocks } = await caseOf(seed);
    const all = mergeModel(modelRows(records));
    const stacks = [...all.keys()].filter((stack) => stack !== '');
    if (stacks.length === 0) return;
    const names = random.pick(stacks).split(';');
    const callSite = names.slice(0, 1 + random.integer(names.length));
    const expected = new Map([...all].filter(([stack]) => `${stack};`.startsWith(`${callSite.join(';')};`)));
    const { tree } = await ask(blocks, { kind: 'functions' });
    const focused = focusFunctionTree(tree, callSite);
    assert.deepEqual(selfsOf(barsOf(renderFlamegraph(focused, 10_000))), expected);
    const { tree: locations } = await ask(blocks, { kind: 'locations' });
    const narrowed = focusLocationTree(locations, callSite);
    // Samples without a stack have a frame of their own in flame graphs, and none in pprof.
    if (callSite[0] !== '[no stack]') assert.equal(narrowed.stacks.total, focused.stacks.total);
    assert.equal(sum(renderPprof(narrowed, HEADER).values), narrowed.stacks.total);
  });
});

test('the frames nearest to the leaf keep every value', async () => {
  await forSeeds(async (seed) => {
    const { random, blocks } = await caseOf(seed);
    const { tree } = await ask(blocks, { kind: 'locations' });
    const whole = keepLeaves(tree, Number.POSITIVE_INFINITY, false);
    assert.deepEqual(renderPprof(whole, HEADER), renderPprof(tree, HEADER));
    const frames = 1 + random.integer(3);
    const cut = renderPprof(keepLeaves(tree, frames, random.chance(0.5)), HEADER);
    assert.equal(sum(cut.values), tree.stacks.total);
    for (let i = 0; i < cut.sampleCount; i++) assert.ok(cut.stacks.start[i + 1] - cut.stacks.start[i] <= frames);
  });
});

test('dropping the lighter stacks keeps what is heavier, until nothing is left', async () => {
  await forSeeds(async (seed) => {
    const { blocks } = await caseOf(seed);
    let { tree } = await ask(blocks, { kind: 'locations' });
    while (tree.stacks.total > 0n) {
      const fewer = dropLighterStacks(tree);
      const [before, after] = [renderPprof(tree, HEADER).values, renderPprof(fewer, HEADER).values];
      const heaviest = [...before].sort((a, b) => (a < b ? 1 : -1)).slice(0, after.length);
      assert.deepEqual(
        [...after].sort((a, b) => (a < b ? 1 : -1)),
        heaviest,
      );
      assert.ok(after.length <= before.length / 2);
      tree = fewer;
    }
  });
});

function sum(values: BigInt64Array): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
