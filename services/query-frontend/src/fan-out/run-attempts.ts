/**
 * One task, tried until it is answered: at the querier whose turn its block is, at a second one too when the first is slow, at another when
 * one does not answer or has too much to do. Whoever is no longer needed is canceled.
 */
import { type Clock, FlamelakeError, type Random } from '@flamelake/model';
import type { Peer, QuerierPeers } from './querier-peers.ts';

export type AttemptKind = 'first' | 'retry' | 'hedge';

export interface AttemptsOptions<T> {
  readonly peers: QuerierPeers;
  readonly blockId: string;
  /** Asks one querier. */
  readonly ask: (peer: Peer, signal: AbortSignal) => Promise<T>;
  readonly attemptsMax: number;
  /** Wait before the second attempt; doubles, and a random part of it is taken. */
  readonly delayMs: number;
  /** Undefined asks no second querier. */
  readonly hedgeDelayMs: number | undefined;
  /** Takes the right to ask a second querier at the same time; without it only an overdue task gets one. */
  readonly mayHedge: () => boolean;
  readonly onAttempt: (kind: AttemptKind) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** When a task is overdue: so many times as late as others are asked twice, and not before. */
const OVERDUE_FACTOR = 8;
const OVERDUE_MS_MIN = 1_000;

/**
 * @throws {FlamelakeError} `unavailable` when there is no querier; else what the last one asked threw: at once when asking another cannot help
 */
export async function runAttempts<T>(options: AttemptsOptions<T>): Promise<T> {
  const { attemptsMax, delayMs, clock, random, signal, onAttempt } = options;
  const tried = new Set<Peer>();
  for (let attempt = 1; ; attempt++) {
    onAttempt(attempt === 1 ? 'first' : 'retry');
    try {
      return await askOneOrTwo(options, tried);
    } catch (error) {
      if (!mayAskAnother(error) || attempt >= attemptsMax || signal.aborted) throw error;
      await clock.sleep(random.fraction() * delayMs * 2 ** (attempt - 1), signal);
      if (signal.aborted) throw error;
    }
  }
}

/** Whether another querier may answer what this one did not. */
function mayAskAnother(error: unknown): boolean {
  if (!(error instanceof FlamelakeError)) return false;
  // `unimplemented`: one of another release, while some are replaced.
  return error.code === 'unavailable' || error.code === 'resource_exhausted' || error.code === 'unimplemented';
}

type Decision<T> = { readonly value: T } | { readonly error: unknown };

async function askOneOrTwo<T>(options: AttemptsOptions<T>, tried: Set<Peer>): Promise<T> {
  const { peers, blockId, hedgeDelayMs, mayHedge, onAttempt, clock, signal } = options;
  const first = peers.take(blockId, tried);
  if (first === undefined) {
    throw new FlamelakeError('unavailable', 'no querier is known', { retryAfterSeconds: 1 });
  }
  tried.add(first);
  const decided = new AbortController();
  const either = AbortSignal.any([signal, decided.signal]);
  const firstEnded = new AbortController();
  const askFirst = async () => {
    try {
      return await askOne(options, first, either, 'failed');
    } finally {
      firstEnded.abort();
    }
  };
  const isLate = async (delayMs: number) => {
    await clock.sleep(delayMs, firstEnded.signal);
    return !firstEnded.signal.aborted;
  };
  const askSecond = async (): Promise<Decision<T>> => {
    // Where too many were slow of late, only what is long overdue is asked twice.
    const isDue =
      hedgeDelayMs !== undefined &&
      (await isLate(hedgeDelayMs)) &&
      (mayHedge() || (await isLate(Math.max(OVERDUE_MS_MIN, hedgeDelayMs * OVERDUE_FACTOR))));
    const second = isDue ? peers.takeSpare(blockId, tried) : undefined;
    if (second === undefined) throw new FlamelakeError('unavailable', 'no second querier was asked');
    tried.add(second);
    onAttempt('hedge');
    return askOne(options, second, either, 'left');
  };
  try {
    const decision = await Promise.any([askFirst(), askSecond()]);
    if ('error' in decision) throw decision.error;
    return decision.value;
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    decided.abort();
  }
}

/**
 * Asks a querier to which a place was given, and gives it back.
 * @param whenLost - what to think of it when another one has answered before
 * @throws what another querier may do better
 */
async function askOne<T>(
  { peers, ask, signal }: AttemptsOptions<T>,
  peer: Peer,
  either: AbortSignal,
  whenLost: 'failed' | 'left',
): Promise<Decision<T>> {
  try {
    const value = await ask(peer, either);
    peers.release(peer, 'answered');
    return { value };
  } catch (error) {
    if (either.aborted) peers.release(peer, signal.aborted ? 'left' : whenLost);
    else peers.release(peer, outcomeOf(error));
    if (mayAskAnother(error)) throw error;
    return { error };
  }
}

function outcomeOf(error: unknown): 'answered' | 'failed' | 'busy' {
  if (!(error instanceof FlamelakeError)) return 'failed';
  if (error.code === 'resource_exhausted') return 'busy';
  return error.code === 'unavailable' || error.code === 'deadline_exceeded' || error.code === 'unimplemented'
    ? 'failed'
    : 'answered';
}
