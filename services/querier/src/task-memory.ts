/**
 * The memory of a querier, shared by its tasks: each begins with a share, takes more as it grows while there is some, and begins again with a
 * larger share when there is none. What all hold together never exceeds the whole.
 */
import { FlamelakeError, type Memory } from '@flamelake/model';
import { createSemaphore } from '@flamelake/runtime';

export interface TaskMemoryOptions {
  readonly bytesMax: number;
  /** Tasks that may wait for their share. */
  readonly waitingMax: number;
  /** Called when a task begins again. */
  readonly onRestart: () => void;
}

export interface TaskShare extends Memory {
  /** What the task holds now. */
  readonly heldBytes: number;
}

export interface TaskMemory {
  /**
   * Runs a task in a share of the memory.
   * @param expectedBytes - what it will hold, about; it waits until so much is free
   * @param work - called again, with another memory, when it needs more than was free: must not have changed anything
   * @throws {FlamelakeError} `resource_exhausted` when it needs more than there is, or too many wait
   */
  run<T>(expectedBytes: number, signal: AbortSignal, work: (memory: TaskShare) => Promise<T>): Promise<T>;
  /** Given to tasks as their shares, and counted as held by them: now, and most at a time. */
  readonly sharedBytes: number;
  readonly heldBytes: number;
  readonly peakBytes: number;
  readonly waiting: number;
}

/** A share grows by this much at least. */
const STEP_BYTES = 1_048_576;
const OPTION = 'querier.memory-max';
const RETRY_AFTER_SECONDS = 1;

interface Share extends TaskShare {
  /** What the task would have held when there was no room for it; 0 while there is. */
  readonly outgrownBytes: number;
  end(): void;
}

export function createTaskMemory({ bytesMax, waitingMax, onRestart }: TaskMemoryOptions): TaskMemory {
  // Who may wait is decided below: a task that begins again always may, and there are no more of them than shares.
  const whole = createSemaphore({ name: OPTION, capacity: bytesMax, waitingMax: Number.MAX_SAFE_INTEGER });
  let [heldBytes, peakBytes] = [0, 0];

  const openShare = (firstBytes: number, release: () => void): Share => {
    const releases = [release];
    let [ownBytes, shareBytes, outgrownBytes] = [0, firstBytes, 0];
    const hold = (bytes: number) => {
      ownBytes += bytes;
      heldBytes += bytes;
      peakBytes = Math.max(peakBytes, heldBytes);
    };
    const grow = (missingBytes: number) => {
      const [step, least] = [Math.max(missingBytes, STEP_BYTES), missingBytes];
      for (const bytes of [step, least]) {
        const more = whole.tryAcquire(bytes);
        if (more === undefined) continue;
        releases.push(more);
        shareBytes += bytes;
        return;
      }
      outgrownBytes = shareBytes + missingBytes;
      throw tooLarge(outgrownBytes, bytesMax);
    };
    return {
      take(bytes) {
        if (ownBytes + bytes > shareBytes) grow(ownBytes + bytes - shareBytes);
        hold(bytes);
      },
      give: (bytes) => hold(-bytes),
      get heldBytes() {
        return ownBytes;
      },
      get outgrownBytes() {
        return outgrownBytes;
      },
      end() {
        hold(-ownBytes);
        for (const one of releases) one();
      },
    };
  };
  return {
    async run(expectedBytes, signal, work) {
      const { waiting } = whole;
      if (waiting >= waitingMax) throw tooMany(waiting, waitingMax, bytesMax);
      for (let bytes = Math.min(bytesMax, Math.max(STEP_BYTES, expectedBytes)); ; ) {
        const share = openShare(bytes, await whole.acquire(bytes, signal));
        try {
          return await work(share);
        } catch (error) {
          const { outgrownBytes } = share;
          if (outgrownBytes === 0 || outgrownBytes > bytesMax || signal.aborted) throw error;
          bytes = Math.min(bytesMax, outgrownBytes * 2);
        } finally {
          share.end();
        }
        onRestart();
      }
    },
    get sharedBytes() {
      return whole.inUse;
    },
    get heldBytes() {
      return heldBytes;
    },
    get peakBytes() {
      return peakBytes;
    },
    get waiting() {
      return whole.waiting;
    },
  };
}

function tooLarge(neededBytes: number, limitBytes: number): FlamelakeError {
  return new FlamelakeError(
    'resource_exhausted',
    'query task needs more memory than a querier has; narrow the range or selector of the query, or raise the option',
    { neededBytes, limitBytes, option: OPTION },
  );
}

function tooMany(waiting: number, limit: number, memoryBytes: number): FlamelakeError {
  return new FlamelakeError(
    'resource_exhausted',
    'too many query tasks wait for memory; ask less at a time, add queriers, or raise the option',
    { waiting, limit, memoryBytes, option: OPTION, retryAfterSeconds: RETRY_AFTER_SECONDS },
  );
}
