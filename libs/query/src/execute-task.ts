/**
 * Runs a task on blocks, reading only what its question needs: label queries read series (and profiles, for their times),
 * time series read profiles, flame graphs read stacks and names as well.
 */
import type { BlockReader, DatasetReader, Series } from '@flamelake/block';
import { FlamelakeError, LABEL, type Memory, openMemoryScope, sortLabels, UNBOUNDED_MEMORY } from '@flamelake/model';
import { NODE_SUM_BYTES } from './accumulate.ts';
import { addCells, addExtent, type PointSource } from './cells.ts';
import { foldStacks, symbolSections } from './fold-stacks.ts';
import type { KeptResult } from './kept-result.ts';
import { addKnownTotals } from './known-totals.ts';
import { addSeriesLabels, isAboutLabels, type LabelProjection } from './label-sets.ts';
import { addLabelTimes } from './label-times.ts';
import { createPartialResult, type PartialResult } from './partial-result.ts';
import { runParallel } from './run-parallel.ts';
import { cutIntoPieces, visitPieces } from './sample-pieces.ts';
import {
  type ChosenSpans,
  type CompiledDelete,
  type CompiledSelection,
  chooseProfiles,
  compileDeletes,
  compileSelection,
  type RowRun,
  selectRows,
  selectSeries,
  touches,
} from './select-rows.ts';
import { sumChosenSamples, sumStacktraces, type VisitChosen } from './sum-stacktraces.ts';
import type { KeptQuestion, ObjectRef, Task } from './task.ts';
import { countResult, finishResult, type TaskResult } from './task-result.ts';
import { addRows } from './time-series.ts';
import { fillTimedStacks } from './timed-stacks.ts';
import { addTimedTotals } from './timed-totals.ts';

/**
 * Opens a block; `not_found` when the object is gone or another one is under its key.
 * @param memory - what its reader holds is taken from it
 */
export type OpenBlock = (object: ObjectRef, signal: AbortSignal, memory: Memory) => Promise<BlockReader>;

/** Blocks of a task that are read at the same time. */
export const BLOCKS_IN_FLIGHT = 4;

/** Series and profiles of a dataset up to this size are fetched together: less to wait for, though other types' rows come along. */
const ONE_READ_BYTES = 1_048_576;

/** Of a run of rows: where deletes are many, or single profiles chosen, there is one for each few rows. */
const RUN_BYTES = 64;

export interface ExecuteOptions {
  readonly open: OpenBlock;
  readonly signal: AbortSignal;
  /** Called between datasets: lets others have their turn when there was none for a while. */
  readonly pause: () => Promise<void>;
  /** What the task reads, decodes and adds up is taken from it; unbounded if absent. */
  readonly memory?: Memory;
}

/**
 * Answers a task.
 * @throws {FlamelakeError} what reading throws (`not_found`, `data_loss`, `unavailable`), `out_of_range` when a sum leaves
 * int64, `resource_exhausted` when the result grows too large, `canceled` when the signal aborts
 */
export async function executeTask(task: Task, options: ExecuteOptions): Promise<PartialResult> {
  const { memory = UNBOUNDED_MEMORY } = options;
  const result = countResult(createPartialResult(task.question), memory);
  await addParts(result, task, options);
  return finishResult(result);
}

/** Adds what a task asks for. @throws {FlamelakeError} as `executeTask` */
export async function addParts(
  { result, memory, countGrowth }: TaskResult,
  task: Task,
  { open, signal, pause }: ExecuteOptions,
): Promise<void> {
  const selection = compileSelection(task.selection);
  await runParallel(task.parts, BLOCKS_IN_FLIGHT, signal, async (part, either) => {
    throwIfAborted(either);
    const held = openMemoryScope(memory);
    const block = await open(part.object, either, held);
    const wanted = new Set(part.datasets.map(({ tenant, service }) => datasetKey(tenant, service)));
    const deletes = compileDeletes(part.deletes);
    // The tenant is checked here again: a task is a message, the object is the truth.
    const places = [...block.info.datasets.entries()].filter(
      ([, info]) => selection.tenants.has(info.tenant) && wanted.has(datasetKey(info.tenant, info.service)),
    );
    await fetchAhead(
      task.question,
      block,
      places.map(([i]) => i),
      either,
    );
    for (const [i, info] of places) {
      await pause();
      throwIfAborted(either);
      const own = deletes.filter((pending) => touches(pending, info));
      const read = openMemoryScope(memory);
      const place = { block, index: i, dataset: block.openDataset(i, read) };
      await addDataset(result, task.question, selection, own, place, either, read);
      countGrowth();
      read.end();
    }
    held.end();
  });
}

/** Questions about labels read next to nothing of each of many datasets: requests are what they cost. */
export async function fetchAhead(
  question: KeptQuestion,
  block: BlockReader,
  places: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  if (isAboutLabels(question) || question.kind === 'labelTimes') await block.fetchSeries(places, signal);
}

function datasetKey(tenant: string, service: string): string {
  return `${tenant}/${service}`;
}

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new FlamelakeError('canceled', 'query was canceled', {}, { cause: signal.reason });
}

/** A dataset of a block. */
export interface DatasetPlace {
  readonly block: BlockReader;
  readonly index: number;
  readonly dataset: DatasetReader;
}

/**
 * Adds what the question wants of one dataset, as it is selected, to a result of the same question.
 * @param deletes - that touch the dataset
 * @param memory - what is added up is taken from it
 * @throws {FlamelakeError} as `executeTask`
 */
export async function addDataset(
  result: KeptResult,
  question: KeptQuestion,
  selection: CompiledSelection,
  deletes: readonly CompiledDelete[],
  place: DatasetPlace,
  signal: AbortSignal,
  memory: Memory,
): Promise<void> {
  const { block, dataset } = place;
  const { minTimeMs, maxTimeMs } = dataset.info;
  const isWhole = selection.fromMs <= minTimeMs && selection.untilMs > maxTimeMs && deletes.length === 0;
  const needsRows = result.kind !== 'labelSets' || !isWhole;
  if (isWhole && (await addKnownTotals(result, selection, dataset, signal, memory))) return;
  const isSmall = dataset.info.sizeBytes <= ONE_READ_BYTES;
  await dataset.load(needsRows && isSmall ? ['series', 'profiles'] : ['series'], signal);
  const stored = await dataset.series();
  const series = selection.namesTenants ? withTenant(stored, dataset.info.tenant) : stored;
  const selected = selectSeries(selection, series);
  if (selected.length === 0) return;
  const rows = selected.map((index) => series[index].rows);
  if (needsRows) await dataset.load(['profiles'], signal, rows);
  const inTime = needsRows ? selectRows(selection, deletes, series, selected, await dataset.profiles(rows)) : [];
  const { profileIds, spans } = selection;
  const runs =
    profileIds === undefined
      ? inTime
      : chooseProfiles(inTime, profileIds, await dataset.profiles(rows), await block.identities());
  if (needsRows && runs.length === 0) return;
  memory.take(RUN_BYTES * runs.length);
  switch (result.kind) {
    case 'labelSets': {
      const names = projectionOf(question);
      const found = needsRows ? new Set(runs.map((run) => run.series)) : selected;
      for (const i of found) addSeriesLabels(result.sets, series[i], names);
      return;
    }
    case 'timeSeries':
      if (question.kind !== 'timeSeries') return;
      addRows(result.groups, question.grid, new Set(question.groupBy), runs, series, await dataset.profiles(rows));
      return;
    case 'labelTimes':
      addLabelTimes(result.sets, projectionOf(question), runs, series, await dataset.profiles(rows));
      return;
    case 'timedTotals':
      if (question.kind !== 'timedTotals') return;
      addTimedTotals(result.groups, new Set(question.groupBy), runs, series, await dataset.profiles(rows));
      return;
    case 'extent':
    case 'cells':
      await addPoints(
        result,
        question,
        { dataset, series, profiles: await dataset.profiles(rows), runs, spans },
        block,
      );
      return;
    case 'functions':
    case 'locations':
    case 'timedStacks':
      await addStacks(result, place, runs, spans, signal, memory);
  }
}

function withTenant(series: readonly Series[], tenant: string): readonly Series[] {
  const label = { name: LABEL.tenantId, value: tenant };
  return series.map((one) => {
    const own = one.labels.filter(({ name }) => name !== label.name);
    return { ...one, labels: sortLabels([...own, label]) };
  });
}

async function addPoints(
  result: Extract<PartialResult, { kind: 'extent' | 'cells' }>,
  question: KeptQuestion,
  rows: Omit<PointSource, 'identities'>,
  block: BlockReader,
): Promise<void> {
  if (result.kind === 'extent' && question.kind === 'extent') {
    await addExtent(result.extent, question.points, { ...rows, identities: undefined });
  } else if (result.kind === 'cells' && question.kind === 'cells') {
    const isNamed = question.hasExemplars && question.points === 'profiles';
    await addCells(result.cells, question, { ...rows, identities: isNamed ? await block.identities() : undefined });
  }
}

function projectionOf(question: KeptQuestion): LabelProjection {
  if (question.kind === 'labelTimes') return projectionOf(question.of);
  if (question.kind === 'labelNames') return 'names';
  return question.kind === 'labelSets' && question.names !== undefined ? new Set(question.names) : undefined;
}

async function addStacks(
  result: Extract<KeptResult, { kind: 'functions' | 'locations' | 'timedStacks' }>,
  { block, index, dataset }: DatasetPlace,
  runs: readonly RowRun[],
  spans: ChosenSpans | undefined,
  signal: AbortSignal,
  memory: Memory,
): Promise<void> {
  const profiles = await dataset.profiles(runs);
  const pieces = spans === undefined ? cutIntoPieces(runs, dataset.info.sizeBytes, profiles.count) : [runs];
  const symbols = symbolSections(result.kind === 'locations' ? 'locations' : 'functions');
  await dataset.load(pieces.length === 1 ? ['samples', ...symbols] : symbols, signal, runs);
  const tree = await dataset.tree();
  memory.take(NODE_SUM_BYTES * tree.count);
  const open = (own: Memory) => block.openDataset(index, own);
  const visitAll: VisitChosen = (visit) =>
    pieces.length === 1
      ? dataset.visitSamples(runs, visit)
      : visitPieces(open, pieces, visit, { signal, memory, pause: () => throwIfAborted(signal) });
  if (result.kind === 'timedStacks') {
    await fillTimedStacks(result.stacks, dataset, runs, profiles, visitAll, memory);
    return;
  }
  const sums =
    spans === undefined
      ? await sumStacktraces(dataset, runs, profiles, tree, visitAll)
      : await sumChosenSamples(dataset, runs, spans, tree);
  await foldStacks(result, dataset, sums, tree);
}
