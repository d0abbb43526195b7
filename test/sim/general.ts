/** Everything at once: a log that is written to, and every role twice, through faults, freezes and crashes. */
import { type CatalogLimits, sweepOnce } from '@flamelake/catalog';
import type { ProfileRecord } from '@flamelake/formats';
import {
  createSeededRandom,
  NO_STORE_FAULTS,
  randomProfileRecord,
  type SeededRandom,
  type Simulation,
  type StoreFaults,
} from '@flamelake/testkit';
import { ROLES, type Role } from './roles.ts';
import { Violation } from './violation.ts';
import { checkWholeAnswer } from './whole-answer.ts';
import { createWorld, HOUR_MS, type World, type WorldOptions } from './world.ts';

/** What differs from seed to seed: a mixture that is mild in one respect makes room for what another brings about. */
interface Weather {
  readonly options: WorldOptions & { readonly faults: StoreFaults };
  /** Longest time between two records. */
  readonly gapMsMax: number;
  readonly resendChance: number;
  /** Resends are of the last so many profiles. */
  readonly resendReach: number;
  readonly crashChance: number;
  /** Whether somebody deletes the profiles of a service time and again. */
  readonly deletes: boolean;
}

function chooseWeather(seed: number): Weather {
  const random = createSeededRandom(`${seed}/weather`);
  const scale = random.pick([0.01, 0.1, 1]);
  const freezesAt = random.pick([0, 0.05, 0.2]);
  const fault = () => random.pick([0, 0.03, 0.1]);
  return {
    options: {
      faults: { refused: fault(), answerLost: fault(), late: fault(), lateMsMax: scale * 2_400_000 },
      freezeChance: random.pick([0, 0.001]),
      freezeMsMax: scale * HOUR_MS,
      freezeBefore: (label) => freezesAt * (label.startsWith('put') ? 1 : label.startsWith('get') ? 0.1 : 0),
      slowMsMax: scale * random.pick([0, 30_000, 300_000]),
      keepMs: scale * random.pick([30_000, 120_000, 600_000]),
      restMsMax: scale * 600_000,
      flushIntervalMs: random.pick([0, 1_000, 10_000]),
      ...(random.chance(0.3) && { retentionMs: scale * random.pick([300_000, 3_000_000]) }),
      catalog: chooseCatalog(seed),
    },
    deletes: random.chance(0.3),
    gapMsMax: scale * random.pick([30_000, 1_200_000]),
    resendChance: random.pick([0.2, 0.5]),
    resendReach: random.pick([3, 30]),
    crashChance: random.pick([0, 0.2, 0.5]),
  };
}

/** Index pages for everything, for what is a little larger, or for nothing. */
function chooseCatalog(seed: number): Partial<CatalogLimits> {
  const random = createSeededRandom(`${seed}/catalog`);
  if (random.chance(0.6)) return {};
  return {
    manifestBytes: random.pick([0, 700, 1_500]),
    dayPageBytes: random.pick([0, 300, 1_000]),
    pageDatasets: 1 + random.integer(3),
    cacheBytes: random.pick([0, 2_000, 1_000_000]),
  };
}

/** Runs one seed of everything at once. @returns what happened, counted */
export async function runGeneral(seed: number): Promise<ReadonlyMap<string, number>> {
  const weather = chooseWeather(seed);
  const world = createWorld(seed, weather.options);
  try {
    await disturbedTime(world, weather);
    await calmTime(world, weather);
  } catch (cause) {
    const trace = world.simulation.trace().slice(-60).join('\n    ');
    throw new Error(`seed ${seed} (replay: make soak SEED=${seed})\n    ${trace}`, { cause });
  }
  world.counts.set('steps', world.simulation.steps);
  return world.counts;
}

/** Records come, processes freeze and crash and are started again, the store loses answers. */
async function disturbedTime(world: World, weather: Weather): Promise<void> {
  const { simulation, truth } = world;
  const { gapMsMax, crashChance } = weather;
  const random = simulation.random.fork('disturbance');
  const further: readonly Role[] = weather.deletes ? ['deleter', 'expirer'] : ['expirer'];
  const slots = [...ROLES, ...further, ...ROLES].map((role) => ({ role, process: world.start(role) }));
  const sent: ProfileRecord[] = [];
  let isOver = false;
  world.job('sender', async (sender) => {
    for (let i = 0; i < 30; i++) {
      await sender.clock.sleep(gapMsMax ** (random.fraction() ** 1.5));
      truth.append(Array.from({ length: 1 + random.integer(2) }, () => nextProfile(simulation, random, weather, sent)));
      if (!random.chance(crashChance)) continue;
      const slot = random.pick(slots);
      slot.process.crash();
      slot.process = world.start(slot.role);
    }
    isOver = true;
  });
  await world.run(() => isOver);
  // Of each role one process is enough, whatever it has been through.
  for (const [index, { process }] of slots.entries()) {
    if (index < ROLES.length + further.length && random.chance(0.5)) process.crash();
  }
}

/** A new profile, or one sent before: a resend after a lost answer, or much later. */
function nextProfile(
  simulation: Simulation,
  random: SeededRandom,
  { resendChance, resendReach }: Weather,
  sent: ProfileRecord[],
): ProfileRecord {
  if (sent.length > 0 && random.chance(resendChance)) return random.pick(sent.slice(-resendReach));
  const profile = randomProfileRecord(random, { timeMs: simulation.nowMs() - random.integer(60_000) });
  sent.push(profile);
  return profile;
}

/** Without faults everything is written, folded, swept and answered. */
async function calmTime(world: World, weather: Weather): Promise<void> {
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
  // Of the other service some may be deleted.
  if (weather.options.retentionMs === undefined)
    await checkWholeAnswer(store.truth, simulation.process('look').clock, truth.counted, 'checkout');
  await sweepAll(world, weather.options.faults.lateMsMax);
}

/** Late puts land; then sweeps that each see the floor of the one before superseded leave nothing that is not needed. */
async function sweepAll(world: World, lateMsMax: number): Promise<void> {
  const { observer, keepMs, root } = world;
  await world.run(undefined, { forMs: lateMsMax });
  for (let i = 0; i < 4; i++) {
    await world.run(undefined, { forMs: 2 * keepMs });
    await world.job('sweeper', ({ random }, store) => sweepOnce({ store, root, random, keepMs })).finish();
  }
  const [garbage] = observer.garbage();
  if (garbage !== undefined) throw new Violation('GARBAGE', `${garbage} is needed by no kept version`);
}
