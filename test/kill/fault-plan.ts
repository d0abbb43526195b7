/** Which faults happen when: a deck of all kinds, shuffled by the seed, and again when it is through. */
import type { SeededRandom } from '@flamelake/testkit';
import { COPIES, ROLES, type RoleName } from './world.ts';

type Action = 'kill' | 'freeze' | 'restart';

export interface Fault {
  /** Since the burst began. */
  readonly atMs: number;
  /** How it is counted, such as `querier kill`. */
  readonly kind: string;
  readonly what:
    | { readonly on: 'role'; readonly role: RoleName; readonly copy: number; readonly action: Action }
    | { readonly on: 'broker'; readonly broker: number; readonly action: 'kill' | 'freeze' }
    | { readonly on: 'redis' | 's3'; readonly action: 'kill' | 'freeze' }
    | { readonly on: 's3-proxy'; readonly action: 'slow' | 'refuse' | 'lose' };
  /** Downtime, or time frozen or in trouble. */
  readonly lastsMs: number;
}

/** Longer than a segment-writer's session of 6 s. */
const FREEZE_WRITER_MS = [7_000, 10_000] as const;
/** On both sides of the brokers' session of 3 s. */
const FREEZE_MS = [500, 5_000] as const;
const DOWN_MS = [0, 3_000] as const;
const TROUBLE_MS = [3_000, 6_000] as const;

/**
 * @param lastsMs - length of the burst; faults begin within it and may end after it
 * @param gapMs - mean time from one to the next
 */
export function planFaults(random: SeededRandom, lastsMs: number, gapMs: number): readonly Fault[] {
  const faults: Fault[] = [];
  let deck: Omit<Fault, 'atMs'>[] = [];
  for (let atMs = 0; atMs < lastsMs; atMs += gapMs * (0.5 + random.fraction())) {
    if (deck.length === 0) deck = shuffledDeck(random);
    const next = deck.pop();
    if (next !== undefined) faults.push({ ...next, atMs });
  }
  return faults;
}

function shuffledDeck(random: SeededRandom): Omit<Fault, 'atMs'>[] {
  const between = ([from, to]: readonly [number, number]) => from + Math.floor(random.fraction() * (to - from));
  const deck: Omit<Fault, 'atMs'>[] = [];
  const add = (kind: string, what: Fault['what'], range: readonly [number, number]) =>
    deck.push({ kind, what, lastsMs: between(range) });
  for (const role of ROLES) {
    for (const action of ['kill', 'freeze', 'restart'] as const) {
      const freeze = role === 'segment-writer' ? FREEZE_WRITER_MS : FREEZE_MS;
      const copy = random.integer(COPIES);
      add(`${role} ${action}`, { on: 'role', role, copy, action }, action === 'freeze' ? freeze : DOWN_MS);
    }
  }
  for (const action of ['kill', 'freeze'] as const) {
    const range = action === 'kill' ? DOWN_MS : FREEZE_MS;
    add(`broker ${action}`, { on: 'broker', broker: random.integer(3), action }, range);
    add(`redis ${action}`, { on: 'redis', action }, range);
    add(`s3 ${action}`, { on: 's3', action }, range);
  }
  for (const action of ['slow', 'refuse', 'lose'] as const) add(`s3 ${action}`, { on: 's3-proxy', action }, TROUBLE_MS);
  for (let i = deck.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [deck[i], deck[j]] = [deck[j], deck[i]];
  }
  return deck;
}
