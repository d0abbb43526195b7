/** Takes the times of samples into a dataset that is built. */
import type { DatasetState } from './dataset-state.ts';
import { reserve } from './list.ts';

/**
 * @param entry - the newest that has times: those before it that were not told of have none
 * @param offsetMs - of which `[from, until)` are the entry's
 */
export function addTimes(
  { timeEnds, times }: DatasetState,
  entry: number,
  offsetMs: Int32Array,
  from: number,
  until: number,
): void {
  if (from === until) return;
  reserve(timeEnds, entry + 1);
  timeEnds.items.fill(times.count, timeEnds.count, entry);
  reserve(times, times.count + until - from);
  for (let i = from; i < until; i++) times.items[times.count++] = offsetMs[i];
  timeEnds.items[entry] = times.count;
  timeEnds.count = entry + 1;
}
