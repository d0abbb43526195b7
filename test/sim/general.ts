/** Everything at once: a log that is written to, and every role twice, through faults, freezes and crashes. */
import { sweepOnce } from '@flamelake/catalog';
import type { ProfileRecord } from '@flamelake/formats';
import {
  NO_STORE_FAULTS,
  randomProfileRecord,
  type SeededRandom,
  type Simulation,
  type StoreFaults,
} from '@flamelake/testkit';
import { ROLES } from './roles.ts';
import { Violation } from './violation.ts';
import { createWorld, HOUR_MS, type World } from './world.ts';

const GENERAL_FAULTS: StoreFaults = { refused: 0.03, answerLost: 0.03, late: 0.03, lateMsMax: 2_400_000 };
/** Runs one seed of everything at once. @returns what happened, counted */
export async function runGeneral(seed: number): Promise<ReadonlyMap<string, number>> {
  const world = createWorld(seed, {
    faults: GENERAL_FAULTS,
    freezeChance: 0.0004,
    freezeMsMax: HOUR_MS,
    slowMsMax: 120_000,
  });
  try {
    await disturbedTime(world);
    await calmTime(world);
  } catch (cause) {
    const trace = world.simulation.trace().slice(-60).join('\n    ');
    throw new Error(`seed ${seed} (replay: make soak SEED=${seed})\n    ${trace}`, { cause });
  }
  world.counts.set('steps', world.simulation.steps);
  return world.counts;
}

/** Records come, processes freeze and crash and are started again, the store loses answers. */
async function disturbedTime(world: World): Promise<void> {
  const { simulation } = world;
  const random = simulation.random.fork('disturbance');
  const slots = [...ROLES, ...ROLES].map((role) => ({ role, process: world.start(role) }));
  const sent: ProfileRecord[] = [];
  let isOver = false;
  world.job('sender', async (sender) => {
    for (let i = 0; i < 30; i++) {
      await sender.clock.sleep(10 * 120_000 ** (random.fraction() ** 1.5));
      world.truth.append(Array.from({ length: 1 + random.integer(2) }, () => nextProfile(simulation, random, sent)));
      if (!random.chance(0.2)) continue;
      const slot = random.pick(slots);
      slot.process.crash();
      slot.process = world.start(slot.role);
    }
    isOver = true;
  });
  await world.run(() => isOver);
}

/** A new profile, or one sent before: a resend after a lost answer, or much later. */
function nextProfile(simulation: Simulation, random: SeededRandom, sent: ProfileRecord[]): ProfileRecord {
  if (sent.length > 0 && random.chance(0.35)) return random.pick(sent.slice(-1 - random.integer(sent.length)));
  const profile = randomProfileRecord(random, { timeMs: simulation.nowMs() - random.integer(60_000) });
  sent.push(profile);
  return profile;
}

/** Without faults one process of each role is enough: everything is written, folded, swept and answered. */
async function calmTime(world: World): Promise<void> {
  const { simulation, store, observer, truth } = world;
  store.faults = NO_STORE_FAULTS;
  simulation.calm();
  await world.run(() => observer.chainEnd === truth.end, { forMs: HOUR_MS });
  if (observer.chainEnd !== truth.end) {
    throw new Violation('STUCK', `writers bring the chain to ${observer.chainEnd}, the log ends at ${truth.end}`);
  }
  await world.run(() => observer.newest.position === truth.end, { forMs: HOUR_MS });
  if (observer.newest.position !== truth.end) {
    throw new Violation('STUCK', `folds bring the position to ${observer.newest.position}, the chain to ${truth.end}`);
  }
  const answers = () => world.counts.get('answer') ?? 0;
  const before = answers();
  await world.run(() => answers() > before + 1, { forMs: HOUR_MS });
  if (answers() <= before + 1) throw new Violation('STUCK', 'readers get no answer');
  for (const process of world.processes) process.crash();
  await sweepAll(world);
}

/** Late puts land; then sweeps that each see the floor of the one before superseded leave nothing that is not needed. */
async function sweepAll(world: World): Promise<void> {
  const { observer, keepMs, root } = world;
  await world.run(undefined, { forMs: GENERAL_FAULTS.lateMsMax });
  for (let i = 0; i < 4; i++) {
    await world.run(undefined, { forMs: 2 * keepMs });
    await world.job('sweeper', ({ random }, store) => sweepOnce({ store, root, random, keepMs })).finish();
  }
  const [garbage] = observer.garbage();
  if (garbage !== undefined) throw new Violation('GARBAGE', `${garbage} is needed by no kept version`);
}
