/** One partition's world from a seed: the log, the store, what must be true of them, and processes that work on them. */
import { type CatalogLimits, lateAfterMs } from '@flamelake/catalog';
import type { ObjectStore } from '@flamelake/model';
import {
  createSimulatedLog,
  createSimulatedStore,
  createSimulation,
  NO_STORE_FAULTS,
  type RunEnd,
  type SimulatedProcess,
  type Simulation,
  type SimulationOptions,
  type StoreFaults,
} from '@flamelake/testkit';
import { createRowReader } from './block-rows.ts';
import { createLogTruth } from './log-truth.ts';
import { createObserver } from './observer.ts';
import { play, type Role, type Stage, viewOf } from './roles.ts';
import { Violation } from './violation.ts';

export interface WorldOptions extends SimulationOptions {
  readonly faults?: StoreFaults;
  readonly keepMs?: number;
  readonly ingestionWindowMs?: number;
  readonly flushIntervalMs?: number;
  readonly restMsMax?: number;
  /** How long profiles stay, ms; for ever by default. */
  readonly retentionMs?: number;
  /** When the catalog writes index pages; what a store has by default otherwise. */
  readonly catalog?: Partial<CatalogLimits>;
}

/** A process that does one thing. */
export interface Job<T> {
  readonly process: SimulatedProcess;
  readonly isDone: boolean;
  /** Runs the world until it is done, or for an hour. */
  finish(): Promise<T>;
  /** Runs the world until the process comes to a step with such a label, and holds it there. */
  holdAt(label: RegExp): Promise<void>;
}

export interface World extends Stage {
  readonly simulation: Simulation;
  readonly processes: readonly SimulatedProcess[];
  /** A new process in a role. */
  start(role: Role): SimulatedProcess;
  /** A new process that does one thing. */
  job<T>(name: string, task: (process: SimulatedProcess, store: ObjectStore) => Promise<T>): Job<T>;
  /** Runs, and throws the first violation or unexplained failure of a process. */
  run(until?: () => boolean, limits?: { forMs?: number; stepsMax?: number }): Promise<RunEnd>;
}

export const HOUR_MS = 3_600_000;
/** Clocks of processes are off by less. */
const SKEW_MS = 60_000;

export function createWorld(seed: number | string, options: WorldOptions = {}): World {
  const simulation = createSimulation(seed, options);
  const { random } = simulation;
  const store = createSimulatedStore(simulation, options.faults ?? NO_STORE_FAULTS, random.integer(600_000) - 300_000);
  const log = createSimulatedLog(simulation, { skewMs: random.integer(20_000) - 10_000 });
  const rules = { ingestionWindowMs: options.ingestionWindowMs ?? 60_000 };
  const { retentionMs } = options;
  const truth = createLogTruth(log, {
    lateAfterMs: lateAfterMs(rules),
    mayExpireBefore: () =>
      retentionMs === undefined ? Number.NEGATIVE_INFINITY : simulation.nowMs() + SKEW_MS - retentionMs,
  });
  const root = { logId: log.id, partition: 0 };
  const readRows = createRowReader();
  const observer = createObserver(store, root, truth, readRows);
  simulation.afterStep(() => observer.check());
  const processes: SimulatedProcess[] = [];
  const stage: Stage = {
    store,
    log,
    root,
    truth,
    observer,
    readRows,
    rules,
    keepMs: options.keepMs ?? 120_000,
    flushIntervalMs: options.flushIntervalMs ?? 1_000,
    restMsMax: options.restMsMax ?? 600_000,
    retentionMs,
    deletedService: 'cart',
    catalog: options.catalog ?? {},
    counts: new Map(),
  };
  const world: World = {
    ...stage,
    simulation,
    processes,
    start(role) {
      const process = simulation.process(`${role} ${processes.length + 1}`, random.integer(2 * SKEW_MS) - SKEW_MS);
      processes.push(process);
      play(stage, role, process);
      return process;
    },
    job(name, task) {
      const process = simulation.process(`${name} ${processes.length + 1}`);
      processes.push(process);
      return startJob(world, process, () => task(process, viewOf(stage, process)));
    },
    async run(until, limits) {
      const hasFailed = () => processes.some((process) => process.failures.length > 0);
      const end = await simulation.run(() => hasFailed() || (until?.() ?? false), limits);
      for (const process of processes) {
        const [failure] = process.failures;
        if (failure instanceof Violation) throw failure;
        if (failure !== undefined) throw new Violation('FAILURE', `${process.name} failed`, { cause: failure });
      }
      return end;
    },
  };
  return world;
}

function startJob<T>(world: World, process: SimulatedProcess, task: () => Promise<T>): Job<T> {
  let result: { readonly value: T } | undefined;
  process.spawn(async () => {
    result = { value: await task() };
  });
  return {
    process,
    get isDone() {
      return result !== undefined;
    },
    async finish() {
      process.release();
      await world.run(() => result !== undefined, { forMs: HOUR_MS });
      if (result === undefined) throw new Violation('STUCK', `${process.name} does not end`);
      return result.value;
    },
    async holdAt(label) {
      await holdAt(world, process, label);
    },
  };
}

/** Runs the world until the process comes to a step with such a label, and holds it there. */
export async function holdAt(world: World, process: SimulatedProcess, label: RegExp): Promise<void> {
  process.hold((step) => label.test(step));
  const isThere = () => process.waitingFor.some((step) => label.test(step));
  await world.run(isThere, { forMs: HOUR_MS });
  if (!isThere()) throw new RangeError(`${process.name} never comes to ${label}`);
}
