/** Every kind of query on blocks against the plain model, however profiles are spread over blocks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockReader } from '@flamelake/block';
import type { PendingDelete } from '@flamelake/catalog';
import type { ProfileRecord } from '@flamelake/formats';
import { compareBytes, compileMatchers, type Labels, matchLabels, parseSelector } from '@flamelake/model';
import { CPU_TYPE, createSeededRandom, randomProfileRecord, type SeededRandom, stackTreeOf } from '@flamelake/testkit';
import * as fc from 'fast-check';
import { compactedBlocks } from './compacted-blocks.test-support.ts';
import { executeTask } from './execute-task.ts';
import { compareLabels, sortedLabelNames, sortedLabelSets, sortedLabelValues } from './label-sets.ts';
import { mergePartialResult, type PartialResult } from './partial-result.ts';
import { planQuery } from './plan.ts';
import { renderDiff, renderFlamegraph } from './render-flamegraph.ts';
import { renderPprof } from './render-pprof.ts';
import { renderTree } from './render-tree.ts';
import type { Question, Selection } from './task.ts';
import { blockOf, foldBlocks, type ModelRow, mergeModel, modelRows, openFrom, optionsFor } from './test-blocks.ts';
import { snapshotOf } from './test-snapshots.ts';
import { barsOf, selfsOf } from './test-stacks.ts';
import { renderTimeSeries } from './time-series.ts';

const START_MS = 1_700_000_000_000;
const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const SELECTORS = ['{}', '{service_name="cart"}', '{region!="eu"}', '{thread=~"t1|", region=~".+"}', '{thread=""}'];

interface Case {
  readonly records: readonly ProfileRecord[];
  readonly blocks: readonly BlockReader[];
  readonly selection: Selection;
  readonly deletes: readonly PendingDelete[];
  readonly rows: readonly ModelRow[];
  readonly taskBytes: number;
  readonly pieceBytes: number;
}

/** Profiles, spread over blocks at random, some of them folded; a selection, and the rows it means. */
async function caseOf(seed: number): Promise<Case> {
  const random = createSeededRandom(seed);
  const records = Array.from({ length: random.integer(20) }, () =>
    randomProfileRecord(random, { tenants: ['t', 'u'], timeMs: START_MS + random.integer(100) }),
  );
  const fromMs = START_MS + random.integer(50);
  const selection = {
    tenants: random.pick([['t'], ['u'], ['t', 'u']]),
    fromMs,
    untilMs: fromMs + 1 + random.integer(100),
    selectors: [random.pick(SELECTORS), random.pick(SELECTORS)],
    profileTypeId: CPU,
  };
  const deletes = Array.from({ length: random.integer(3) }, (_, i) => pendingDelete(random, i));
  return {
    records,
    blocks: await spread(random, records),
    selection,
    deletes,
    rows: modelRows(records).filter((row) => isSelected(row, selection) && !deletes.some((one) => isDeleted(row, one))),
    taskBytes: random.pick([1, 1_000, 1_000_000]),
    pieceBytes: random.pick([1, 300, 1_000_000]),
  };
}

/** A delete of everything stored that it matches. */
function pendingDelete(random: SeededRandom, number: number): PendingDelete {
  const fromMs = START_MS + random.integer(100);
  const untilMs = fromMs + random.integer(40);
  const what = { tenant: random.pick(['t', 'u']), selector: random.pick(SELECTORS), fromMs, untilMs };
  return { ...what, id: `${number}`, version: 5, chainEnd: 1_000 };
}

function isDeleted(row: ModelRow, { tenant, selector, fromMs, untilMs }: PendingDelete): boolean {
  return isSelected(row, { tenants: [tenant], selectors: [selector], fromMs, untilMs, profileTypeId: undefined });
}

async function spread(random: SeededRandom, records: readonly ProfileRecord[]): Promise<readonly BlockReader[]> {
  if (random.chance(0.5)) return compactedBlocks(random, records, 10 + random.integer(30));
  const count = 1 + random.integer(5);
  const parts: ProfileRecord[][] = Array.from({ length: count }, () => []);
  for (const record of records) random.pick(parts).push(record);
  const blocks = parts.map((part, i) => blockOf(part, i));
  const folded = random.integer(count);
  return folded < 2 ? blocks : [await foldBlocks(blocks.slice(0, folded), 99), ...blocks.slice(folded)];
}

function isSelected(row: ModelRow, { tenants, fromMs, untilMs, selectors, profileTypeId }: Selection): boolean {
  const matchers = selectors.flatMap((selector) => compileMatchers(parseSelector(selector)));
  return (
    tenants.includes(row.tenant) &&
    row.timeMs >= fromMs &&
    row.timeMs < untilMs &&
    (profileTypeId === undefined || row.typeId === profileTypeId) &&
    matchLabels(matchers, row.labels)
  );
}

async function ask<K extends PartialResult['kind']>(
  { blocks, selection, deletes, taskBytes, pieceBytes }: Omit<Case, 'records' | 'rows'>,
  question: Question,
  kind: K,
): Promise<Extract<PartialResult, { kind: K }>> {
  const placed = blocks.map(({ info }, i) => {
    const place = info.level === 0 ? { position: i } : { version: 1 };
    return { id: info.id, datasets: info.datasets, ...place };
  });
  const snapshot = snapshotOf(placed, deletes);
  const plan = planQuery(snapshot, question, selection, { bytesTarget: taskBytes });
  for (const task of plan.tasks) {
    mergePartialResult(plan.known, await executeTask(task, optionsFor(openFrom(blocks), pieceBytes)));
  }
  assert.equal(plan.known.kind, kind);
  return plan.known as Extract<PartialResult, { kind: K }>;
}

function forCases(check: (one: Case) => Promise<void>): Promise<void> {
  return fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => check(await caseOf(seed))),
    { numRuns: 60 },
  );
}

test('flame graphs equal the model, whatever the blocks', async () => {
  await forCases(async (one) => {
    const { tree } = await ask(one, { kind: 'functions' }, 'functions');
    const graph = renderFlamegraph(tree, 10_000);
    assert.deepEqual(selfsOf(barsOf(graph)), mergeModel(one.rows));
    assert.equal(
      graph.total,
      one.rows.reduce((sum, row) => sum + row.total, 0n),
    );
    const again = await ask({ ...one, blocks: [blockOf(one.records, 7)] }, { kind: 'functions' }, 'functions');
    assert.deepEqual(renderFlamegraph(again.tree, 3), renderFlamegraph(tree, 3));
    assert.deepEqual(renderTree(again.tree, 10_000), renderTree(tree, 10_000));
  });
});

test('pprof equals the model and is the same bytes whatever the blocks', async () => {
  await forCases(async (one) => {
    const header = { type: CPU_TYPE, startMs: 1, endMs: 2 };
    const { tree } = await ask(one, { kind: 'locations' }, 'locations');
    const pprof = renderPprof(tree, header);
    const { start, locations } = pprof.stacks;
    const lists = Array.from({ length: pprof.sampleCount }, (_, i) => [...locations.subarray(start[i], start[i + 1])]);
    const { stacks, stack } = stackTreeOf(lists);
    const record: ProfileRecord = {
      ...one.records[0],
      types: [CPU_TYPE],
      symbols: pprof.symbols,
      stacks,
      groups: [
        {
          labels: [],
          sampleCount: pprof.sampleCount,
          stack,
          values: pprof.values,
          spanIds: undefined,
          traceIds: undefined,
        },
      ],
    };
    const back =
      pprof.sampleCount === 0
        ? new Map()
        : mergeModel(modelRows([{ ...record, service: '', tenant: '', timeNanos: 0n }]));
    assert.deepEqual(back, mergeModel(one.rows));
    const again = await ask({ ...one, blocks: [blockOf(one.records, 7)] }, { kind: 'locations' }, 'locations');
    assert.deepEqual(renderPprof(again.tree, header), pprof);
  });
});

test('time series equal the model and add up to the flame graph', async () => {
  await forCases(async (one) => {
    const { fromMs, untilMs } = one.selection;
    const grid = { startMs: fromMs, endMs: untilMs - 1, stepMs: 7 };
    for (const groupBy of [[], ['region'], ['thread', 'region']]) {
      const { groups } = await ask(one, { kind: 'timeSeries', grid, groupBy }, 'timeSeries');
      const series = renderTimeSeries(groups, grid, 'sum', 0);
      const points = series.flatMap(({ labels, timestampsMs, values }) =>
        [...timestampsMs].map((at, i) => [JSON.stringify(labels), at, values[i]] as const),
      );
      const model = new Map<string, number>();
      for (const row of one.rows) {
        let edge = grid.startMs;
        while (edge < row.timeMs) edge += grid.stepMs;
        const labels = row.labels.filter(({ name }) => groupBy.includes(name));
        const key = JSON.stringify([JSON.stringify(labels), Math.min(edge, grid.endMs)]);
        model.set(key, (model.get(key) ?? 0) + Number(row.total));
      }
      const found = new Map(points.map(([labels, at, value]) => [JSON.stringify([labels, at]), value]));
      assert.equal(found.size, points.length);
      assert.deepEqual(found, model);
      const totals = series.map(({ values }) => values.reduce((sum, value) => sum + value, 0));
      assert.deepEqual(
        totals,
        totals.toSorted((a, b) => b - a),
      );
      assert.deepEqual(renderTimeSeries(groups, grid, 'sum', 1), series.slice(0, 1));
    }
  });
});

test('label names, values and series equal the model', async () => {
  await forCases(async (one) => {
    const labels = one.rows.map((row) => row.labels);
    const names = (await ask(one, { kind: 'labelNames' }, 'labelSets')).sets;
    assert.deepEqual(sortedLabelNames(names), distinct(labels.flatMap((set) => set.map(({ name }) => name))));
    for (const name of ['region', 'thread', 'service_name', '__profile_type__', 'absent']) {
      const { sets } = await ask(one, { kind: 'labelSets', names: [name] }, 'labelSets');
      const values = labels.flatMap((set) => set.filter((label) => label.name === name).map(({ value }) => value));
      assert.deepEqual(sortedLabelValues(sets), distinct(values));
    }
    for (const kept of [undefined, ['region'], ['service_name', '__profile_type__']]) {
      const { sets } = await ask(one, { kind: 'labelSets', names: kept }, 'labelSets');
      const projected = labels.map((set) => set.filter(({ name }) => kept?.includes(name) ?? true));
      const unique = new Map<string, Labels>(projected.map((set) => [JSON.stringify(set), set]));
      assert.deepEqual(sortedLabelSets(sets), [...unique.values()].sort(compareLabels));
    }
  });
});

test('each side of a diff has the total of its own flame graph', async () => {
  await forCases(async (one) => {
    const left = (await ask(one, { kind: 'functions' }, 'functions')).tree;
    const all = { ...one, selection: { ...one.selection, selectors: [], fromMs: 0 } };
    const right = (await ask(all, { kind: 'functions' }, 'functions')).tree;
    const diff = renderDiff(left, right, 5);
    assert.equal(diff.leftTicks, left.stacks.total);
    assert.equal(diff.rightTicks, right.stacks.total);
    const [root] = barsOf(diff);
    assert.deepEqual(root.total, [diff.leftTicks, diff.rightTicks]);
  });
});

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort(compareBytes);
}
