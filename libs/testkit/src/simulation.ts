/**
 * A deterministic world: processes that run real code over simulated ports, in virtual time, one step at a time.
 *
 * One step is one request to a port (its effect and its answer together) or the end of one sleep. Between steps all promises settle, so
 * the order of steps alone decides what happens, and the order comes from `Choices`. A process never chosen again has crashed; one
 * chosen late was frozen. Time moves a little with each step, and to the next sleeper when nothing else can be done.
 */
import type { Clock } from '@flamelake/model';
import { type Choices, seededChoices } from './choices.ts';
import { createSeededRandom, type SeededRandom } from './seeded-random.ts';

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

/** A thing that steps share, by name; the name of a thing begins with the names of what holds it. */
export interface Touch {
  readonly thing: string;
  readonly writes: boolean;
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

const TRACE_STEPS = 200;
const START_MS = Date.UTC(2026, 0, 15, 12);

interface Step {
  readonly process: ProcessState;
  readonly label: string;
  readonly dueMs: number;
  readonly isReady: (() => boolean) | undefined;
  readonly outlivesProcess: boolean;
  readonly touches: readonly Touch[] | undefined;
  take(): void;
}

interface ProcessState {
  readonly name: string;
  isCrashed: boolean;
  frozenUntilMs: number;
  held: ((label: string) => boolean) | undefined;
  weight: number;
  slowMs: number;
}

/** Makes an empty world. Equal seeds and equal use give equal runs. */
export function createSimulation(seed: number | string, options: SimulationOptions = {}): Simulation {
  const random = createSeededRandom(seed);
  const timing = random.fork('timing');
  const choices = options.choices ?? seededChoices(`${seed}/schedule`);
  const isSearch = options.choices !== undefined;
  const stepMsMax = options.stepMsMax ?? 20;
  let slowMsMax = options.slowMsMax ?? 0;
  let { freezeBefore } = options;
  const freezeMsMax = options.freezeMsMax ?? 3_600_000;
  const checks: (() => void | Promise<void>)[] = [];
  const processes: ProcessState[] = [];
  const trace: string[] = [];
  let pending: Step[] = [];
  let nowMs = options.startMs ?? START_MS;
  let freezeChance = options.freezeChance ?? 0;
  let asleep: ReadonlySet<Step> = new Set();
  let steps = 0;

  const canStep = (step: Step) =>
    nowMs >= step.process.frozenUntilMs &&
    (step.dueMs <= nowMs || step.isReady?.() === true) &&
    !(step.process.held?.(step.label) ?? false);

  function disturb(): void {
    if (timing.chance(0.1)) for (const process of processes) process.weight = 6 ** -timing.integer(6);
    if (slowMsMax > 0 && timing.chance(0.02)) {
      timing.pick(processes).slowMs = timing.chance(0.5) ? 0 : slowMsMax ** (timing.fraction() ** 0.5);
    }
    if (freezeChance > 0 && timing.chance(freezeChance)) freeze(timing.pick(processes));
  }

  function freeze(process: ProcessState): void {
    process.frozenUntilMs = nowMs + Math.ceil(1_000 * (freezeMsMax / 1_000) ** timing.fraction());
  }

  function pickStep(ready: readonly Step[]): Step | undefined {
    if (isSearch) return pickUnlikeBefore(ready);
    const index =
      ready.length === 1
        ? 0
        : choices.choose(
            'schedule',
            ready.map((step) => step.process.weight),
          );
    return ready[index];
  }

  /**
   * Sleep sets (Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", 1996): a step that was tried here
   * before need not be tried again until a step that it could not change places with was taken.
   */
  function pickUnlikeBefore(ready: readonly Step[]): Step | undefined {
    const candidates = ready.filter((step) => !asleep.has(step));
    const index =
      candidates.length < 2
        ? 0
        : choices.choose(
            'schedule',
            candidates.map(() => 1),
          );
    const step = candidates[index];
    if (step === undefined) return undefined;
    asleep = new Set([...asleep, ...candidates.slice(0, index)].filter((other) => areIndependent(other, step)));
    return step;
  }

  /** Moves time to the next step that only time holds back. */
  function skipTime(endMs: number): 'skipped' | 'idle' | 'time' {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueMs, isReady, label, process } of pending) {
      if (process.held?.(label)) continue;
      const dueOrReadyMs = isReady?.() === true ? nowMs : dueMs;
      next = Math.min(next, Math.max(dueOrReadyMs, process.frozenUntilMs));
    }
    if (next === Number.POSITIVE_INFINITY) {
      if (endMs < next) nowMs = endMs;
      return 'idle';
    }
    if (next > endMs) {
      nowMs = endMs;
      return 'time';
    }
    nowMs = Math.max(nowMs, next);
    return 'skipped';
  }

  async function run(until?: () => boolean, limits: { forMs?: number; stepsMax?: number } = {}): Promise<RunEnd> {
    const endMs = nowMs + (limits.forMs ?? Number.POSITIVE_INFINITY);
    const endSteps = steps + (limits.stepsMax ?? 1_000_000);
    for (;;) {
      await settle();
      if (until?.()) return 'condition';
      if (steps >= endSteps) return 'steps';
      if (nowMs >= endMs) return 'time';
      const ready = pending.filter(canStep);
      if (ready.length === 0) {
        const skipped = skipTime(endMs);
        if (skipped === 'skipped') continue;
        return skipped;
      }
      const step = pickStep(ready);
      if (step === undefined) return 'redundant';
      pending = pending.filter((other) => other !== step);
      steps++;
      // In a search steps take no time, so that those that touch nothing in common may change places.
      if (!isSearch) nowMs += timing.integer(stepMsMax + 1);
      trace.push(`${nowMs - (options.startMs ?? START_MS)} ms  ${step.process.name}: ${step.label}`);
      if (trace.length > TRACE_STEPS) trace.shift();
      step.take();
      await settle();
      for (const check of checks) await check();
      if (!isSearch) disturb();
    }
  }

  function createProcess(name: string, skewMs = 0): SimulatedProcess {
    const state: ProcessState = { name, isCrashed: false, frozenUntilMs: 0, held: undefined, weight: 1, slowMs: 0 };
    processes.push(state);
    const failures: unknown[] = [];
    let tasksRunning = 0;
    const latencyMs = () => (state.slowMs > 0 ? state.slowMs * timing.fraction() : 0);

    function request<T>(wanted: StepRequest<T>, signal?: AbortSignal): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (state.isCrashed) return;
        const step: Step = {
          process: state,
          label: wanted.label,
          dueMs: Math.ceil(
            wanted.dueMs ?? (wanted.isReady === undefined ? nowMs + latencyMs() : Number.POSITIVE_INFINITY),
          ),
          isReady: wanted.isReady,
          outlivesProcess: wanted.outlivesProcess ?? false,
          touches: wanted.touches,
          take() {
            try {
              resolve(wanted.effect());
            } catch (error) {
              reject(error);
            }
          },
        };
        pending.push(step);
        if (freezeBefore !== undefined && timing.chance(freezeBefore(wanted.label))) freeze(state);
        signal?.addEventListener('abort', () => {
          if (!pending.includes(step)) return;
          pending = pending.filter((other) => other !== step);
          step.take();
        });
      });
    }

    return {
      name,
      random: random.fork(name),
      clock: {
        nowMs: () => nowMs + skewMs,
        monotonicMs: () => nowMs,
        sleep: (ms, signal) =>
          signal?.aborted
            ? Promise.resolve()
            : request(
                { label: `wakes after ${ms} ms`, dueMs: nowMs + ms, effect: () => undefined, touches: [] },
                signal,
              ),
      },
      get isCrashed() {
        return state.isCrashed;
      },
      get failures() {
        return failures;
      },
      get tasksRunning() {
        return tasksRunning;
      },
      get waitingFor() {
        return pending.filter((step) => step.process === state).map((step) => step.label);
      },
      spawn(task) {
        tasksRunning++;
        void task()
          .catch((error: unknown) => failures.push(error))
          .finally(() => tasksRunning--);
      },
      request: (step) => request(step),
      crash() {
        state.isCrashed = true;
        state.frozenUntilMs = 0;
        state.held = undefined;
        pending = pending.filter((step) => step.process !== state || (step.outlivesProcess && timing.chance(0.5)));
        trace.push(`${nowMs - (options.startMs ?? START_MS)} ms  ${name}: crashes`);
      },
      freezeUntil(ms) {
        state.frozenUntilMs = ms;
      },
      hold(matches) {
        state.held = matches;
      },
      release() {
        state.held = undefined;
      },
    };
  }

  return {
    seed,
    random,
    choices,
    nowMs: () => nowMs,
    get steps() {
      return steps;
    },
    trace: () => trace,
    process: createProcess,
    afterStep: (check) => checks.push(check),
    run,
    calm() {
      freezeChance = 0;
      freezeBefore = undefined;
      slowMsMax = 0;
      for (const process of processes) {
        process.frozenUntilMs = 0;
        process.held = undefined;
        process.slowMs = 0;
      }
    },
  };
}

/** Lets every promise that can settle do so: a macrotask runs only when no microtask is left. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function areIndependent(a: Step, b: Step): boolean {
  if (a.process === b.process || a.touches === undefined || b.touches === undefined) return false;
  for (const one of a.touches) {
    for (const other of b.touches) {
      const isShared = one.thing.startsWith(other.thing) || other.thing.startsWith(one.thing);
      if (isShared && (one.writes || other.writes)) return false;
    }
  }
  return true;
}
