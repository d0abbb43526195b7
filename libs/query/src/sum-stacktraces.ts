/** Values of selected rows by stacktrace of one dataset, and the bounds that make them exact. */
import type { DatasetReader, ProfileColumns, SampleColumns, TreeColumns } from '@flamelake/block';
import { FlamelakeError } from '@flamelake/model';
import { accumulate, markUsed } from './accumulate.ts';
import type { RowRun } from './select-rows.ts';
import { addTotals } from './value.ts';

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
export function sumStacktraces(
  dataset: DatasetReader,
  runs: readonly RowRun[],
  profiles: ProfileColumns,
  samples: SampleColumns,
  tree: TreeColumns,
): StacktraceSums {
  const total = sumRows(runs, profiles);
  const sums = new BigInt64Array(tree.count);
  for (const { from, until } of runs) {
    const first = profiles.sampleStart[from];
    accumulate(sums, samples.stacktrace, samples.value, first, profiles.sampleStart[until]);
  }
  const check = new BigInt64Array(1);
  for (let node = 0; node < sums.length; node++) check[0] = check[0] + sums[node];
  if (check[0] !== total) {
    throw new FlamelakeError('data_loss', 'samples of a dataset do not add up to the totals of its profiles', {
      service: dataset.info.service,
      total,
      sum: check[0],
    });
  }
  return { sums, used: markUsed(sums, tree.parent, tree.count), total };
}

/**
 * Exact sum of the rows' totals.
 * @throws {FlamelakeError} `out_of_range` when it leaves int64
 */
export function sumRows(runs: readonly RowRun[], profiles: ProfileColumns): bigint {
  let total = 0n;
  for (const { from, until } of runs) {
    for (let row = from; row < until; row++) total = addTotals(total, profiles.total[row]);
  }
  return total;
}
