/** Clients that push at a steady rate, each profile until it is acknowledged, sometimes once more. */
import type { SeededRandom } from '@flamelake/testkit';
import { pushMessage, smallPprof } from '../e2e/small-profile.ts';
import { addOutcome, mayRetry, type Outcomes, post } from './http.ts';
import type { Entry, Ledger } from './ledger.ts';

export interface PushingOptions {
  readonly ledger: Ledger;
  readonly random: SeededRandom;
  readonly ratePerSecond: number;
  /** The distributors there are now. */
  readonly urls: () => readonly string[];
  readonly onViolation: (words: string) => void;
  /** When a client gives a request up. */
  readonly timeoutMs?: number;
}

export interface Pushing {
  /** Sends one profile and resolves when it is decided. */
  push(service: string): Promise<Entry>;
  /** Requests so far, by what came of them. */
  readonly outcomes: Outcomes;
  /** Profiles that are not decided yet. */
  readonly undecided: number;
  /** Sends nothing new; resolves when all that was sent is acknowledged or refused. */
  stop(): Promise<void>;
}

const METHOD = 'push.v1.PusherService/Push';
const TIMEOUT_MS = 4_000;
const AGAIN_MS = 250;
/** Shares of profiles that are too old, and of those sent once more after their acknowledgement. */
const UNSOUND = 0.04;
const RESENT = 0.06;
const RESENT_AFTER_MS_MAX = 8_000;
const TOO_OLD_MS = 2 * 3_600_000;
const VALUE_MAX = 1_000;
/** Of each service. */
const PODS = 4;

export function startPushing(options: PushingOptions): Pushing {
  const { ledger, random, ratePerSecond, urls, onViolation, timeoutMs = TIMEOUT_MS } = options;
  const underWay = new Set<Promise<unknown>>();
  const outcomes = new Map<string, number>();
  let isOver = false;

  const decide = async (entry: Entry, message: object): Promise<void> => {
    for (;;) {
      const found = urls();
      if (found.length === 0) {
        await sleep(AGAIN_MS);
        continue;
      }
      const sentMs = performance.now();
      const answer = await post(random.pick(found), METHOD, message, {
        timeoutMs,
        tenant: ledger.tenantOf(entry.service),
      });
      addOutcome(outcomes, answer);
      if (answer?.status === 200) {
        if (!entry.isSound) onViolation(`${entry.id} is too old and was acknowledged`);
        ledger.acknowledge(entry, answer.token, sentMs);
        return;
      }
      if (answer !== undefined && !mayRetry(answer.status)) {
        if (entry.isSound) onViolation(`${entry.id} was answered with ${answer.status} ${answer.body.slice(0, 300)}`);
        entry.isRefused = true;
        return;
      }
      await sleep(AGAIN_MS * (0.5 + random.fraction()));
    }
  };
  const track = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  };
  const push = async (service: string, isSound = true): Promise<Entry> => {
    const timeMs = Date.now() - (isSound ? 0 : TOO_OLD_MS);
    const facts = { service, pod: `pod-${random.integer(PODS)}`, value: 1 + random.integer(VALUE_MAX) };
    const entry = ledger.add({ ...facts, timeMs, isSound });
    const message = pushMessage(service, profileOf(entry), { pod: entry.pod });
    const isResent = random.chance(RESENT);
    await decide(entry, message);
    if (isResent) void track(resend(entry, message));
    return entry;
  };
  const resend = async (entry: Entry, message: object) => {
    await sleep(random.fraction() * RESENT_AFTER_MS_MAX);
    await decide(entry, message);
  };
  const run = async () => {
    const startMs = performance.now();
    for (let i = 0; !isOver; i++) {
      await sleep(startMs + (i * 1_000) / ratePerSecond - performance.now());
      if (!isOver) void track(push(random.pick(ledger.services), !random.chance(UNSOUND)));
    }
  };
  const running = run();
  return {
    push: (service) => track(push(service)),
    outcomes,
    get undecided() {
      return underWay.size;
    },
    async stop() {
      isOver = true;
      await running;
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

/** Some stacks below a function of its own, that add up to the value. */
function profileOf({ id, value, timeMs }: Entry): Uint8Array {
  const first = Math.ceil(value / 3);
  const stacks = [
    { frames: ['main', id], value: BigInt(first) },
    { frames: ['main', id, 'serve', 'encode'], value: BigInt(Math.ceil((value - first) / 2)) },
    { frames: ['main', id, 'wait'], value: BigInt(Math.floor((value - first) / 2)) },
  ].filter((stack) => stack.value > 0n);
  return smallPprof({ stacks, timeMs });
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));
