/**
 * The memory of a process for one kind of work, shared by its pieces: each begins with a share, takes more as it grows while there is some,
 * and begins again with a larger share when there is none. What all hold together never exceeds the whole.
 */
import { FlamelakeError, type Memory } from '@flamelake/model';
import { createSemaphore, type Release } from './semaphore.ts';

export interface MemoryBudgetOptions {
  readonly bytesMax: number;
  /** Pieces that may wait for their share. */
  readonly waitingMax: number;
  /** Called when a piece begins again. */
  readonly onRestart: () => void;
  /** For refusals: the option that is `bytesMax`, and what to say of a piece too large, and of too many. */
  readonly option: string;
  readonly tooLarge: string;
  readonly tooMany: string;
}

export interface MemoryShare extends Memory {
  /** What the piece holds now. */
  readonly heldBytes: number;
  /** Once the piece is done, so many bytes of it stay until then: an answer on its way. Called last, and once at most. */
  keep(bytes: number, until: Promise<unknown>): void;
}

export interface Piece {
  /** What it will hold, about: it waits until so much is free. */
  readonly expectedBytes: number;
  /** What is there of it while it waits; held by its share when it runs. */
  readonly waitingBytes?: number;
}

export interface MemoryBudget {
  /**
   * Runs a piece of work in a share of the memory.
   * @param work - called again, with another share, when it needs more than was free: must not have changed anything
   * @throws {FlamelakeError} `resource_exhausted` when it needs more than there is, or too many wait
   */
  run<T>(piece: Piece, signal: AbortSignal, work: (share: MemoryShare) => Promise<T>): Promise<T>;
  /** Given as shares, and counted as held: now, and most at a time. */
  readonly sharedBytes: number;
  readonly heldBytes: number;
  readonly peakBytes: number;
  readonly waiting: number;
}

/** A share grows by this much at least. */
const STEP_BYTES = 1_048_576;
/** Part of the whole that pieces which wait may be, beside it. */
const WAITING_SHARE = 1 / 8;
const RETRY_AFTER_SECONDS = 1;

interface Share extends MemoryShare {
  /** What the piece would have held when there was no room for it; 0 while there is. */
  readonly outgrownBytes: number;
  end(): void;
}

export function createMemoryBudget(options: MemoryBudgetOptions): MemoryBudget {
  const { bytesMax, waitingMax, onRestart, option } = options;
  const refusal = (message: string, details: Readonly<Record<string, number>>) =>
    new FlamelakeError('resource_exhausted', message, { ...details, option });
  // Who may wait is decided below: a piece that begins again always may, and there are no more of them than shares.
  const whole = createSemaphore({ name: option, capacity: bytesMax, waitingMax: Number.MAX_SAFE_INTEGER });
  let [heldBytes, peakBytes, waitingBytes] = [0, 0, 0];
  const hold = (bytes: number) => {
    heldBytes += bytes;
    peakBytes = Math.max(peakBytes, heldBytes);
  };

  const openShare = (firstBytes: number, release: Release): Share => {
    const parts = [{ bytes: firstBytes, release }];
    let [ownBytes, shareBytes, outgrownBytes] = [0, firstBytes, 0];
    let kept: { readonly bytes: number; readonly until: Promise<unknown> } | undefined;
    const grow = (missingBytes: number) => {
      const [step, least] = [Math.max(missingBytes, STEP_BYTES), missingBytes];
      for (const bytes of [step, least]) {
        const more = whole.tryAcquire(bytes);
        if (more === undefined) continue;
        parts.push({ bytes, release: more });
        shareBytes += bytes;
        return;
      }
      outgrownBytes = shareBytes + missingBytes;
      throw refusal(options.tooLarge, { neededBytes: outgrownBytes, limitBytes: bytesMax });
    };
    const own = (bytes: number) => {
      ownBytes += bytes;
      hold(bytes);
    };
    const take = (bytes: number) => {
      if (ownBytes + bytes > shareBytes) grow(ownBytes + bytes - shareBytes);
      own(bytes);
    };
    /** Lets all go but so many bytes. */
    const shrink = (bytes: number) => {
      own(bytes - ownBytes);
      let keptBytes = bytes;
      for (const part of parts) {
        part.release(Math.min(keptBytes, part.bytes));
        keptBytes -= Math.min(keptBytes, part.bytes);
      }
    };
    return {
      take,
      give: (bytes) => own(-bytes),
      keep: (bytes, until) => {
        take(Math.max(0, bytes - ownBytes));
        kept = { bytes, until };
      },
      get heldBytes() {
        return ownBytes;
      },
      get outgrownBytes() {
        return outgrownBytes;
      },
      end() {
        shrink(kept?.bytes ?? 0);
        const letGo = () => shrink(0);
        kept?.until.then(letGo, letGo);
      },
    };
  };
  /** Waits for a share of so many bytes. */
  const wait = async (bytes: number, ownBytes: number, signal: AbortSignal): Promise<Share> => {
    const free = signal.aborted ? undefined : whole.tryAcquire(bytes);
    if (free !== undefined) return openShare(bytes, free);
    waitingBytes += ownBytes;
    try {
      return openShare(bytes, await whole.acquire(bytes, signal));
    } finally {
      waitingBytes -= ownBytes;
    }
  };
  return {
    async run({ expectedBytes, waitingBytes: ownBytes = 0 }, signal, work) {
      const { waiting } = whole;
      const isFull = waiting > 0 && waitingBytes + ownBytes > bytesMax * WAITING_SHARE;
      if (waiting >= waitingMax || isFull) {
        const details = { waiting, limit: waitingMax, waitingBytes, memoryBytes: bytesMax };
        throw refusal(options.tooMany, { ...details, retryAfterSeconds: RETRY_AFTER_SECONDS });
      }
      for (let bytes = Math.min(bytesMax, Math.max(STEP_BYTES, expectedBytes, ownBytes)); ; ) {
        const share = await wait(bytes, ownBytes, signal);
        try {
          share.take(ownBytes);
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
