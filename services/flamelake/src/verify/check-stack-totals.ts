/** Whether the sums that a dataset states are those of its samples. */
import type { DatasetReader, ProfileColumns, SampleColumns, Series } from '@flamelake/block';
import { profileTypeId } from '@flamelake/model';

/** @returns what is wrong, in words; a profile type without stated sums is right */
export async function checkStackTotals(
  dataset: DatasetReader,
  series: readonly Series[],
  profiles: ProfileColumns,
  samples: SampleColumns,
): Promise<readonly string[]> {
  const { count } = await dataset.tree();
  const wrong: string[] = [];
  for (const type of dataset.info.profileTypes) {
    const totals = await dataset.totals(type, []);
    if (totals === undefined) continue;
    const sums = new BigInt64Array(count);
    let rows = 0;
    for (let row = 0; row < profiles.count; row++) {
      if (profileTypeId(series[profiles.series[row]].type) !== type) continue;
      rows++;
      for (let i = samples.start[row]; i < samples.start[row + 1]; i++) sums[samples.stacktrace[i]] += samples.value[i];
    }
    for (const { profileCount, stacks } of totals) {
      rows -= profileCount;
      for (const { stacktrace, value } of stacks) {
        for (let i = 0; i < stacktrace.length; i++) sums[stacktrace[i]] -= value[i];
      }
    }
    if (rows !== 0 || sums.some((left) => left !== 0n)) wrong.push(`totals of ${type} are not those of its samples`);
  }
  return wrong;
}
