/**
 * Who gets memory next when not all can: tenants take turns, each in its own order of arrival. Whoever's turn it is and who does not fit is
 * owed its bytes: others pass it only as long as what they hold leaves it room, so it starts once those that ran before have ended.
 */
import { FlamelakeError } from '@flamelake/model';

/** Memory that was given out. */
export interface Place {
  readonly bytes: number;
  /** Takes more, if it is free and owed to nobody. */
  grow(bytes: number): boolean;
  /** Gives back all above so many bytes. */
  shrink(bytes: number): void;
}

export interface MemoryQueue {
  /**
   * @param bytes - the capacity at most
   * @throws {FlamelakeError} `canceled` when the signal aborts while it waits
   */
  take(bytes: number, tenant: string, signal: AbortSignal): Promise<Place>;
  /** The same at once, if so much is free and nobody waits. */
  tryTake(bytes: number): Place | undefined;
  readonly takenBytes: number;
  readonly waiting: number;
  waitingOf(tenant: string): number;
}

interface Waiter {
  readonly tenant: string;
  readonly bytes: number;
  readonly start: (place: Place) => void;
}

/** @param name - of the memory, for whoever is canceled */
export function createMemoryQueue(name: string, capacity: number): MemoryQueue {
  /** Waiters but for the one whose turn it is, by tenant, both in order. */
  const queues = new Map<string, Set<Waiter>>();
  let owed: Waiter | undefined;
  let [takenBytes, waiting] = [0, 0];
  /** What those hold that have passed who is owed now; turns are numbered. */
  let [passingBytes, turn] = [0, 0];

  const mayPass = (bytes: number) => owed === undefined || passingBytes + bytes + owed.bytes <= capacity;
  const open = (firstBytes: number): Place => {
    const passed = owed === undefined ? undefined : turn;
    let ownBytes = 0;
    const add = (bytes: number) => {
      ownBytes += bytes;
      takenBytes += bytes;
      if (passed === turn) passingBytes += bytes;
    };
    add(firstBytes);
    return {
      get bytes() {
        return ownBytes;
      },
      grow(bytes) {
        // What ran before may grow: it ends, and others do not come after it for ever.
        if (takenBytes + bytes > capacity || (passed === turn && !mayPass(bytes))) return false;
        add(bytes);
        return true;
      },
      shrink(bytes) {
        if (bytes >= ownBytes) return;
        add(bytes - ownBytes);
        advance();
      },
    };
  };
  const remove = (waiter: Waiter) => {
    const { tenant } = waiter;
    const waiters = queues.get(tenant);
    waiters?.delete(waiter);
    // Behind the others.
    queues.delete(tenant);
    if (waiters !== undefined && waiters.size > 0) queues.set(tenant, waiters);
  };
  const next = (isNext: (waiter: Waiter) => boolean): Waiter | undefined => {
    for (const waiters of queues.values()) {
      for (const waiter of waiters) {
        if (!isNext(waiter)) continue;
        remove(waiter);
        return waiter;
      }
    }
    return undefined;
  };
  const endTurn = () => {
    owed = undefined;
    passingBytes = 0;
    turn++;
  };
  const start = (waiter: Waiter) => {
    waiting--;
    waiter.start(open(waiter.bytes));
  };
  const advance = () => {
    for (;;) {
      owed ??= next(() => true);
      if (owed === undefined) return;
      const first = owed;
      if (takenBytes + first.bytes <= capacity) {
        endTurn();
        start(first);
        continue;
      }
      const passing = next(({ bytes }) => takenBytes + bytes <= capacity && mayPass(bytes));
      if (passing === undefined) return;
      start(passing);
    }
  };
  const wait = (bytes: number, tenant: string, signal: AbortSignal) =>
    new Promise<Place>((resolve, reject) => {
      const onAbort = () => {
        if (owed === waiter) endTurn();
        else remove(waiter);
        waiting--;
        reject(canceled(name));
        advance();
      };
      const waiter: Waiter = {
        tenant,
        bytes,
        start: (place) => {
          signal.removeEventListener('abort', onAbort);
          resolve(place);
        },
      };
      const waiters = queues.get(tenant) ?? new Set();
      queues.set(tenant, waiters.add(waiter));
      waiting++;
      signal.addEventListener('abort', onAbort, { once: true });
      advance();
    });

  return {
    async take(bytes, tenant, signal) {
      if (signal.aborted) throw canceled(name);
      return wait(bytes, tenant, signal);
    },
    tryTake: (bytes) => (owed === undefined && takenBytes + bytes <= capacity ? open(bytes) : undefined),
    get takenBytes() {
      return takenBytes;
    },
    get waiting() {
      return waiting;
    },
    waitingOf: (tenant) => (queues.get(tenant)?.size ?? 0) + (owed?.tenant === tenant ? 1 : 0),
  };
}

function canceled(name: string): FlamelakeError {
  return new FlamelakeError('canceled', 'canceled while waiting', { resource: name });
}
