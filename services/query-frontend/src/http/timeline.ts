/** Time series as flamebearer documents have them: one number a step, zeros filled in. */
import type { SeriesQuery, TimeRange, TimeSeries } from '../queries.ts';

/** Shortest step, s, and most steps of a range. */
const STEP_SECONDS_MIN = 15;
const STEPS_MAX = 1_500;

export interface Timeline {
  /** Seconds since 1970. */
  readonly startTime: number;
  readonly samples: readonly number[];
  /** Seconds. */
  readonly durationDelta: number;
  readonly watermarks: null;
}

/** Step of a range, s. */
export function timelineStep({ startMs, endMs }: TimeRange): number {
  return Math.max(STEP_SECONDS_MIN, Math.round((endMs - startMs) / 1_000 / STEPS_MAX));
}

export function timelineOf({ startMs, endMs, stepSeconds }: SeriesQuery, series: TimeSeries | undefined): Timeline {
  const stepMs = stepSeconds * 1_000;
  const samples = Array.from({ length: Math.ceil((endMs - startMs) / stepMs) + 1 }, () => 0);
  for (const [i, timeMs] of (series?.timestampsMs ?? new Float64Array(0)).entries()) {
    samples[Math.ceil((timeMs - startMs) / stepMs)] = series?.values[i] ?? 0;
  }
  return { startTime: Math.floor(startMs / 1_000), samples, durationDelta: stepSeconds, watermarks: null };
}
