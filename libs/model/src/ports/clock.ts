/** Time, as everything but runtime sees it. */
export interface Clock {
  /** Wall clock, ms since 1970. */
  nowMs(): number;
  /** Monotonic time in ms, for durations. */
  monotonicMs(): number;
  /** Resolves after `ms`, or earlier when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
