/** The clock of a store over HTTP: the Date header of its last answer, and the time since. */
import type { Clock } from '@flamelake/model';

export interface StoreClock {
  /** Takes the Date header of an answer. */
  note(date: string | Date | null | undefined): void;
  /** Ms since 1970, whole seconds late at most; undefined when the last answer is too long ago. */
  nowMs(): number | undefined;
}

/** How long one header tells the time. */
const REUSE_MS = 10_000;

export function createStoreClock(clock: Clock): StoreClock {
  let last: { readonly serverMs: number; readonly atMs: number } | undefined;
  return {
    note(date) {
      const serverMs = date instanceof Date ? date.getTime() : Date.parse(date ?? '');
      if (serverMs > 0) last = { serverMs, atMs: clock.monotonicMs() };
    },
    nowMs() {
      if (last === undefined) return undefined;
      const ageMs = clock.monotonicMs() - last.atMs;
      return ageMs > REUSE_MS ? undefined : Math.floor(last.serverMs + ageMs);
    },
  };
}
