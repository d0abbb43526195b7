/** Results of parts of a query, and how they add up: in any order and grouping, to the same answer. */
import { FlamelakeError } from '@flamelake/model';
import { type Cells, createCells, type Extent, mergeCells, mergeExtent } from './cells.ts';
import { createFunctionTree, type FunctionTree, mergeFunctionTree } from './function-tree.ts';
import { addLabelSet, type LabelSets } from './label-sets.ts';
import { createLocationTree, type LocationTree, mergeLocationTree } from './location-tree.ts';
import type { Question } from './task.ts';
import { mergeSeriesGroups, type SeriesGroups } from './time-series.ts';

/** What a task learnt; mutable, owned by whoever has it. */
export type PartialResult =
  | { readonly kind: 'functions'; readonly tree: FunctionTree }
  | { readonly kind: 'locations'; readonly tree: LocationTree }
  | { readonly kind: 'timeSeries'; readonly groups: SeriesGroups }
  | { readonly kind: 'labelSets'; readonly sets: LabelSets }
  | { readonly kind: 'extent'; readonly extent: Extent }
  | { readonly kind: 'cells'; readonly cells: Cells };

/** The result of no data. */
export function createPartialResult(question: Question): PartialResult {
  switch (question.kind) {
    case 'functions':
      return { kind: 'functions', tree: createFunctionTree() };
    case 'locations':
      return { kind: 'locations', tree: createLocationTree() };
    case 'timeSeries':
      return { kind: 'timeSeries', groups: new Map() };
    case 'labelSets':
    case 'labelNames':
      return { kind: 'labelSets', sets: new Map() };
    case 'extent':
      return { kind: 'extent', extent: { range: undefined } };
    case 'cells':
      return { kind: 'cells', cells: createCells() };
  }
}

/**
 * Adds `from`, which stays as it is, to `into`. Both answer the same question.
 * @throws {FlamelakeError} `out_of_range` when a sum leaves int64, `resource_exhausted` when the result grows too large, `internal` when they
 * do not answer the same question
 */
export function mergePartialResult(into: PartialResult, from: PartialResult): void {
  if (into.kind === 'functions' && from.kind === 'functions') {
    mergeFunctionTree(into.tree, from.tree);
  } else if (into.kind === 'locations' && from.kind === 'locations') {
    mergeLocationTree(into.tree, from.tree);
  } else if (into.kind === 'timeSeries' && from.kind === 'timeSeries') {
    mergeSeriesGroups(into.groups, from.groups);
  } else if (into.kind === 'labelSets' && from.kind === 'labelSets') {
    for (const labels of from.sets.values()) addLabelSet(into.sets, labels);
  } else if (into.kind === 'extent' && from.kind === 'extent') {
    mergeExtent(into.extent, from.extent);
  } else if (into.kind === 'cells' && from.kind === 'cells') {
    mergeCells(into.cells, from.cells);
  } else {
    throw anotherQuestion(into, from);
  }
}

export function anotherQuestion(into: { readonly kind: string }, from: { readonly kind: string }): FlamelakeError {
  return new FlamelakeError('internal', 'results of different questions cannot be merged', {
    into: into.kind,
    from: from.kind,
  });
}
