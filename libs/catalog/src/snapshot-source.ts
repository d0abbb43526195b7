/** Snapshots on demand: one is shared by all who ask within a quarter of a second, and by all who ask while it is taken. */
import { type Clock, FlamelakeError, type ObjectStore } from '@flamelake/model';
import type { CommitToken } from './commit-token.ts';
import { type DatasetFilter, withBlocksOf } from './load-blocks.ts';
import { takeNamedSnapshot, takeSnapshotAt } from './snapshot-as-of.ts';
import type { NamedPartition } from './snapshot-name.ts';
import { takeSnapshot } from './take-snapshot.ts';
import type { Snapshot } from './types.ts';

export interface SnapshotSource {
  /** A snapshot that holds everything that was in a chain 250 ms ago. */
  take(): Promise<Snapshot>;
  /** A snapshot taken after this call: for a query that met a missing object. */
  takeFresh(): Promise<Snapshot>;
  /**
   * A snapshot that includes what the token's push wrote.
   * @throws {FlamelakeError} `unavailable` with `retryAfterSeconds` when none does within the waiting time
   */
  waitFor(token: CommitToken, signal?: AbortSignal): Promise<Snapshot>;
  /**
   * What was there at a time (ms since 1970), or in a named snapshot.
   * @throws {FlamelakeError} `out_of_range` when it is no longer kept
   */
  asOf(past: number | readonly NamedPartition[]): Promise<Snapshot>;
  /**
   * A snapshot whose manifests name all blocks with such datasets themselves: what is in index pages is read.
   * @throws {FlamelakeError} `not_found` when a page was swept meanwhile
   */
  withBlocks(snapshot: Snapshot, filter: DatasetFilter): Promise<Snapshot>;
}

export interface SnapshotSourceOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** How old a snapshot may be, ms; 250 by default. */
  readonly reuseMs?: number;
  /** How long a token is waited for, ms; 5,000 by default. */
  readonly waitMs?: number;
}

interface Taking {
  readonly startMs: number;
  readonly snapshot: Promise<Snapshot>;
}

const REUSE_MS_DEFAULT = 250;
const WAIT_MS_DEFAULT = 5_000;

export function createSnapshotSource(options: SnapshotSourceOptions): SnapshotSource {
  const { store, clock, reuseMs = REUSE_MS_DEFAULT, waitMs = WAIT_MS_DEFAULT } = options;
  let newest: Taking | undefined;
  let previous: Snapshot | undefined;
  /** The one being taken, if any, and the one that begins when it ends. */
  let running: Taking | undefined;
  let queued: Promise<Snapshot> | undefined;

  function begin(): Promise<Snapshot> {
    const startMs = clock.monotonicMs();
    const snapshot = takeSnapshot(store, previous);
    const taking = { startMs, snapshot };
    newest = taking;
    running = taking;
    const end = () => {
      running = undefined;
    };
    snapshot.then(
      (taken) => {
        previous = taken;
        end();
      },
      () => {
        // What failed once is not handed out again.
        if (newest === taking) newest = undefined;
        end();
      },
    );
    return snapshot;
  }

  /** Begins now, or when the one being taken ends: all who ask meanwhile share that one. */
  function beginNext(): Promise<Snapshot> {
    if (running === undefined) return begin();
    queued ??= running.snapshot
      .catch(() => undefined)
      .then(() => {
        queued = undefined;
        return begin();
      });
    return queued;
  }

  function takeSince(sinceMs: number): Promise<Snapshot> {
    return newest !== undefined && newest.startMs >= sinceMs ? newest.snapshot : beginNext();
  }

  return {
    take: () => takeSince(clock.monotonicMs() - reuseMs),
    takeFresh: beginNext,
    asOf: (past) => (typeof past === 'number' ? takeSnapshotAt(store, past) : takeNamedSnapshot(store, past)),
    withBlocks: (snapshot, filter) => withBlocksOf(store, snapshot, filter),
    async waitFor(token, signal) {
      const startMs = clock.monotonicMs();
      for (;;) {
        const snapshot = await takeSince(clock.monotonicMs() - reuseMs);
        if (includes(snapshot, token)) return snapshot;
        const leftMs = startMs + waitMs - clock.monotonicMs();
        if (signal?.aborted) throw new FlamelakeError('canceled', 'request was canceled');
        if (leftMs <= 0) {
          throw new FlamelakeError('unavailable', 'the push is not readable yet', {
            waitedMs: waitMs,
            retryAfterSeconds: 1,
          });
        }
        await clock.sleep(Math.min(reuseMs, leftMs), signal);
      }
    },
  };
}

/** Whether a snapshot reaches every offset of a token. */
export function includes(snapshot: Snapshot, token: CommitToken): boolean {
  for (const [partition, offset] of token.offsets) {
    const found = snapshot.partitions.find(({ root }) => root.logId === token.logId && root.partition === partition);
    if (found === undefined || found.next <= offset) return false;
  }
  return true;
}
