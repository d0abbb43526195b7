/** Values of selected rows by stacktrace of one dataset, and the bounds that make them exact. */
import type { DatasetInfo, DatasetReader, ProfileColumns, TreeColumns, VisitSamples } from '@flamelake/block';
import { FlamelakeError } from '@flamelake/model';
import {
  accumulateDoubles,
  accumulateHalves,
  DOUBLE_EXACT_MAX,
  halvesOf,
  type NodeSums,
  settleDoubles,
  settleInt64s,
} from './accumulate.ts';
import type { ChosenSpans, RowRun } from './select-rows.ts';
import { addTotals, sumValues } from './value.ts';
import { visitSpans } from './visit-spans.ts';

/** Visits samples of chosen rows, in any order. */
export type VisitChosen = (visit: VisitSamples) => Promise<void>;

/**
 * Adds up the samples of runs of rows.
 * @param visitAll - visits those samples
 * @throws {FlamelakeError} `out_of_range` when the total leaves int64, `data_loss` when samples and row totals disagree
 */
export async function sumStacktraces(
  { info }: DatasetReader,
  runs: readonly RowRun[],
  profiles: ProfileColumns,
  tree: TreeColumns,
  visitAll: VisitChosen,
): Promise<NodeSums> {
  const total = sumRows(runs, profiles);
  const sums = await accumulateRows(visitAll, total, tree);
  expectTotal(info, total, sums.total);
  return sums;
}

/** @throws {FlamelakeError} `data_loss` when samples and row totals of a dataset disagree */
export function expectTotal({ service }: DatasetInfo, total: bigint, sum: bigint): void {
  if (sum === total) return;
  throw new FlamelakeError('data_loss', 'samples of a dataset do not add up to the totals of its profiles', {
    service,
    total,
    sum,
  });
}

/**
 * Adds up the samples of runs of rows that have one of the spans.
 * @throws {FlamelakeError} `out_of_range` when the total leaves int64
 */
export async function sumChosenSamples(
  dataset: DatasetReader,
  runs: readonly RowRun[],
  spans: ChosenSpans,
  { count, parent }: TreeColumns,
): Promise<NodeSums> {
  const sums = new BigInt64Array(count);
  let total = 0n;
  await visitSpans(dataset, runs, spans, (_run, _row, stacktrace, value) => {
    // Values are not negative: while the total is in int64, so is every sum.
    total = addTotals(total, value);
    sums[stacktrace] = sums[stacktrace] + value;
  });
  return settleInt64s(sums, parent);
}

async function accumulateRows(visitAll: VisitChosen, total: bigint, { count, parent }: TreeColumns): Promise<NodeSums> {
  if (total < DOUBLE_EXACT_MAX) {
    const sums = new Float64Array(count);
    await visitAll((_row, stacktraces, stackFrom, values, valueFrom, length, unit) => {
      accumulateDoubles(sums, stacktraces, stackFrom, values, valueFrom, length, unit);
    });
    return settleDoubles(sums, parent);
  }
  const sums = new BigInt64Array(count);
  const halves = halvesOf(sums);
  await visitAll((_row, stacktraces, stackFrom, values, valueFrom, length, unit) => {
    accumulateHalves(halves, stacktraces, stackFrom, values, valueFrom, length, unit);
  });
  return settleInt64s(sums, parent);
}

/**
 * Exact sum of the rows' totals.
 * @throws {FlamelakeError} `out_of_range` when it leaves int64
 */
export function sumRows(runs: readonly RowRun[], profiles: ProfileColumns): bigint {
  let total = 0n;
  for (const { from, until } of runs) total = addTotals(total, sumValues(profiles.total, from, until));
  return total;
}
