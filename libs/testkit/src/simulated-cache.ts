/** A cache that many processes share and nobody can trust: it forgets, damages and mixes up what it keeps, and answers late. */
import type { Cache } from '@flamelake/model';
import type { SimulatedProcess, Simulation } from './simulation-types.ts';

/** Probabilities by look-up. */
export interface CacheFaults {
  readonly forgotten: number;
  /** A byte is another. */
  readonly damaged: number;
  /** The value of another key. */
  readonly moved: number;
  /** Longest time an operation takes. */
  readonly slowMsMax: number;
}

export const NO_CACHE_FAULTS: CacheFaults = { forgotten: 0, damaged: 0, moved: 0, slowMsMax: 0 };

export interface SimulatedCache {
  /** The cache as one process reaches it. */
  view(process: SimulatedProcess): Cache;
  faults: CacheFaults;
  /** Look-ups that found something, sound or not. */
  readonly found: number;
}

export function createSimulatedCache(simulation: Simulation, faults: CacheFaults = NO_CACHE_FAULTS): SimulatedCache {
  const random = simulation.random.fork('cache');
  const values = new Map<string, Uint8Array>();
  let found = 0;

  function read(key: string): Uint8Array | undefined {
    const { forgotten, damaged, moved } = simulated.faults;
    const kept = values.get(random.chance(moved) ? random.pick([...values.keys(), key]) : key);
    if (kept === undefined || random.chance(forgotten)) return undefined;
    found++;
    const value = new Uint8Array(kept);
    if (value.length > 0 && random.chance(damaged)) value[random.integer(value.length)] ^= 1 << random.integer(8);
    return value;
  }
  const dueMs = () => simulation.nowMs() + random.integer(simulated.faults.slowMsMax + 1);

  const simulated: SimulatedCache = {
    faults,
    get found() {
      return found;
    },
    view: (process) => ({
      get: (key) => process.request({ label: 'look up in the cache', dueMs: dueMs(), effect: () => read(key) }),
      set: async (key, value) => {
        // Not `slice`, which shares the memory of a buffer.
        const copy = new Uint8Array(value);
        await process.request({ label: 'keep in the cache', dueMs: dueMs(), effect: () => values.set(key, copy) });
      },
      close: () => Promise.resolve(),
    }),
  };
  return simulated;
}
