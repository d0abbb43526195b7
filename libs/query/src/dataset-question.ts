/**
 * What a query asks of one dataset of an immutable block, said in a way that equal questions are equal: the part of the time range inside
 * the dataset, selectors and labels in one order. A time series of any range and grid is made of one answer, as ranges and grids move with
 * the clock. Answers can be kept for ever.
 */
import { createHash } from 'node:crypto';
import { formatSelector, parseSelector } from '@flamelake/model';
import { cutRange, sliceOf, type TimeRange, WHOLE } from './cut-range.ts';
import type { CompiledDelete } from './select-rows.ts';
import type { KeptQuestion, Question, RowDelete, SampleChoice, Selection, Task, TaskDataset } from './task.ts';

/** To be raised when a block and a question give another answer than before, or the same in other bytes. */
const ENGINE_VERSION = 1;

export interface DatasetQuestion {
  /** What the task asks, or what that can be made of. */
  readonly question: KeptQuestion;
  /** Unbounded where the whole dataset is meant. */
  readonly selection: Selection;
  /** Those that the time range leaves. */
  readonly deletes: readonly CompiledDelete[];
  /** Equal for equal questions only: 64 hex digits. */
  readonly fingerprint: string;
}

/** Selectors in the one form and order that questions of all datasets say them in. */
export function orderedSelectors(selectors: readonly string[]): readonly string[] {
  return selectors.map((text) => formatSelector(parseSelector(text))).sort();
}

/**
 * What a task takes of a dataset is the sum of what it takes of the answers.
 * @param selection - its selectors as `orderedSelectors` gives them
 * @param deletes - that touch the dataset
 * @returns undefined when no such form is known, or nobody asks the same again: chosen ids, cells
 */
export function datasetQuestions(
  { question, selection }: Pick<Task, 'question' | 'selection'>,
  dataset: TaskDataset,
  deletes: readonly CompiledDelete[],
): readonly DatasetQuestion[] | undefined {
  if (choosesAny(selection.choice)) return undefined;
  const { tenant, service, minTimeMs, maxTimeMs } = dataset;
  const pieces = questionsOf(question, clip(selection, dataset));
  const touching = pieces?.filter((piece) => piece.fromMs <= maxTimeMs && piece.untilMs > minTimeMs);
  return touching?.map(({ asked, ...piece }) => {
    const range = clip(piece, dataset);
    // Others change nothing here, and those that move would give the piece another key.
    const own = deletes.filter(({ fromMs, untilMs }) => fromMs < range.untilMs && untilMs > range.fromMs);
    const narrowed: Selection = {
      tenants: [tenant],
      ...range,
      selectors: selection.selectors,
      profileTypeId: selection.profileTypeId,
      ...(selection.namesTenants === true && { namesTenants: true }),
    };
    const deleteKeys = [...new Set(own.map(deleteKey))].sort();
    const said = [ENGINE_VERSION, service, asked, narrowed, deleteKeys];
    const fingerprint = createHash('sha256').update(JSON.stringify(said)).digest('hex');
    return { question: asked, selection: narrowed, deletes: own, fingerprint };
  });
}

/** The part of a range inside a dataset, unbounded where it does not end there. */
function clip({ fromMs, untilMs }: TimeRange, { minTimeMs, maxTimeMs }: TaskDataset): TimeRange {
  return {
    fromMs: fromMs > minTimeMs ? fromMs : WHOLE.fromMs,
    untilMs: untilMs <= maxTimeMs ? untilMs : WHOLE.untilMs,
  };
}

function deleteKey({ selector, fromMs, untilMs }: RowDelete): string {
  return JSON.stringify([selector, fromMs, untilMs]);
}

interface AskedRange extends TimeRange {
  readonly asked: KeptQuestion;
}

/** @param range - unbounded where it does not end in the dataset */
function questionsOf(question: Question, range: TimeRange): readonly AskedRange[] | undefined {
  const isCutBefore = range.fromMs !== WHOLE.fromMs;
  const isCutAfter = range.untilMs !== WHOLE.untilMs;
  switch (question.kind) {
    case 'functions':
    case 'locations':
      return cutRange(range).map(({ isEdge, ...piece }) => {
        const isTimed = isEdge && question.kind === 'functions';
        return isTimed ? { asked: { kind: 'timedStacks' }, ...sliceOf(piece) } : { asked: question, ...piece };
      });
    case 'extent':
      return [{ asked: { kind: question.kind, points: question.points }, ...range }];
    case 'cells':
      return undefined;
    case 'labelNames':
    case 'labelSets': {
      const of =
        question.kind === 'labelNames' ? question : { ...question, names: question.names && inOrder(question.names) };
      // Of a range with both ends in the dataset, first and last times do not say whether it holds a label set.
      return isCutBefore === isCutAfter ? [{ asked: of, ...range }] : [{ asked: { kind: 'labelTimes', of }, ...WHOLE }];
    }
    case 'timeSeries':
      return [{ asked: { kind: 'timedTotals', groupBy: inOrder(question.groupBy) }, ...WHOLE }];
  }
}

function choosesAny(choice: SampleChoice | undefined): boolean {
  return choice !== undefined && Object.values(choice).some((ids) => ids.length > 0);
}

function inOrder(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}
