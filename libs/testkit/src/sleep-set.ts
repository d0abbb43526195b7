/**
 * Sleep sets (Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", 1996): a search of all orders of steps
 * leaves out those that only exchange steps which have nothing in common.
 */

/** A thing that steps share, by name; the name of a thing begins with the names of what holds it. */
export interface Touch {
  readonly thing: string;
  readonly writes: boolean;
}

interface Touching {
  readonly process: object;
  readonly touches: readonly Touch[] | undefined;
}

/** Steps that were tried before and would bring about nothing new yet. */
export type SleepSet<S> = ReadonlySet<S>;

/** Those of the steps to choose from that bring about something new. */
export function awake<S>(steps: readonly S[], asleep: SleepSet<S>): S[] {
  return steps.filter((step) => !asleep.has(step));
}

/**
 * The sleep set behind a choice: who slept and who was tried before sleeps on, until a step is taken that it cannot change places with.
 * @param candidates - the steps awake, in the order the search tries them
 * @param index - the one taken
 */
export function asleepAfter<S extends Touching>(
  asleep: SleepSet<S>,
  candidates: readonly S[],
  index: number,
): SleepSet<S> {
  const taken = candidates[index];
  if (taken === undefined) return asleep;
  return new Set([...asleep, ...candidates.slice(0, index)].filter((other) => areIndependent(other, taken)));
}

function areIndependent(a: Touching, b: Touching): boolean {
  if (a.process === b.process || a.touches === undefined || b.touches === undefined) return false;
  for (const one of a.touches) {
    for (const other of b.touches) {
      const isShared = one.thing.startsWith(other.thing) || other.thing.startsWith(one.thing);
      if (isShared && (one.writes || other.writes)) return false;
    }
  }
  return true;
}
