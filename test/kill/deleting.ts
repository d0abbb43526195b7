/** Clients that delete and pin at a steady rate: a service's profiles of a few seconds, each until it is acknowledged. */
import type { NamedPartition } from '@flamelake/catalog';
import type { SeededRandom } from '@flamelake/testkit';
import { addOutcome, mayRetry, type Outcomes, post } from './http.ts';
import type { Entry, Ledger } from './ledger.ts';

export interface DeletingOptions {
  readonly ledger: Ledger;
  readonly random: SeededRandom;
  readonly ratePerSecond: number;
  /** The query-frontends there are now. */
  readonly urls: () => readonly string[];
  /** Opens the names of snapshots. */
  readonly openName: (name: string) => readonly NamedPartition[];
  readonly onViolation: (words: string) => void;
}

export interface Deleting {
  /** Requests so far, by what came of them. */
  readonly outcomes: Outcomes;
  /** Snapshots that have the acknowledged ones. */
  readonly acknowledged: readonly (readonly NamedPartition[])[];
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
/** Others changed the same thing each time: another attempt is as good as the first. */
const ABORTED = 409;

export function startDeleting(options: DeletingOptions): Deleting {
  const { ledger, random, ratePerSecond, urls, openName, onViolation } = options;
  const outcomes = new Map<string, number>();
  const acknowledged: (readonly NamedPartition[])[] = [];
  const underWay = new Set<Promise<unknown>>();
  let isOver = false;

  /** @returns a snapshot that has it; undefined when nobody knows what came of it */
  const send = async (kind: 'delete' | 'pin', tenant: string | undefined, message: object) => {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const found = urls();
      if (found.length > 0) {
        const answer = await post(random.pick(found), `api/v1/${kind}`, message, { tenant, timeoutMs: TIMEOUT_MS });
        addOutcome(outcomes, answer);
        if (answer?.status === 200) {
          const snapshot = openName((JSON.parse(answer.body) as { readonly snapshot: string }).snapshot);
          acknowledged.push(snapshot);
          return snapshot;
        }
        if (answer !== undefined && answer.status !== ABORTED && !mayRetry(answer.status)) {
          onViolation(`${kind} was answered with ${answer.status} ${answer.body.slice(0, 300)}`);
          return undefined;
        }
      }
      await sleep(AGAIN_MS);
    }
    return undefined;
  };
  const pin = async (service: string, message: object, matched: readonly Entry[]): Promise<void> => {
    // A partition that has no segments yet takes no pin.
    const there = matched.filter(({ seenMs }) => seenMs !== undefined);
    for (const entry of matched) entry.mayStay = true;
    const pinnedIn = await send('pin', ledger.tenantOf(service), message);
    const expireBeforeMs = ledger.expireBefore(service, Date.now());
    // What has not expired by now had not when it was pinned.
    for (const entry of there) if (entry.timeMs >= expireBeforeMs) entry.pinnedIn ??= pinnedIn;
  };
  const remove = async (service: string, message: object, matched: readonly Entry[]): Promise<void> => {
    const after = ledger.newest(service);
    // What an answer had is in a chain, and what lies before the token is by the time the delete is made.
    const sure = matched.filter(
      (entry) =>
        entry.seenMs !== undefined ||
        (after !== undefined &&
          (entry === after.entry || (entry.acknowledgedMs !== undefined && entry.acknowledgedMs < after.sentMs))),
    );
    for (const entry of matched) entry.mayGo = true;
    const behind = { ...message, ...(after !== undefined && { commit: after.token }) };
    const deletedIn = await send('delete', ledger.tenantOf(service), behind);
    for (const entry of sure) entry.deletedIn ??= deletedIn;
  };
  const change = async (): Promise<void> => {
    const isPin = random.chance(PINS);
    const expiring = ledger.services.filter((one) => ledger.expireBefore(one, Date.now()) > 0);
    const service = random.pick(isPin && expiring.length > 0 ? expiring : ledger.services);
    const nowMs = Date.now();
    const startMs = nowMs - Math.floor(random.fraction() * BACK_MS_MAX) - 1;
    // Profiles to come are in no range.
    const endMs = Math.min(nowMs, startMs + 1 + random.integer(WIDTH_MS_MAX));
    const matched = ledger.of(service).filter(({ timeMs, isSound }) => isSound && timeMs >= startMs && timeMs < endMs);
    const message = { selector: `{service_name="${service}"}`, startMs, endMs, by: 'kill' };
    await (isPin ? pin : remove)(service, message, matched);
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
    acknowledged,
    async stop() {
      isOver = true;
      await running;
      await Promise.all(underWay);
    },
  };
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));
