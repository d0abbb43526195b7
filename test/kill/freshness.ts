/** Time from an acknowledgement until an answer without a token counts the profile, measured while nothing is wrong. */
import type { Asking } from './asking.ts';
import type { Ledger } from './ledger.ts';
import type { Pushing } from './pushing.ts';

export interface FreshnessOptions {
  readonly ledger: Ledger;
  readonly pushing: Pushing;
  readonly asking: Asking;
  readonly urls: () => readonly string[];
  readonly forMs: number;
}

const PROBES = 4;
const ASK_AGAIN_MS = 20;
/** A probe that was not seen for so long counts as that. */
const WAIT_MS_MAX = 30_000;

/** @returns times, ms */
export async function measureFreshness({ ledger, pushing, asking, urls, forMs }: FreshnessOptions): Promise<number[]> {
  const times: number[] = [];
  const endMs = performance.now() + forMs;
  const probe = async (n: number) => {
    for (let i = n; performance.now() < endMs; i++) {
      const entry = await pushing.push(ledger.services[i % ledger.services.length]);
      const acknowledgedMs = performance.now();
      let waitedMs = 0;
      for (let isSeen = false; !isSeen && waitedMs < WAIT_MS_MAX; ) {
        const found = urls();
        const question = { service: entry.service, startMs: entry.timeMs, endMs: entry.timeMs, withToken: false };
        const counted = await asking.ask(found[i % found.length], question);
        waitedMs = performance.now() - acknowledgedMs;
        // It may be deleted, or expire, before anybody sees it.
        const mayLack = entry.mayGo || entry.timeMs < ledger.expireBefore(entry.service, Date.now());
        isSeen = mayLack || (counted?.has(entry.id) ?? false);
        if (!isSeen) await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      }
      times.push(waitedMs);
    }
  };
  await Promise.all(Array.from({ length: PROBES }, (_, n) => probe(n * PROBES)));
  return times;
}

/** @param share - in [0, 1] */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
