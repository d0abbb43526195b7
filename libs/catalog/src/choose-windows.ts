/** Which windows of profile time a merge opens: the fullest ones, judged by what the catalog knows of its inputs. */
import { startOf } from './plan-merges.ts';
import type { BlockEntry } from './types.ts';

/** Rows whose time is in the window; of late rows, that is in none of the opened ones. */
export interface OutputWindow {
  /** Lowest and highest time it can hold, both inclusive. */
  readonly fromMs: number;
  readonly untilMs: number;
  includes(timeMs: number): boolean;
}

/** Windows of one dataset that are looked at one by one; one that spans more is late. */
const SPANNED_MAX = 1_000;

/** The opened windows by time, then the late one if anything can be left for it. */
export function chooseWindows(
  inputs: readonly Pick<BlockEntry, 'datasets'>[],
  windowMs: number,
  windowsMax: number,
): readonly OutputWindow[] {
  const weights = new Map<number, number>();
  let isLateNeeded = false;
  for (const { datasets } of inputs) {
    for (const { minTimeMs, maxTimeMs, sizeBytes } of datasets) {
      const first = startOf(minTimeMs, windowMs);
      const count = Math.floor((maxTimeMs - first) / windowMs) + 1;
      if (count > SPANNED_MAX) {
        isLateNeeded = true;
        continue;
      }
      for (let i = 0; i < count; i++) {
        const startMs = first + i * windowMs;
        weights.set(startMs, (weights.get(startMs) ?? 0) + sizeBytes / count);
      }
    }
  }
  const fullest = [...weights].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, windowsMax);
  const opened = new Set(fullest.map(([startMs]) => startMs));
  const windows = [...opened]
    .sort((a, b) => a - b)
    .map((fromMs): OutputWindow => {
      const untilMs = fromMs + windowMs;
      return { fromMs, untilMs, includes: (timeMs) => timeMs >= fromMs && timeMs < untilMs };
    });
  if (!isLateNeeded && weights.size === opened.size) return windows;
  const late: OutputWindow = {
    fromMs: Number.NEGATIVE_INFINITY,
    untilMs: Number.POSITIVE_INFINITY,
    includes: (timeMs) => !opened.has(startOf(timeMs, windowMs)),
  };
  return [...windows, late];
}
