/** Whether an answer can be right: each profile whole or not at all, none that was refused or never sent, none missing that must be there. */
import type { Acknowledgement, Entry } from './ledger.ts';

export interface Asked {
  readonly service: string;
  /** Range, both ends included, ms since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  /** When it was asked, on the driver's monotonic clock. */
  readonly sentMs: number;
  /** The push whose token it carried. */
  readonly after: Acknowledgement | undefined;
}

/** A query-frontend's snapshot may be 250 ms older than the question. */
const SNAPSHOT_AGE_MS = 300;

/**
 * @param entries - all of the service, as known when the answer came
 * @param counted - value by function
 * @returns what is wrong, in words
 */
export function judgeAnswer(asked: Asked, entries: readonly Entry[], counted: ReadonlyMap<string, bigint>): string[] {
  const wrong: string[] = [];
  let known = 0;
  for (const entry of entries) {
    if (entry.timeMs < asked.startMs || entry.timeMs > asked.endMs) continue;
    const got = counted.get(entry.id);
    if (got !== undefined) known++;
    const reason = got === undefined ? whyMissed(asked, entry) : whyWrong(entry, got);
    if (reason !== undefined) wrong.push(`${entry.service} ${entry.id}: ${reason}`);
  }
  if (known !== counted.size) {
    const names = new Set(entries.map(({ id }) => id));
    const strangers = [...counted.keys()].filter((name) => !names.has(name));
    wrong.push(
      `${asked.service}: ${counted.size - known} profiles outside the range or never sent: ${strangers.join(' ')}`,
    );
  }
  return wrong;
}

/** Whether an answer is wrong without this profile. */
export function mustCount(asked: Asked, entry: Entry): boolean {
  const isInRange = entry.timeMs >= asked.startMs && entry.timeMs <= asked.endMs;
  return isInRange && whyMissed(asked, entry) !== undefined;
}

function whyWrong({ isSound, value }: Entry, got: bigint): string | undefined {
  if (!isSound) return 'was refused and is counted';
  return got === BigInt(value) ? undefined : `counted ${got}, sent ${value}`;
}

/** A profile may be missing until somebody has seen it, or asks behind it. */
function whyMissed({ sentMs, after }: Asked, entry: Entry): string | undefined {
  const { isSound, acknowledgedMs, seenMs } = entry;
  if (!isSound) return undefined;
  if (seenMs !== undefined && seenMs < sentMs - SNAPSHOT_AGE_MS) return 'was seen and is gone';
  if (after === undefined) return undefined;
  if (entry === after.entry) return 'is missing, and its own token was sent';
  const isBefore = acknowledgedMs !== undefined && acknowledgedMs < after.sentMs;
  return isBefore ? 'is missing, acknowledged before the token’s push was sent' : undefined;
}
