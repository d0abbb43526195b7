/**
 * Whose turn a partition is among several compactors, by rendezvous over their addresses. It only keeps them from doing the same work
 * twice: the commit decides what counts, so a peer that is thought alive but is not costs a delay, and nothing else.
 */
import { type Manifest, newestManifest, type PartitionRoot } from '@flamelake/catalog';
import { type Clock, type ObjectStore, orderByRendezvous } from '@flamelake/model';
import type { Metrics } from '@flamelake/runtime';
import { chainLength } from './chain-length.ts';

export interface PartitionTurns {
  /**
   * The compactors there are from now on. One that does not know its own address among them works on everything.
   * @param self - this compactor's own; it counts as a peer whether listed or not
   */
  update(addresses: readonly string[], self: string | undefined): void;
  /**
   * Whether this compactor is to work on a partition now: it is its own, or those who come before it have let it lie.
   * @throws {FlamelakeError} what the store throws
   */
  isTurn(root: PartitionRoot): Promise<boolean>;
}

export interface PartitionTurnsOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** How often the one whose turn it is folds, ms. The next in order waits twice as long for it, the third three times. */
  readonly foldIntervalMs: number;
}

/** A partition of somebody else, as it was when last looked at; monotonic ms. */
interface Watched {
  manifest: Manifest | undefined;
  lookedMs: number;
  /** When the version last changed, or this compactor last took the partition. */
  movedMs: number;
  /** Since when segments are seen to wait behind this version. */
  waitingMs: number | undefined;
}

/** Fold intervals without a new version after which an idle partition is looked after by the next in order too. */
const IDLE_INTERVALS = 60;

export function createPartitionTurns({ store, clock, metrics, foldIntervalMs }: PartitionTurnsOptions): PartitionTurns {
  const watched = new Map<string, Watched>();
  let peers: readonly { readonly address: string }[] = [];
  let own: string | undefined;
  metrics.gauge({ name: 'compactor_peers', help: 'Compactors that share the partitions, this one included.' }, () =>
    Math.max(1, peers.length),
  );
  const overdue = metrics.counter({
    name: 'compactor_overdue_partitions_total',
    help: 'Times a partition was worked on because the compactor whose turn it is had let it lie.',
  });

  async function isOverdue(root: PartitionRoot, name: string, rank: number): Promise<boolean> {
    const nowMs = clock.monotonicMs();
    const seen = watched.get(name) ?? {
      manifest: undefined,
      lookedMs: Number.NEGATIVE_INFINITY,
      movedMs: nowMs,
      waitingMs: undefined,
    };
    watched.set(name, seen);
    if (nowMs - seen.lookedMs < foldIntervalMs) return false;
    seen.lookedMs = nowMs;
    const manifest = await newestManifest(store, root, seen.manifest);
    const hasMoved = manifest.version !== seen.manifest?.version;
    seen.manifest = manifest;
    if (hasMoved) Object.assign(seen, { movedMs: nowMs, waitingMs: undefined });
    else if ((await chainLength(store, root, manifest.position, 1)) === 0) seen.waitingMs = undefined;
    else seen.waitingMs ??= nowMs;
    const isWaiting = seen.waitingMs !== undefined && nowMs - seen.waitingMs >= (rank + 1) * foldIntervalMs;
    // Where nothing is pushed, what grows old is still to be merged and to go.
    if (!isWaiting && nowMs - seen.movedMs < IDLE_INTERVALS * (rank + 1) * foldIntervalMs) return false;
    Object.assign(seen, { movedMs: nowMs, waitingMs: undefined });
    if (isWaiting) overdue.add();
    return true;
  }

  return {
    update(addresses, self) {
      own = self;
      const all = self === undefined ? addresses : new Set([...addresses, self]);
      peers = Array.from(all, (address) => ({ address }));
      watched.clear();
    },
    async isTurn(root) {
      if (own === undefined || peers.length < 2) return true;
      const name = `${root.logId}/${root.partition}`;
      const rank = orderByRendezvous(peers, name).findIndex(({ address }) => address === own);
      return rank === 0 || isOverdue(root, name, rank);
    },
  };
}
