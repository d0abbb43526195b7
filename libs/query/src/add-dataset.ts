/** What a question wants of one dataset, added to a result: only the sections that it needs are read. */
import type { BlockReader, DatasetReader, Series } from '@flamelake/block';
import { LABEL, type Memory, sortLabels } from '@flamelake/model';
import { NODE_SUM_BYTES } from './accumulate.ts';
import { addCells, addExtent, type PointSource } from './cells.ts';
import { foldStacks, symbolSections } from './fold-stacks.ts';
import type { KeptResult } from './kept-result.ts';
import { addKnownTotals } from './known-totals.ts';
import { addSeriesLabels, type LabelProjection } from './label-sets.ts';
import { addLabelTimes } from './label-times.ts';
import { anotherQuestion, type PartialResult } from './partial-result.ts';
import { cutIntoPieces, visitPieces } from './sample-pieces.ts';
import {
  type ChosenSpans,
  type CompiledDelete,
  type CompiledSelection,
  chooseProfiles,
  type RowRun,
  selectRows,
  selectSeries,
} from './select-rows.ts';
import { sumChosenSamples, sumStacktraces, type VisitChosen } from './sum-stacktraces.ts';
import type { TurnOptions } from './take-turn.ts';
import type { KeptQuestion } from './task.ts';
import { addRows } from './time-series.ts';
import { fillTimedStacks } from './timed-stacks.ts';
import { addTimedTotals } from './timed-totals.ts';

/** Series and profiles of a dataset up to this size are fetched together: less to wait for, though other types' rows come along. */
const ONE_READ_BYTES = 1_048_576;

/** Of a run of rows: where deletes are many, or single profiles chosen, there is one for each few rows. */
const RUN_BYTES = 64;

/** Which rows of a dataset. */
export interface RowRules {
  readonly selection: CompiledSelection;
  /** That touch the dataset. */
  readonly deletes: readonly CompiledDelete[];
}

export interface ReadOptions extends TurnOptions {
  /** What is added up is taken from it. */
  readonly memory: Memory;
  /** Stored bytes of a dataset whose samples are decoded at a time; PIECE_BYTES if absent. */
  readonly pieceBytes?: number | undefined;
}

/** A dataset of a block. */
export interface DatasetPlace {
  readonly block: BlockReader;
  readonly index: number;
  readonly dataset: DatasetReader;
}

/**
 * Adds what the question wants of one dataset, as it is selected, to a result of the same question.
 * @throws {FlamelakeError} as `executeTask`, `internal` when the result is another question's
 */
export async function addDataset(
  result: KeptResult,
  question: KeptQuestion,
  { selection, deletes }: RowRules,
  place: DatasetPlace,
  options: ReadOptions,
): Promise<void> {
  const { block, dataset } = place;
  const { signal, memory } = options;
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
      if (question.kind !== 'timeSeries') throw anotherQuestion(result, question);
      addRows(result.groups, question.grid, new Set(question.groupBy), runs, series, await dataset.profiles(rows));
      return;
    case 'labelTimes':
      addLabelTimes(result.sets, projectionOf(question), runs, series, await dataset.profiles(rows));
      return;
    case 'timedTotals':
      if (question.kind !== 'timedTotals') throw anotherQuestion(result, question);
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
      await addStacks(result, place, runs, spans, options);
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
  } else {
    throw anotherQuestion(result, question);
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
  options: ReadOptions,
): Promise<void> {
  const { signal, memory, pieceBytes } = options;
  const profiles = await dataset.profiles(runs);
  const pieces = spans === undefined ? cutIntoPieces(runs, dataset.info.sizeBytes, profiles.count, pieceBytes) : [runs];
  const symbols = symbolSections(result.kind === 'locations' ? 'locations' : 'functions');
  await dataset.load(pieces.length === 1 ? ['samples', ...symbols] : symbols, signal, runs);
  const tree = await dataset.tree();
  memory.take(NODE_SUM_BYTES * tree.count);
  const open = (own: Memory) => block.openDataset(index, own);
  const visitAll: VisitChosen = (visit) =>
    pieces.length === 1 ? dataset.visitSamples(runs, visit) : visitPieces(open, pieces, visit, options);
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
