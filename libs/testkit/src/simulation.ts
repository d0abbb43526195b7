/**
 * A deterministic world: processes that run real code over simulated ports, in virtual time, one step at a time.
 *
 * One step is one request to a port (its effect and its answer together) or the end of one sleep. Between steps all promises settle, so
 * the order of steps alone decides what happens, and the order comes from `Choices`. A process never chosen again has crashed; one
 * chosen late was frozen. Time moves a little with each step, and to the next sleeper when nothing else can be done.
 */
import { seededChoices } from './choices.ts';
import { createSeededRandom } from './seeded-random.ts';
import type { RunEnd, SimulatedProcess, Simulation, SimulationOptions, StepRequest } from './simulation-types.ts';
import { asleepAfter, awake, type SleepSet, type Touch } from './sleep-set.ts';

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
  let asleep: SleepSet<Step> = new Set();
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
    const candidates = isSearch ? awake(ready, asleep) : ready;
    const weights = candidates.map((step) => (isSearch ? 1 : step.process.weight));
    const index = candidates.length < 2 ? 0 : choices.choose('schedule', weights);
    if (isSearch) asleep = asleepAfter(asleep, candidates, index);
    return candidates[index];
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
