/** The result of a task while it is made: what it grows by is taken from the memory of the task. */
import { type Memory, UNBOUNDED_MEMORY } from '@flamelake/model';
import type { FunctionTree } from './function-tree.ts';
import type { KeptResult } from './kept-result.ts';
import type { LocationTree } from './location-tree.ts';
import type { PartialResult } from './partial-result.ts';
import { TIMED_ROW_BYTES } from './timed-totals.ts';

/** Of a label set with its key, and of an entry of a map with what it holds, about. */
const LABEL_SET_BYTES = 512;
const POINT_BYTES = 96;
const CELL_BYTES = 384;

export interface TaskResult<R extends KeptResult = PartialResult> {
  readonly result: R;
  readonly memory: Memory;
  /** Takes what has been added since the last call. Trees take what they need by themselves, before they grow. */
  countGrowth(): void;
}

/** @param result - to which others are added: what it grows by from now on is taken from the memory */
export function countResult<R extends KeptResult>(result: R, memory: Memory): TaskResult<R> {
  takeTablesFrom(result, memory);
  let countedBytes = 0;
  return {
    result,
    memory,
    countGrowth() {
      const bytes = resultEntryBytes(result);
      memory.take(bytes - countedBytes);
      countedBytes = bytes;
    },
  };
}

/** The result, of which nobody counts any more what it grows by: it goes to whoever asked for it. */
export function finishResult<R extends KeptResult>({ result }: TaskResult<R>): R {
  takeTablesFrom(result, UNBOUNDED_MEMORY);
  return result;
}

function takeTablesFrom(result: KeptResult, memory: Memory): void {
  const tree = treeOf(result);
  if (tree === undefined) return;
  const tables = 'locations' in tree ? [tree.functions, tree.mappings, tree.locations] : [];
  for (const columns of [tree.names, tree.stacks, ...tables]) columns.memory = memory;
}

function treeOf(result: KeptResult): FunctionTree | LocationTree | undefined {
  if (result.kind === 'timedStacks') return result.stacks.tree;
  return result.kind === 'functions' || result.kind === 'locations' ? result.tree : undefined;
}

/** What entries of maps hold; trees and samples, which are taken as they grow, are none. */
export function resultEntryBytes(result: KeptResult): number {
  switch (result.kind) {
    case 'labelSets':
    case 'labelTimes':
      return result.sets.size * LABEL_SET_BYTES;
    case 'cells':
      return result.cells.groups.size * LABEL_SET_BYTES + result.cells.cellCount * CELL_BYTES;
    case 'timeSeries': {
      let points = 0;
      for (const { sums } of result.groups.values()) points += sums.length;
      return result.groups.size * LABEL_SET_BYTES + points * POINT_BYTES;
    }
    case 'timedTotals': {
      let rows = 0;
      for (const { timeMs } of result.groups.values()) rows += timeMs.length;
      return result.groups.size * LABEL_SET_BYTES + rows * TIMED_ROW_BYTES;
    }
    case 'timedStacks':
    case 'functions':
    case 'locations':
    case 'extent':
      return 0;
  }
}
