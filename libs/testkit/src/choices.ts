/**
 * Where a simulation's choices come from: a seed, or a search over all of them.
 *
 * A simulation that asks for every choice here and takes nothing from outside runs the same way again when it gets the same answers.
 * The search runs it again and again, each time with the next sequence in depth-first order. Departures from the first alternative can be
 * bounded by kind: so many faults, so many changes in the order of steps.
 */
import { createSeededRandom } from './seeded-random.ts';

/** Kinds of choice, each with a budget in a search. */
export type ChoiceKind = 'schedule' | 'fault';

export interface Choices {
  /**
   * Picks one of the alternatives.
   * @param weights - relative, one an alternative; the first is the one a search takes without spending
   */
  choose(kind: ChoiceKind, weights: readonly number[]): number;
}

/** Picks by weight. */
export function seededChoices(seed: number | string): Choices {
  const random = createSeededRandom(seed);
  return {
    choose(_kind, weights) {
      let sum = 0;
      for (const weight of weights) sum += weight;
      let left = random.fraction() * sum;
      for (const [index, weight] of weights.entries()) {
        left -= weight;
        if (left < 0) return index;
      }
      return weights.length - 1;
    },
  };
}

interface Choice {
  taken: number;
  readonly alternatives: number;
}

/** What a search ran. */
export interface SearchResult {
  readonly runs: number;
  /** False when `runsMax` came first. */
  readonly exhausted: boolean;
}

/**
 * Runs `simulate` once for every sequence of choices within the budgets.
 * An error it throws ends the search; the error's `path` is then the sequence, to be given as `from` for a replay.
 */
export async function searchChoices(
  simulate: (choices: Choices) => Promise<void>,
  budgets: Readonly<Record<ChoiceKind, number>>,
  runsMax: number,
  from: readonly number[] = [],
): Promise<SearchResult> {
  let path: readonly number[] = from;
  for (let runs = 1; runs <= runsMax; runs++) {
    const made: Choice[] = [];
    const left = { ...budgets };
    const choices: Choices = {
      choose(kind, weights) {
        const alternatives = left[kind] > 0 ? weights.length : 1;
        const taken = path[made.length] ?? 0;
        if (taken >= alternatives) throw new RangeError('the simulation did not repeat its own choices');
        if (taken > 0) left[kind]--;
        made.push({ taken, alternatives });
        return taken;
      },
    };
    try {
      await simulate(choices);
    } catch (error) {
      throw new Error(`after ${runs} runs, choices [${made.map((choice) => choice.taken).join()}]`, { cause: error });
    }
    while (made.length > 0 && isLast(made[made.length - 1])) made.pop();
    const last = made[made.length - 1];
    if (last === undefined) return { runs, exhausted: true };
    last.taken++;
    path = made.map((choice) => choice.taken);
  }
  return { runs: runsMax, exhausted: false };
}

function isLast(choice: Choice | undefined): boolean {
  return choice !== undefined && choice.taken === choice.alternatives - 1;
}
