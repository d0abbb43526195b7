/** What is kept of a dataset, and what a task takes of it. */
import { addSetsWithin, type LabelTimes } from './label-times.ts';
import { anotherQuestion, createPartialResult, mergePartialResult, type PartialResult } from './partial-result.ts';
import type { KeptQuestion, Task } from './task.ts';
import { addStacksWithin, createTimedStacks, type TimedStacks } from './timed-stacks.ts';
import { addToSeries, type TimedGroups } from './timed-totals.ts';

export type KeptResult =
  | PartialResult
  | { readonly kind: 'timedTotals'; readonly groups: TimedGroups }
  | { readonly kind: 'labelTimes'; readonly sets: LabelTimes }
  | { readonly kind: 'timedStacks'; readonly stacks: TimedStacks };

/** Whether a task answers so: others are kept and not sent. */
export function isPartialResult(result: KeptResult): result is PartialResult {
  return result.kind !== 'timedTotals' && result.kind !== 'labelTimes' && result.kind !== 'timedStacks';
}

/** The result of no data. */
export function createKeptResult(question: KeptQuestion): KeptResult {
  if (question.kind === 'timedTotals') return { kind: 'timedTotals', groups: new Map() };
  if (question.kind === 'labelTimes') return { kind: 'labelTimes', sets: new Map() };
  if (question.kind === 'timedStacks') return { kind: 'timedStacks', stacks: createTimedStacks() };
  return createPartialResult(question);
}

/**
 * Adds what the task wants of the answer to a dataset's question.
 * @throws {FlamelakeError} as `mergePartialResult`
 */
export function addKept(
  into: PartialResult,
  { question, selection }: Pick<Task, 'question' | 'selection'>,
  from: KeptResult,
): void {
  if (isPartialResult(from)) mergePartialResult(into, from);
  else if (from.kind === 'timedTotals' && into.kind === 'timeSeries' && question.kind === 'timeSeries') {
    addToSeries(into.groups, question.grid, selection, from.groups);
  } else if (from.kind === 'labelTimes' && into.kind === 'labelSets') {
    addSetsWithin(into.sets, selection, from.sets);
  } else if (from.kind === 'timedStacks' && into.kind === 'functions') {
    addStacksWithin(into.tree, selection, from.stacks);
  } else throw anotherQuestion(into, from);
}
