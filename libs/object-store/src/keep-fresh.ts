/** Things that expire, kept until shortly before: credentials, tokens. */
import type { Clock } from '@flamelake/model';

export interface Expiring {
  /** When it ends, ms since 1970; never when absent. */
  readonly expiresMs?: number | undefined;
}

export interface KeptFresh<T> {
  /** What is good now. Throws what fetching throws. */
  get(): Promise<T>;
  /** Lets go of what is kept: somebody refused it. */
  forget(): void;
}

/** A fresh one is fetched this long before the old one ends, … */
const REFRESH_BEFORE_MS = 300_000;
/** … and a failed refresh is not repeated sooner than this while the old one lasts. */
const REFRESH_AGAIN_MS = 30_000;

/** Keeps what `fetch` gives while it lasts; fetches once for all that wait. */
export function keepFresh<T extends Expiring>(fetch: () => Promise<T>, clock: Clock): KeptFresh<T> {
  let kept: T | undefined;
  let underWay: Promise<T> | undefined;
  let notBeforeMs = 0;
  const refresh = (): Promise<T> => {
    underWay ??= fetch().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  return {
    async get() {
      const nowMs = clock.nowMs();
      const leftMs = kept === undefined ? 0 : (kept.expiresMs ?? Number.POSITIVE_INFINITY) - nowMs;
      if (kept !== undefined && (leftMs > REFRESH_BEFORE_MS || (leftMs > 0 && nowMs < notBeforeMs))) return kept;
      try {
        kept = await refresh();
      } catch (error) {
        if (kept === undefined || leftMs <= 0) throw error;
        notBeforeMs = nowMs + REFRESH_AGAIN_MS;
      }
      return kept;
    },
    forget() {
      kept = undefined;
    },
  };
}
