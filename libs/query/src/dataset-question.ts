/**
 * What a query asks of one dataset of an immutable block, said in a way that equal questions are equal: the part of the time range inside
 * the dataset, selectors and labels in one order. A time series of any range and grid is made of one answer, as ranges and grids move with
 * the clock. Answers can be kept for ever.
 */
import { createHash } from 'node:crypto';
import { formatSelector, parseSelector } from '@flamelake/model';
import type { CompiledDelete } from './select-rows.ts';
import type { KeptQuestion, Question, RowDelete, SampleChoice, Selection, Task, TaskDataset } from './task.ts';

/** To be raised when a block and a question give another answer than before, or the same in other bytes. */
const ENGINE_VERSION = 1;

export interface DatasetQuestion {
  /** What the task asks, or what that can be made of. */
  readonly question: KeptQuestion;
  /** Unbounded where the whole dataset is meant. */
  readonly selection: Selection;
  readonly deletes: readonly CompiledDelete[];
  /** Equal for equal questions only: 64 hex digits. */
  readonly fingerprint: string;
}

/**
 * @param deletes - that touch the dataset
 * @returns undefined when no such form is known, or nobody asks the same again: chosen ids, cells
 */
export function datasetQuestion(
  { question, selection }: Pick<Task, 'question' | 'selection'>,
  { tenant, service, minTimeMs, maxTimeMs }: TaskDataset,
  deletes: readonly CompiledDelete[],
): DatasetQuestion | undefined {
  if (choosesAny(selection.choice)) return undefined;
  const isCutBefore = selection.fromMs > minTimeMs;
  const isCutAfter = selection.untilMs <= maxTimeMs;
  const asked = normalize(question, isCutBefore !== isCutAfter);
  if (asked === undefined) return undefined;
  const isOfAnyTime = asked.kind === 'timedTotals' || asked.kind === 'labelTimes';
  const deleteKeys = [...new Set(deletes.map(deleteKey))].sort();
  const narrowed: Selection = {
    tenants: [tenant],
    fromMs: isCutBefore && !isOfAnyTime ? selection.fromMs : Number.MIN_SAFE_INTEGER,
    untilMs: isCutAfter && !isOfAnyTime ? selection.untilMs : Number.MAX_SAFE_INTEGER,
    selectors: selection.selectors.map((text) => formatSelector(parseSelector(text))).sort(),
    profileTypeId: selection.profileTypeId,
    ...(selection.namesTenants === true && { namesTenants: true }),
  };
  const said = [ENGINE_VERSION, service, asked, narrowed, deleteKeys];
  return {
    question: asked,
    selection: narrowed,
    deletes,
    fingerprint: createHash('sha256').update(JSON.stringify(said)).digest('hex'),
  };
}

function deleteKey({ selector, fromMs, untilMs }: RowDelete): string {
  return JSON.stringify([selector, fromMs, untilMs]);
}

/** @param isCut - at one end: then label sets are said by their first or last times */
function normalize(question: Question, isCut: boolean): KeptQuestion | undefined {
  switch (question.kind) {
    case 'functions':
    case 'locations':
      return { kind: question.kind };
    case 'extent':
      return { kind: question.kind, points: question.points };
    case 'cells':
      return undefined;
    case 'labelNames':
    case 'labelSets': {
      const of =
        question.kind === 'labelNames' ? question : { ...question, names: question.names && inOrder(question.names) };
      return isCut ? { kind: 'labelTimes', of } : of;
    }
    case 'timeSeries':
      return { kind: 'timedTotals', groupBy: inOrder(question.groupBy) };
  }
}

function choosesAny(choice: SampleChoice | undefined): boolean {
  return choice !== undefined && Object.values(choice).some((ids) => ids.length > 0);
}

function inOrder(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}
