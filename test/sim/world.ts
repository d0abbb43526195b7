/** One partition's world from a seed: a log that is written to, and every role twice, through faults, freezes and crashes. */
import { lateAfterMs } from '@flamelake/catalog';
import type { ProfileRecord } from '@flamelake/formats';
import {
  createSimulatedLog,
  createSimulatedStore,
  createSimulation,
  NO_STORE_FAULTS,
  randomProfileRecord,
  type SeededRandom,
  type SimulatedProcess,
  type Simulation,
  type SimulationOptions,
  type StoreFaults,
} from '@flamelake/testkit';
import { createLogTruth } from './log-truth.ts';
import { createObserver } from './observer.ts';
import { play, ROLES, type Role, type Stage } from './roles.ts';
import { Violation } from './violation.ts';

export interface WorldOptions extends SimulationOptions {
  readonly faults?: StoreFaults;
  readonly keepMs?: number;
  readonly ingestionWindowMs?: number;
  readonly flushIntervalMs?: number;
  /** Rows of this service are deleted by merges. */
  readonly deletedService?: string;
}

export interface World extends Stage {
  readonly simulation: Simulation;
  /** A new process in a role. */
  start(role: Role): SimulatedProcess;
  /** A new process that does something else. */
  startOther(name: string, task: (process: SimulatedProcess) => Promise<void>): SimulatedProcess;
  /** Runs, and throws the first violation or unexplained failure of a process. */
  run(until?: () => boolean, limits?: { forMs?: number; stepsMax?: number }): Promise<void>;
}

export function createWorld(seed: number | string, options: WorldOptions = {}): World {
  const simulation = createSimulation(seed, options);
  const { random } = simulation;
  const store = createSimulatedStore(simulation, options.faults ?? NO_STORE_FAULTS, random.integer(600_000) - 300_000);
  const log = createSimulatedLog(simulation, { skewMs: random.integer(20_000) - 10_000 });
  const rules = { ingestionWindowMs: options.ingestionWindowMs ?? 60_000 };
  const truth = createLogTruth(log, lateAfterMs(rules));
  const root = { logId: log.id, partition: 0 };
  const { deletedService } = options;
  const isDeleted = (row: string) => deletedService !== undefined && deletedRows.has(row);
  const deletedRows = new Set<string>();
  const observer = createObserver(store, root, truth, isDeleted);
  simulation.afterStep(() => observer.check());
  const processes: SimulatedProcess[] = [];
  const stage: Stage = {
    store,
    log,
    root,
    truth,
    observer,
    rules,
    keepMs: options.keepMs ?? 120_000,
    flushIntervalMs: options.flushIntervalMs ?? 1_000,
    keep: deletedService === undefined ? undefined : { dataset: ({ service }) => service !== deletedService },
    mayLack: isDeleted,
    counts: new Map(),
  };
  return {
    ...stage,
    simulation,
    start(role) {
      const process = simulation.process(`${role} ${processes.length + 1}`, random.integer(120_000) - 60_000);
      processes.push(process);
      play(stage, role, process);
      return process;
    },
    startOther(name, task) {
      const process = simulation.process(name);
      processes.push(process);
      process.spawn(() => task(process));
      return process;
    },
    async run(until, limits) {
      const hasFailed = () => processes.some((process) => process.failures.length > 0);
      await simulation.run(() => hasFailed() || (until?.() ?? false), limits);
      for (const process of processes) {
        const [failure] = process.failures;
        if (failure instanceof Violation) throw failure;
        if (failure !== undefined) throw new Violation('FAILURE', `${process.name}: ${failure}`, { cause: failure });
      }
    },
  };
}

const GENERAL_FAULTS: StoreFaults = { refused: 0.03, answerLost: 0.03, late: 0.03, lateMsMax: 2_400_000 };
const HOUR_MS = 3_600_000;

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
  world.startOther('sender', async (sender) => {
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
  const { simulation, store, observer, truth, keepMs } = world;
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
  // Late puts land, and two sweeps pass behind everything that was superseded.
  await world.run(undefined, { forMs: GENERAL_FAULTS.lateMsMax + 3 * keepMs });
  const [garbage] = observer.garbage();
  if (garbage !== undefined) throw new Violation('GARBAGE', `${garbage} is needed by no kept version`);
}
