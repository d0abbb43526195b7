/** Clients that delete and pin at a steady rate: a service's profiles of a few seconds, each delete until it is acknowledged. */
import type { SeededRandom } from '@flamelake/testkit';
import { addOutcome, mayRetry, type Outcomes, post } from './http.ts';
import type { Ledger } from './ledger.ts';

export interface DeletingOptions {
  readonly ledger: Ledger;
  readonly random: SeededRandom;
  readonly ratePerSecond: number;
  /** The query-frontends there are now. */
  readonly urls: () => readonly string[];
  readonly onViolation: (words: string) => void;
}

export interface Deleting {
  /** Requests so far, by what came of them. */
  readonly outcomes: Outcomes;
  /** Asks for nothing new; resolves when all is acknowledged, or has failed for too long. */
  stop(): Promise<void>;
}

const TIMEOUT_MS = 15_000;
const AGAIN_MS = 500;
/** Attempts until a client gives up: what comes of it nobody knows. */
const ATTEMPTS_MAX = 40;
const PINS = 0.3;
/** How far back a range begins, and how wide it is. */
const BACK_MS_MAX = 20_000;
const WIDTH_MS_MAX = 3_000;

export function startDeleting({ ledger, random, ratePerSecond, urls, onViolation }: DeletingOptions): Deleting {
  const outcomes = new Map<string, number>();
  const underWay = new Set<Promise<unknown>>();
  let isOver = false;

  /** @returns whether it was acknowledged */
  const send = async (kind: 'delete' | 'pin', message: object): Promise<boolean> => {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const found = urls();
      if (found.length > 0) {
        const answer = await post(random.pick(found), `api/v1/${kind}`, message, { timeoutMs: TIMEOUT_MS });
        addOutcome(outcomes, answer);
        if (answer?.status === 200) return true;
        if (answer !== undefined && !mayRetry(answer.status)) {
          onViolation(`${kind} was answered with ${answer.status} ${answer.body.slice(0, 300)}`);
          return false;
        }
      }
      await sleep(AGAIN_MS);
    }
    return false;
  };
  const change = async (): Promise<void> => {
    const service = random.pick(ledger.services);
    const nowMs = Date.now();
    const startMs = nowMs - Math.floor(random.fraction() * BACK_MS_MAX) - 1;
    // Profiles to come are in no range.
    const endMs = Math.min(nowMs, startMs + 1 + random.integer(WIDTH_MS_MAX));
    const message = { selector: `{service_name="${service}"}`, startMs, endMs, by: 'kill' };
    if (random.chance(PINS)) {
      await send('pin', message);
      return;
    }
    const matched = ledger.of(service).filter(({ timeMs, isSound }) => isSound && timeMs >= startMs && timeMs < endMs);
    const after = ledger.newest(service);
    // What an answer had is in a chain, and what lies before the token is by the time the delete is made.
    const sure = matched.filter(
      (entry) =>
        entry.seenMs !== undefined ||
        (after !== undefined &&
          (entry === after.entry || (entry.acknowledgedMs !== undefined && entry.acknowledgedMs < after.sentMs))),
    );
    for (const entry of matched) entry.mayGo = true;
    if (!(await send('delete', { ...message, ...(after !== undefined && { commit: after.token }) }))) return;
    for (const entry of sure) entry.deletedMs ??= performance.now();
  };
  const run = async () => {
    const startMs = performance.now();
    for (let i = 0; !isOver; i++) {
      await sleep(startMs + (i * 1_000) / ratePerSecond - performance.now());
      if (isOver) continue;
      const work = change();
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    }
  };
  const running = run();
  return {
    outcomes,
    async stop() {
      isOver = true;
      await running;
      await Promise.all(underWay);
    },
  };
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));
