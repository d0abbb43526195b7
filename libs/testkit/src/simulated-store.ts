/**
 * An object store that fails as real ones do: no answer before or after the effect, puts that land late, deletes in pieces,
 * a clock of its own. LIST is strongly consistent, and put-if-absent has one winner; a deleted key is absent again.
 */
import { type ByteRange, FlamelakeError, type ObjectInfo, type ObjectRange, type ObjectStore } from '@flamelake/model';
import type { SimulatedProcess, Simulation } from './simulation-types.ts';
import type { Touch } from './sleep-set.ts';

/** Probabilities by request, and how late a put can land. */
export interface StoreFaults {
  /** `unavailable`, nothing happened. */
  readonly refused: number;
  /** `unavailable`, although it happened. */
  readonly answerLost: number;
  /** `unavailable`, and the put happens later, whatever becomes of its process. */
  readonly late: number;
  readonly lateMsMax: number;
}

export const NO_STORE_FAULTS: StoreFaults = { refused: 0, answerLost: 0, late: 0, lateMsMax: 0 };

interface StoredObject {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly modifiedMs: number;
}

export interface SimulatedStore {
  /** The store as one process reaches it. */
  view(process: SimulatedProcess): ObjectStore;
  /** The store as it is, without delay or fault: for checks. */
  readonly truth: ObjectStore;
  /** Every object, by key, in no order. */
  readonly objects: ReadonlyMap<string, { readonly body: Uint8Array; readonly etag: string }>;
  /** Faults from now on. */
  faults: StoreFaults;
  /** Decides the fate of the next puts whose key matches, one each, before chance does. */
  plan(matches: (key: string) => boolean, fate: PutFate): void;
  /** Told of every effect, in order. */
  onEffect(listen: (effect: StoreEffect) => void): void;
}

export type PutFate = 'done' | 'refused' | 'answerLost' | { readonly lateMs: number };

export interface StoreEffect {
  readonly kind: 'created' | 'deleted';
  readonly key: string;
  readonly process: string;
}

/** @param skewMs - how far the store's clock is ahead of true time */
export function createSimulatedStore(simulation: Simulation, faults: StoreFaults, skewMs = 0): SimulatedStore {
  const random = simulation.random.fork('store');
  const objects = new Map<string, StoredObject>();
  const listeners: ((effect: StoreEffect) => void)[] = [];
  const plans: { matches: (key: string) => boolean; fate: PutFate }[] = [];
  const storeProcess = simulation.process('store');
  const clockMs = () => simulation.nowMs() + skewMs;

  const tell = (effect: StoreEffect) => {
    for (const listen of listeners) listen(effect);
  };

  function write(key: string, body: Uint8Array, ifAbsent: boolean, process: string): 'created' | 'exists' {
    if (ifAbsent && objects.has(key)) return 'exists';
    objects.set(key, {
      body: body.slice(),
      etag: Buffer.from(random.bytes(8)).toString('hex'),
      modifiedMs: clockMs(),
    });
    tell({ kind: 'created', key, process });
    return 'created';
  }

  function chooseFate(key: string): PutFate {
    const planned = plans.findIndex((plan) => plan.matches(key));
    if (planned >= 0) return plans.splice(planned, 1)[0]?.fate ?? 'done';
    const { refused, answerLost, late, lateMsMax } = simulated.faults;
    const possible: readonly (readonly [PutFate, number])[] = [
      ['refused', refused],
      ['answerLost', answerLost],
      [{ lateMs: lateMsMax * random.fraction() ** 4 }, late],
    ];
    const faulty = possible.filter(([, chance]) => chance > 0);
    if (faulty.length === 0) return 'done';
    const weights = [1 - refused - answerLost - late, ...faulty.map(([, chance]) => chance)];
    return faulty[simulation.choices.choose('fault', weights) - 1]?.[0] ?? 'done';
  }

  function putAs(process: SimulatedProcess, key: string, body: Uint8Array, ifAbsent: boolean) {
    const copy = body.slice();
    return process.request({
      label: `put ${key}`,
      outlivesProcess: true,
      touches: [{ thing: key, writes: true }],
      effect: () => {
        const fate = chooseFate(key);
        if (fate === 'done') return write(key, copy, ifAbsent, process.name);
        if (fate === 'answerLost') write(key, copy, ifAbsent, process.name);
        if (typeof fate === 'object') {
          void storeProcess.request({
            label: `a late put of ${process.name} lands: ${key}`,
            dueMs: simulation.nowMs() + fate.lateMs,
            effect: () => write(key, copy, ifAbsent, process.name),
          });
        }
        throw noAnswer();
      },
    });
  }

  /** A request without an effect on objects: it is answered, or fails. */
  function readAs<T>(
    process: SimulatedProcess,
    label: string,
    touches: readonly Touch[],
    read: () => T,
    signal?: AbortSignal,
  ): Promise<T> {
    return process.request({
      label,
      touches,
      effect: () => {
        if (signal?.aborted) throw new FlamelakeError('canceled', 'request was canceled');
        const { refused } = simulated.faults;
        if (refused > 0 && simulation.choices.choose('fault', [1 - refused, refused]) === 1) throw noAnswer();
        return read();
      },
    });
  }

  function view(process: SimulatedProcess): ObjectStore {
    return {
      putIfAbsent: (key, body) => putAs(process, key, body, true),
      put: async (key, body) => {
        await putAs(process, key, body, false);
      },
      get: (key, range, signal) =>
        readAs(process, `get ${key}`, reads(key), () => read(objects.get(key), range), signal),
      list: (prefix, options) => readAs(process, `list ${prefix}`, reads(prefix), () => list(objects, prefix, options)),
      listFolders: (prefix) =>
        readAs(process, `list folders ${prefix}`, reads(prefix), () => listFolders(objects, prefix)),
      async delete(keys) {
        // A bulk delete is no single step: others see some keys gone and some still there.
        for (let at = 0; at < keys.length; ) {
          const some = keys.slice(at, at + 1 + random.integer(4));
          at += some.length;
          await readAs(process, `delete ${some.join(' ')}`, writes(some), () => {
            for (const key of some) {
              if (objects.delete(key)) tell({ kind: 'deleted', key, process: process.name });
            }
          });
        }
      },
      nowMs: () => readAs(process, 'ask the time', [], clockMs),
      close: () => Promise.resolve(),
    };
  }

  const truth: ObjectStore = {
    putIfAbsent: (key, body) => Promise.resolve(write(key, body, true, 'test')),
    put: (key, body) => {
      write(key, body, false, 'test');
      return Promise.resolve();
    },
    get: (key, range) => Promise.resolve(read(objects.get(key), range)),
    list: (prefix, options) => Promise.resolve(list(objects, prefix, options)),
    listFolders: (prefix) => Promise.resolve(listFolders(objects, prefix)),
    delete: (keys) => {
      for (const key of keys) if (objects.delete(key)) tell({ kind: 'deleted', key, process: 'test' });
      return Promise.resolve();
    },
    nowMs: () => Promise.resolve(clockMs()),
    close: () => Promise.resolve(),
  };

  const simulated: SimulatedStore = {
    view,
    truth,
    objects,
    faults,
    plan: (matches, fate) => plans.push({ matches, fate }),
    onEffect: (listen) => listeners.push(listen),
  };
  return simulated;
}

const reads = (thing: string): readonly Touch[] => [{ thing, writes: false }];
const writes = (things: readonly string[]): readonly Touch[] => things.map((thing) => ({ thing, writes: true }));

function noAnswer(): FlamelakeError {
  return new FlamelakeError('unavailable', 'object store did not answer');
}

function read(object: StoredObject | undefined, range: ByteRange | undefined): ObjectRange | undefined {
  if (object === undefined) return undefined;
  const { body, etag, modifiedMs } = object;
  const start =
    range === undefined ? 0 : 'lastBytes' in range ? Math.max(0, body.length - range.lastBytes) : range.offset;
  const end = range === undefined || 'lastBytes' in range ? body.length : range.offset + range.length;
  return { bytes: body.slice(start, end), sizeBytes: body.length, modifiedMs, etag };
}

function list(
  objects: ReadonlyMap<string, StoredObject>,
  prefix: string,
  options: { startAfter?: string; limit?: number } = {},
): readonly ObjectInfo[] {
  const { startAfter = '', limit = 1_000 } = options;
  return [...objects.keys()]
    .filter((key) => key.startsWith(prefix) && key > startAfter)
    .sort()
    .slice(0, limit)
    .map((key) => {
      const object = objects.get(key);
      return { key, sizeBytes: object?.body.length ?? 0, modifiedMs: object?.modifiedMs ?? 0 };
    });
}

function listFolders(objects: ReadonlyMap<string, StoredObject>, prefix: string): readonly string[] {
  const folders = new Set<string>();
  for (const key of objects.keys()) {
    const end = key.startsWith(prefix) ? key.indexOf('/', prefix.length) : -1;
    if (end > 0) folders.add(key.slice(prefix.length, end));
  }
  return [...folders].sort();
}
