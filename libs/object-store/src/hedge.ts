/**
 * Hedged reads ("The Tail at Scale", Dean and Barroso, CACM 2013): a read that takes longer than nearly all others is
 * asked a second time, the first answer wins and the other request is canceled. Bounded by a budget of extra requests.
 */
import type { Clock } from '@flamelake/model';
import type { Metrics } from '@flamelake/runtime';

export interface HedgeOptions {
  readonly clock: Clock;
  readonly metrics?: Metrics | undefined;
}

export interface HedgedRead {
  /** Unhedged reads run once, and their durations do not count. */
  readonly isHedged: boolean;
  readonly signal?: AbortSignal | undefined;
}

export type Hedge = <T>(read: (signal: AbortSignal) => Promise<T>, options: HedgedRead) => Promise<T>;

/** The share of reads that is quicker than the delay. */
const QUANTILE = 0.95;
/** How far one observation moves the delay. */
const STEP = 0.05;
const DELAY_MS_MIN = 20;
const DELAY_MS_MAX = 5_000;
/** Reason of an abort that only tidies up: without one a stack is recorded each time. */
const SETTLED = 'settled';
/** Delay before anything was observed. */
const DELAY_MS_FIRST = 500;
/** Hedges saved up at most, and what one read adds: so at most one request in twenty is an extra one. */
const BUDGET_MAX = 10;
const BUDGET_PER_READ = 0.05;

export function createHedge({ clock, metrics }: HedgeOptions): Hedge {
  const hedges = metrics?.counter({
    name: 'object_store_hedges_total',
    help: 'Second requests for a slow read, by which of the two was used.',
    labels: ['winner'],
  });
  /** Running estimate of the quantile. */
  let delayMs = DELAY_MS_FIRST;
  let budget = BUDGET_MAX;
  /** Moves the delay towards the quantile: stochastic approximation with relative steps. */
  const observe = (tookMs: number) => {
    const factor = tookMs > delayMs ? 1 + STEP * QUANTILE : 1 - STEP * (1 - QUANTILE);
    delayMs = Math.min(DELAY_MS_MAX, Math.max(DELAY_MS_MIN, delayMs * factor));
  };

  return async (read, { isHedged, signal }) => {
    const all = new AbortController();
    if (!isHedged) return read(signal ?? all.signal);
    const onAbort = () => all.abort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const startMs = clock.monotonicMs();
    budget = Math.min(BUDGET_MAX, budget + BUDGET_PER_READ);
    let winner: 'first' | 'second' | 'unhedged' = 'unhedged';
    const settled = new AbortController();
    const first = read(all.signal).finally(() => settled.abort(SETTLED));
    const second = async () => {
      await clock.sleep(delayMs, settled.signal);
      if (settled.signal.aborted || all.signal.aborted || budget < 1) return first;
      budget--;
      winner = 'first';
      const answer = await read(all.signal);
      winner = 'second';
      return answer;
    };
    try {
      return await Promise.any([first, second()]);
    } catch (error) {
      // Both failed: the first one's error is the one to tell.
      throw error instanceof AggregateError ? error.errors[0] : error;
    } finally {
      observe(clock.monotonicMs() - startMs);
      if (winner !== 'unhedged') hedges?.add(1, { winner });
      signal?.removeEventListener('abort', onAbort);
      all.abort(SETTLED);
    }
  };
}
