/**
 * When to ask a second querier, and how often at most: after the time that 19 of 20 tasks of the kind took of late ("hedged requests", Dean
 * and Barroso, The Tail at Scale, 2013), for one task in ten.
 */
import type { Question } from '@flamelake/query';

export interface Hedging {
  /** How long to wait for the first querier. */
  delayMs(kind: Question['kind']): number;
  /** Takes the right to ask a second one; false when there were too many of late. */
  take(): boolean;
  /** Tells how long a task took. */
  observe(kind: Question['kind'], durationMs: number): void;
}

/** Durations that are remembered, and how many of them say enough. */
const WINDOW = 128;
const WINDOW_MIN = 20;
const QUANTILE = 0.95;
/** Second questions earned by a task, and how many can be saved up. */
const EARNED = 0.1;
const SAVED_MAX = 10;

interface Recent {
  readonly durations: Float64Array;
  count: number;
  delayMs: number;
}

/** @param delayMsMin - no second question earlier; `delayMsDefault` - while too little is known */
export function createHedging({ delayMsMin, delayMsDefault }: { delayMsMin: number; delayMsDefault: number }): Hedging {
  const byKind = new Map<Question['kind'], Recent>();
  let saved = SAVED_MAX;
  return {
    delayMs: (kind) => Math.max(delayMsMin, byKind.get(kind)?.delayMs ?? delayMsDefault),
    take() {
      if (saved < 1) return false;
      saved--;
      return true;
    },
    observe(kind, durationMs) {
      saved = Math.min(SAVED_MAX, saved + EARNED);
      const recent = byKind.get(kind) ?? { durations: new Float64Array(WINDOW), count: 0, delayMs: delayMsDefault };
      byKind.set(kind, recent);
      recent.durations[recent.count++ % WINDOW] = durationMs;
      if (recent.count < WINDOW_MIN) return;
      const known = recent.durations.slice(0, Math.min(recent.count, WINDOW)).sort();
      recent.delayMs = known[Math.floor(known.length * QUANTILE)];
    },
  };
}
