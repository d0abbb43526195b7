/** The simulated world as its users see it: simulation, processes, steps. */
import type { Clock } from '@flamelake/model';
import type { Choices } from './choices.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Touch } from './sleep-set.ts';

export interface SimulationOptions {
  /** Where the order of steps comes from when it is searched; the seed by default. */
  readonly choices?: Choices;
  /** Chance at each step that some process freezes, for 1 s to `freezeMsMax`; 0 by default. */
  readonly freezeChance?: number;
  readonly freezeMsMax?: number;
  /** Chance that a process freezes when it asks for a step of such a label. */
  readonly freezeBefore?: (label: string) => number;
  /** Longest time one request of a slow process takes; 0 by default. Which processes are slow, and how slow, changes now and then. */
  readonly slowMsMax?: number;
  /** Longest time one step takes; 20 ms by default. */
  readonly stepMsMax?: number;
  /** What one unit of time is like: the wall clock at the start, ms since 1970. */
  readonly startMs?: number;
}

/** One request of a process, as a port puts it. */
export interface StepRequest<T> {
  /** Shown in traces and given to `hold`. */
  readonly label: string;
  /** What happens when the step is taken; what it returns or throws is the answer. */
  readonly effect: () => T;
  /** Not before this time. */
  readonly dueMs?: number;
  /** Not before this holds, or `dueMs` has come. */
  readonly isReady?: () => boolean;
  /** The step may be taken even after its process has crashed: a put already under way. */
  readonly outlivesProcess?: boolean;
  /** What the step reads or writes, for a search to see which steps may change places; everything when absent. */
  readonly touches?: readonly Touch[];
}

/** A process of the simulated world: one clock, one source of randomness, one fate. */
export interface SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly isCrashed: boolean;
  /** Errors its tasks ended with, oldest first. */
  readonly failures: readonly unknown[];
  /** Tasks begun and not ended. */
  readonly tasksRunning: number;
  /** Labels of what it waits for. */
  readonly waitingFor: readonly string[];
  /** Starts a task; an error it ends with is kept in `failures`. */
  spawn(task: () => Promise<unknown>): void;
  /** Asks a port for a step; never answers once the process has crashed. */
  request<T>(step: StepRequest<T>): Promise<T>;
  /** Ends the process: nothing it waits for is answered, nothing it asks later has an effect. */
  crash(): void;
  /** Takes no step of it before that time. */
  freezeUntil(ms: number): void;
  /** Takes no step of it whose label matches, until it is released. */
  hold(matches: (label: string) => boolean): void;
  release(): void;
}

export interface Simulation {
  readonly seed: number | string;
  /** For the workload: apart from the order of steps. */
  readonly random: SeededRandom;
  readonly choices: Choices;
  /** True time, ms since 1970. */
  nowMs(): number;
  /** Steps taken so far. */
  readonly steps: number;
  /** The last steps, for messages. */
  trace(): readonly string[];
  /** @param skewMs - how far its wall clock is ahead of true time */
  process(name: string, skewMs?: number): SimulatedProcess;
  /** Adds something to do after each step, before any other step; what it throws ends the run. */
  afterStep(check: () => void | Promise<void>): void;
  /**
   * Takes steps until the condition holds, nothing is left to do (then the rest of the time passes too), or virtual time has passed.
   * @returns why it ended; `steps` when `stepsMax` came first
   */
  run(until?: () => boolean, limits?: { forMs?: number; stepsMax?: number }): Promise<RunEnd>;
  /** Ends all freezes, holds and slowness, and makes no new ones. */
  calm(): void;
}

/** `redundant`: a search has run an equal order of steps before. */
export type RunEnd = 'condition' | 'idle' | 'time' | 'steps' | 'redundant';
