/** Two writers over a short log, in every order of requests that matters, with every place for a lost answer. */
import type { ProfileRecord } from '@flamelake/formats';
import {
  type Choices,
  NO_STORE_FAULTS,
  randomProfileRecord,
  type SearchResult,
  searchChoices,
} from '@flamelake/testkit';
import { Violation } from './violation.ts';
import { createWorld, HOUR_MS } from './world.ts';

export interface InterleavingOptions {
  /** Profiles of the log by letter: equal letters are resends. Those behind the bar are appended while the writers run. */
  readonly log: string;
  /** Answers that may be lost, puts refused. */
  readonly faults: number;
  readonly runsMax: number;
  /** Choices of a run to begin with: those that a violation named. */
  readonly from?: readonly number[];
}

/** Throws the first violation, with the choices that lead to it. */
export async function everyInterleaving(options: InterleavingOptions): Promise<SearchResult> {
  const { log, faults, runsMax, from } = options;
  return searchChoices(
    (choices) => runOnce(choices, log),
    { schedule: Number.POSITIVE_INFINITY, fault: faults },
    runsMax,
    from,
  );
}

async function runOnce(choices: Choices, log: string): Promise<void> {
  const world = createWorld('every interleaving', { choices, flushIntervalMs: 0 });
  const { store, truth, observer, simulation } = world;
  store.faults = { ...NO_STORE_FAULTS, refused: 0.1, answerLost: 0.1 };
  const profiles = new Map<string, ProfileRecord>();
  const append = (letter: string) => {
    const timeMs = simulation.nowMs();
    const profile =
      profiles.get(letter) ?? randomProfileRecord(simulation.random.fork(letter), { timeMs, stacksMax: 1 });
    profiles.set(letter, profile);
    truth.append([profile]);
  };
  const [before = '', during = ''] = log.split('|');
  for (const letter of before) append(letter);
  const end = before.length + during.length;
  const writers = [world.start('writer'), world.start('writer')];
  world.job('sender', async (sender) => {
    for (const letter of during) {
      const touches = [{ thing: 'log', writes: true }];
      await sender.request({ label: `append ${letter}`, effect: () => append(letter), touches });
    }
  });
  const isAtEnd = () => observer.chainEnd === end && truth.end === end;
  if ((await world.run(isAtEnd, { forMs: HOUR_MS })) === 'redundant') return;
  if (!isAtEnd()) throw new Violation('STUCK', `the chain stays at ${observer.chainEnd}, the log ends at ${end}`);
  for (const writer of writers) writer.crash();
}
