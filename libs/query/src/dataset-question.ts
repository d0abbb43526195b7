/**
 * What a query asks of one dataset of an immutable block, said in a way that equal questions are equal: the part of the time range inside
 * the dataset, selectors and labels in one order, a time grid by its phase. Answers to it can be kept for ever.
 */
import { createHash } from 'node:crypto';
import { formatSelector, parseSelector } from '@flamelake/model';
import type { CompiledDelete } from './select-rows.ts';
import type { Question, RowDelete, SampleChoice, Selection, Task, TaskDataset, TimeGrid } from './task.ts';

/** To be raised when a block and a question give another answer than before, or the same in other bytes. */
const ENGINE_VERSION = 1;

export interface DatasetQuestion {
  readonly question: Question;
  /** Unbounded where the whole dataset is meant. */
  readonly selection: Selection;
  readonly deletes: readonly CompiledDelete[];
  /** For a time series: steps of the asked grid before the question's own begins. */
  readonly stepsLater: number;
  /** Equal for equal questions only: 64 hex digits. */
  readonly fingerprint: string;
}

/**
 * @param deletes - that touch the dataset
 * @returns undefined when no such form is known, or nobody asks the same again: a time grid that is not of whole ms, chosen ids, cells
 */
export function datasetQuestion(
  { question, selection }: Pick<Task, 'question' | 'selection'>,
  { tenant, service, minTimeMs, maxTimeMs }: TaskDataset,
  deletes: readonly CompiledDelete[],
): DatasetQuestion | undefined {
  if (choosesAny(selection.choice)) return undefined;
  const asked = normalize(question, minTimeMs);
  if (asked === undefined) return undefined;
  const deleteKeys = [...new Set(deletes.map(deleteKey))].sort();
  const narrowed: Selection = {
    tenants: [tenant],
    fromMs: selection.fromMs <= minTimeMs ? Number.MIN_SAFE_INTEGER : selection.fromMs,
    untilMs: selection.untilMs > maxTimeMs ? Number.MAX_SAFE_INTEGER : selection.untilMs,
    selectors: selection.selectors.map((text) => formatSelector(parseSelector(text))).sort(),
    profileTypeId: selection.profileTypeId,
    ...(selection.namesTenants === true && { namesTenants: true }),
  };
  const said = [ENGINE_VERSION, service, asked.question, narrowed, deleteKeys];
  return {
    ...asked,
    selection: narrowed,
    deletes,
    fingerprint: createHash('sha256').update(JSON.stringify(said)).digest('hex'),
  };
}

function deleteKey({ selector, fromMs, untilMs }: RowDelete): string {
  return JSON.stringify([selector, fromMs, untilMs]);
}

function normalize(question: Question, minTimeMs: number): { question: Question; stepsLater: number } | undefined {
  switch (question.kind) {
    case 'functions':
    case 'locations':
    case 'labelNames':
      return { question: { kind: question.kind }, stepsLater: 0 };
    case 'extent':
      return { question: { kind: question.kind, points: question.points }, stepsLater: 0 };
    case 'cells':
      return undefined;
    case 'labelSets':
      return { question: { kind: question.kind, names: question.names && inOrder(question.names) }, stepsLater: 0 };
    case 'timeSeries': {
      const moved = moveGrid(question.grid, minTimeMs);
      if (moved === undefined) return undefined;
      const { grid, stepsLater } = moved;
      return { question: { kind: question.kind, grid, groupBy: inOrder(question.groupBy) }, stepsLater };
    }
  }
}

function choosesAny(choice: SampleChoice | undefined): boolean {
  return choice !== undefined && Object.values(choice).some((ids) => ids.length > 0);
}

function inOrder(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

/** The grid that begins at the last edge at or before the dataset's first profile; its end does not matter to steps. */
function moveGrid(
  { startMs, stepMs }: TimeGrid,
  minTimeMs: number,
): { grid: TimeGrid; stepsLater: number } | undefined {
  const stepsLater = Math.floor((minTimeMs - startMs) / stepMs);
  const start = startMs + stepsLater * stepMs;
  if (![startMs, stepMs, minTimeMs, start].every(Number.isSafeInteger)) return undefined;
  return { grid: { startMs: start, endMs: start, stepMs }, stepsLater };
}
