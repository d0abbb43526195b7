/**
 * The memory of a process for one kind of work, shared by its pieces: each begins with a share, takes more as it grows while there is some,
 * and begins again with a larger share when there is none. What all hold together never exceeds the whole.
 */
import { FlamelakeError, type Memory } from '@flamelake/model';
import { createMemoryQueue, type Place } from './memory-queue.ts';

export interface MemoryBudgetOptions {
  readonly bytesMax: number;
  /** Pieces that may wait for their share; of a tenant no more than places are left. */
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
  /** Tenants take turns when pieces wait. */
  readonly tenant: string;
  /** What it will hold, about: it waits until so much is free. */
  readonly expectedBytes: number;
  /** What is there of it while it waits; held by its share when it runs. */
  readonly waitingBytes?: number;
}

export interface MemoryBudget {
  /**
   * Runs a piece of work in a share of the memory.
   * @param work - called again, with another share, when it needs more than was free: must not have changed anything
   * @throws {FlamelakeError} `invalid_argument` when it needs more than there is, `resource_exhausted` when too many wait
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
/** Of what a piece needed when it began again: its next share. */
const HEADROOM_FACTOR = 1.25;
/** Part of the whole that a share with room to grow leaves to others. */
const PASSING_SHARE = 1 / 8;
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
  /** What can never succeed is not to be tried again. */
  const tooLarge = (error: unknown) =>
    error instanceof FlamelakeError && error.code === 'resource_exhausted'
      ? new FlamelakeError('invalid_argument', error.message, error.details)
      : error;
  // Who may wait is decided below: a piece that begins again always may, and there are no more of them than shares.
  const whole = createMemoryQueue(option, bytesMax);
  let [heldBytes, peakBytes, waitingBytes] = [0, 0, 0];
  const hold = (bytes: number) => {
    heldBytes += bytes;
    peakBytes = Math.max(peakBytes, heldBytes);
  };

  const openShare = (place: Place): Share => {
    let [ownBytes, outgrownBytes] = [0, 0];
    let kept: { readonly bytes: number; readonly until: Promise<unknown> } | undefined;
    const grow = (missingBytes: number) => {
      if (place.grow(Math.max(missingBytes, STEP_BYTES)) || place.grow(missingBytes)) return;
      outgrownBytes = place.bytes + missingBytes;
      throw refusal(options.tooLarge, { neededBytes: outgrownBytes, limitBytes: bytesMax });
    };
    const own = (bytes: number) => {
      ownBytes += bytes;
      hold(bytes);
    };
    const take = (bytes: number) => {
      if (ownBytes + bytes > place.bytes) grow(ownBytes + bytes - place.bytes);
      own(bytes);
    };
    /** Lets all go but so many bytes. */
    const shrink = (bytes: number) => {
      own(bytes - ownBytes);
      place.shrink(bytes);
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
  const wait = async (bytes: number, { tenant, waitingBytes: ownBytes = 0 }: Piece, signal: AbortSignal) => {
    const free = signal.aborted ? undefined : whole.tryTake(bytes);
    if (free !== undefined) return openShare(free);
    waitingBytes += ownBytes;
    try {
      return openShare(await whole.take(bytes, tenant, signal));
    } finally {
      waitingBytes -= ownBytes;
    }
  };
  /** A share for what outgrew its own: with room to grow, but none that keeps small pieces from passing while it waits, until it must. */
  const largerShare = (outgrownBytes: number): number => {
    const largeBytes = bytesMax * (1 - PASSING_SHARE);
    if (outgrownBytes > largeBytes) return bytesMax;
    return Math.ceil(Math.min(largeBytes, outgrownBytes * HEADROOM_FACTOR));
  };
  return {
    async run(piece, signal, work) {
      const { tenant, expectedBytes, waitingBytes: ownBytes = 0 } = piece;
      const [waiting, waitingOfTenant] = [whole.waiting, whole.waitingOf(tenant)];
      const isFull = waiting > 0 && waitingBytes + ownBytes > bytesMax * WAITING_SHARE;
      if (waiting + waitingOfTenant >= waitingMax || isFull) {
        const details = { waiting, waitingOfTenant, limit: waitingMax, waitingBytes, memoryBytes: bytesMax };
        throw refusal(options.tooMany, { ...details, retryAfterSeconds: RETRY_AFTER_SECONDS });
      }
      for (let bytes = Math.min(bytesMax, Math.max(STEP_BYTES, expectedBytes, ownBytes)); ; ) {
        const share = await wait(bytes, piece, signal);
        try {
          share.take(ownBytes);
          return await work(share);
        } catch (error) {
          const { outgrownBytes } = share;
          if (outgrownBytes === 0 || signal.aborted) throw error;
          if (outgrownBytes > bytesMax) throw tooLarge(error);
          bytes = largerShare(outgrownBytes);
        } finally {
          share.end();
        }
        onRestart();
      }
    },
    get sharedBytes() {
      return whole.takenBytes;
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
