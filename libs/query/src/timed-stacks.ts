/**
 * Samples of a piece of time by profile: what a flame graph of any range that begins or ends in the piece is made of. Pieces are small, so
 * that little is kept so fine.
 */
import type { DatasetReader, ProfileColumns } from '@flamelake/block';
import type { Memory } from '@flamelake/model';
import { accumulateHalves, halvesOf, scaleHalves, settleInt64s } from './accumulate.ts';
import { foldFunctions } from './fold-stacks.ts';
import { createFunctionTree, type FunctionTree, mergeUsed } from './function-tree.ts';
import type { RowRun } from './select-rows.ts';
import { expectTotal, type VisitChosen } from './sum-stacktraces.ts';
import { addTotals, sumValues } from './value.ts';

/** Of a sample in the columns: node, value. */
export const TIMED_STACK_SAMPLE_BYTES = 12;
/** Of a row: time, start. */
export const TIMED_STACK_ROW_BYTES = 12;

/** Columns by row, and by sample of the rows one after the other. */
export interface TimedStacks {
  /** Self values are 0. */
  readonly tree: FunctionTree;
  rowCount: number;
  timeMs: Float64Array;
  /** Samples of row `i` are `[start[i], start[i + 1])`. */
  start: Uint32Array;
  /** Of the tree. */
  node: Uint32Array;
  value: BigInt64Array;
}

export function createTimedStacks(): TimedStacks {
  return {
    tree: createFunctionTree(),
    rowCount: 0,
    timeMs: new Float64Array(),
    start: new Uint32Array(1),
    node: new Uint32Array(),
    value: new BigInt64Array(),
  };
}

/**
 * Fills empty columns with the samples of runs of rows.
 * @param visitAll - visits those samples
 * @param memory - what is decoded is taken from it
 * @throws {FlamelakeError} `data_loss` when samples and row totals disagree, `resource_exhausted` when the tree grows too large
 */
export async function fillTimedStacks(
  into: TimedStacks,
  dataset: DatasetReader,
  runs: readonly RowRun[],
  profiles: ProfileColumns,
  visitAll: VisitChosen,
  memory: Memory,
): Promise<void> {
  const tree = await dataset.tree();
  const marks = new BigInt64Array(tree.count);
  let samples = 0;
  await visitAll((_row, stacktraces, stackFrom, _values, _valueFrom, count) => {
    samples += count;
    for (let i = stackFrom; i < stackFrom + count; i++) marks[stacktraces[i]] = 1n;
  });
  const nodeOf = await foldFunctions(into.tree, dataset, settleInt64s(marks, tree.parent), tree);
  into.tree.stacks.self.fill(0n);
  into.tree.stacks.total = 0n;
  const rows = runs.reduce((sum, { from, until }) => sum + until - from, 0);
  memory.take(rows * TIMED_STACK_ROW_BYTES + samples * TIMED_STACK_SAMPLE_BYTES);
  into.timeMs = new Float64Array(rows);
  into.start = new Uint32Array(rows + 1);
  into.node = new Uint32Array(samples);
  into.value = new BigInt64Array(samples);
  const halves = halvesOf(into.value);
  let at = 0;
  await visitAll((row, stacktraces, stackFrom, values, valueFrom, count, unit) => {
    for (let i = 0; i < count; i++) into.node[at + i] = nodeOf[stacktraces[stackFrom + i]];
    scaleHalves(halves, at, values, valueFrom, count, unit);
    expectTotal(dataset.info, profiles.total[row], sumValues(into.value, at, at + count));
    at += count;
    into.timeMs[into.rowCount++] = profiles.timeMs[row];
    into.start[into.rowCount] = at;
  });
}

/**
 * Adds the samples of `[fromMs, untilMs)` to a tree.
 * @throws {FlamelakeError} `out_of_range` when the total leaves int64, `resource_exhausted` when the tree grows too large
 */
export function addStacksWithin(
  into: FunctionTree,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  { tree, rowCount, timeMs, start, node, value }: TimedStacks,
): void {
  const sums = new BigInt64Array(tree.stacks.count);
  const [sumHalves, valueHalves] = [halvesOf(sums), halvesOf(value)];
  let total = 0n;
  for (let row = 0; row < rowCount; row++) {
    if (timeMs[row] < fromMs || timeMs[row] >= untilMs) continue;
    // Values are not negative: while the total is in int64, so is every sum.
    total = addTotals(total, sumValues(value, start[row], start[row + 1]));
    accumulateHalves(sumHalves, node, start[row], valueHalves, start[row], start[row + 1] - start[row], 1);
  }
  mergeUsed(into, tree, settleInt64s(sums, tree.stacks.parent));
}
