/** Values of selected rows by stacktrace of one dataset, and the bounds that make them exact. */
import type { DatasetReader, ProfileColumns, TreeColumns } from '@flamelake/block';
import { FlamelakeError } from '@flamelake/model';
import { accumulateDoubles, accumulateHalves, DOUBLE_EXACT_MAX, halvesOf, markUsed, toInt64s } from './accumulate.ts';
import type { RowRun } from './select-rows.ts';
import { addTotals, sumValues } from './value.ts';

/** Sums of a dataset. */
export interface StacktraceSums {
  /** By node of the dataset's stacktrace tree. */
  readonly sums: BigInt64Array;
  /** 1 for each node but the root that has a value at or below it. */
  readonly used: Uint8Array;
  /** Exact sum of all. */
  readonly total: bigint;
}

/**
 * Adds up the samples of runs of rows.
 * @throws {FlamelakeError} `out_of_range` when the total leaves int64, `data_loss` when samples and row totals disagree
 */
export async function sumStacktraces(
  dataset: DatasetReader,
  runs: readonly RowRun[],
  profiles: ProfileColumns,
  tree: TreeColumns,
): Promise<StacktraceSums> {
  const total = sumRows(runs, profiles);
  const sums = await accumulateRows(dataset, total, runs, tree.count);
  const sum = sumValues(sums, 0, tree.count);
  if (sum !== total) {
    throw new FlamelakeError('data_loss', 'samples of a dataset do not add up to the totals of its profiles', {
      service: dataset.info.service,
      total,
      sum,
    });
  }
  return { sums, used: markUsed(halvesOf(sums), tree.parent, tree.count), total };
}

async function accumulateRows(
  dataset: DatasetReader,
  total: bigint,
  runs: readonly RowRun[],
  nodeCount: number,
): Promise<BigInt64Array> {
  if (total < DOUBLE_EXACT_MAX) {
    const sums = new Float64Array(nodeCount);
    await dataset.visitSamples(runs, (_row, stacktraces, stackFrom, values, valueFrom, count, unit) => {
      accumulateDoubles(sums, stacktraces, stackFrom, values, valueFrom, count, unit);
    });
    return toInt64s(sums);
  }
  const sums = new BigInt64Array(nodeCount);
  const halves = halvesOf(sums);
  await dataset.visitSamples(runs, (_row, stacktraces, stackFrom, values, valueFrom, count, unit) => {
    accumulateHalves(halves, stacktraces, stackFrom, values, valueFrom, count, unit);
  });
  return sums;
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
