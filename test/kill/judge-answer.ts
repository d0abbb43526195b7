/**
 * Whether an answer can be right: each profile whole or not at all, none that was refused, deleted or never sent, none missing that must be
 * there. Which deletes and pins an answer must heed its snapshot says, not the time.
 */
import type { NamedPartition } from '@flamelake/catalog';
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

/** What is known of an answer. */
export interface Answered {
  /** What it was answered from; undefined if that is not known. */
  readonly snapshot?: readonly NamedPartition[];
  /** When the question was sent, profiles older than the first had expired; when the answer was in hand, those older than the second. */
  readonly expired?: { readonly surelyBeforeMs: number; readonly perhapsBeforeMs: number };
}

/** A query-frontend's snapshot may be 250 ms older than the question. */
const SNAPSHOT_AGE_MS = 300;

/**
 * @param entries - all of the service, as known when the answer came
 * @param counted - value by function
 * @returns what is wrong, in words
 */
export function judgeAnswer(
  asked: Asked,
  entries: readonly Entry[],
  counted: ReadonlyMap<string, bigint>,
  answered: Answered = {},
): string[] {
  const wrong: string[] = [];
  let known = 0;
  for (const entry of entries) {
    if (entry.timeMs < asked.startMs || entry.timeMs > asked.endMs) continue;
    const got = counted.get(entry.id);
    if (got !== undefined) known++;
    const reason = got === undefined ? whyMissed(asked, entry, answered) : whyWrong(entry, got, answered);
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

/** Whether a snapshot has what another has of the catalog. */
export function reaches(snapshot: readonly NamedPartition[], other: readonly NamedPartition[]): boolean {
  return other.every(({ root, version }) =>
    snapshot.some(
      (one) => one.root.logId === root.logId && one.root.partition === root.partition && one.version >= version,
    ),
  );
}

function heeds(change: readonly NamedPartition[] | undefined, { snapshot }: Answered): boolean {
  return change !== undefined && snapshot !== undefined && reaches(snapshot, change);
}

function whyWrong(entry: Entry, got: bigint, answered: Answered): string | undefined {
  if (!entry.isSound) return 'was refused and is counted';
  if (heeds(entry.deletedIn, answered)) return 'was deleted and is counted';
  const isExpired = answered.expired !== undefined && entry.timeMs < answered.expired.surelyBeforeMs;
  if (isExpired && !entry.mayStay) return 'had expired and is counted';
  return got === BigInt(entry.value) ? undefined : `counted ${got}, sent ${entry.value}`;
}

/** A profile may be missing until somebody has seen it, or asks behind it; and from when it is asked to be deleted, or expires unpinned. */
function whyMissed({ sentMs, after }: Asked, entry: Entry, answered: Answered = {}): string | undefined {
  const { isSound, acknowledgedMs, seenMs, mayGo } = entry;
  if (!isSound || mayGo) return undefined;
  const isExpired = answered.expired !== undefined && entry.timeMs < answered.expired.perhapsBeforeMs;
  if (isExpired && !heeds(entry.pinnedIn, answered)) return undefined;
  if (seenMs !== undefined && seenMs < sentMs - SNAPSHOT_AGE_MS) return 'was seen and is gone';
  if (after === undefined) return undefined;
  if (entry === after.entry) return 'is missing, and its own token was sent';
  const isBefore = acknowledgedMs !== undefined && acknowledgedMs < after.sentMs;
  return isBefore ? 'is missing, acknowledged before the token’s push was sent' : undefined;
}
