/** The queriers that are there now: whose turn a block is, who is full, who does not answer. */
import { type Clock, FlamelakeError, orderByRendezvous } from '@flamelake/model';
import type { InternalClient } from '@flamelake/rpc/internal';

export interface Peer {
  readonly address: string;
  readonly client: InternalClient;
}

export interface QuerierPeers {
  /** The queriers there are from now on. Those that left finish what they have. */
  update(addresses: readonly string[]): void;
  /**
   * Takes a place at the querier whose turn the block is, or who stands in for it.
   * @param avoided - asked only when there is nobody else
   * @returns undefined when there is nobody at all
   */
  take(blockId: string, avoided: ReadonlySet<Peer>): Peer | undefined;
  /** As `take`, but only of one who is not avoided, has room and answered of late. */
  takeSpare(blockId: string, avoided: ReadonlySet<Peer>): Peer | undefined;
  /** Gives the place back. */
  release(peer: Peer, outcome: 'answered' | 'failed' | 'busy' | 'left'): void;
  readonly count: number;
  /** Whether there is a connection to any of them, or one can be made by then. @param deadlineMs - wall clock, ms since 1970 */
  isAnyReachable(deadlineMs: number): Promise<boolean>;
  /** Tasks that those who answered of late take at a time; of all, when none did. */
  readonly places: number;
  close(): void;
}

/** What a peer takes above its even share before others stand in ("bounded loads", Mirrokni, Thorup and Zadimoghaddam, 2016). */
const SHARE_MAX = 1.25;
/** How long a peer that failed once is asked last; doubles with each failure in a row. */
const REST_MS = 250;
const REST_MS_MAX = 10_000;

interface State extends Peer {
  inFlight: number;
  failures: number;
  /** Asked last until then. */
  restsUntilMs: number;
  isGone: boolean;
}

export function createQuerierPeers(options: {
  readonly connect: (address: string) => InternalClient;
  /** Tasks one querier has at a time, unless all that answer have so many. */
  readonly inFlightMax: number;
  readonly clock: Clock;
}): QuerierPeers {
  const { connect, inFlightMax, clock } = options;
  const states = new Map<string, State>();

  const closeIfDone = (state: State) => {
    if (state.isGone && state.inFlight === 0) state.client.close();
  };
  const isAwake = (state: State) => state.restsUntilMs <= clock.monotonicMs();
  /** Of those in order: the first that has not its share yet, else the first that has room. */
  const pick = (ordered: readonly State[]): State | undefined => {
    const inFlight = ordered.reduce((sum, state) => sum + state.inFlight, 0);
    const shareMax = Math.ceil(((inFlight + 1) / ordered.length) * SHARE_MAX);
    const isBelow = (most: number) => (state: State) => state.inFlight < most;
    return ordered.find(isBelow(Math.min(shareMax, inFlightMax))) ?? ordered.find(isBelow(inFlightMax));
  };
  const leastLoaded = (ordered: readonly State[]): State | undefined =>
    ordered.reduce<State | undefined>(
      (least, one) => (least && least.inFlight <= one.inFlight ? least : one),
      undefined,
    );
  const taken = (state: State | undefined) => {
    if (state !== undefined) state.inFlight++;
    return state;
  };

  return {
    update(addresses) {
      const wanted = new Set(addresses);
      for (const [address, state] of states) {
        if (wanted.has(address)) continue;
        states.delete(address);
        state.isGone = true;
        closeIfDone(state);
      }
      for (const address of wanted) {
        if (states.has(address)) continue;
        const client = connect(address);
        states.set(address, { address, client, inFlight: 0, failures: 0, restsUntilMs: 0, isGone: false });
      }
    },
    take(blockId, avoided) {
      const ordered = orderByRendezvous(states.values(), blockId);
      const others = ordered.filter((state) => !avoided.has(state));
      const awake = others.filter(isAwake);
      // Rather one that is full than one that has just failed: it would only fail again, until no attempt is left.
      return taken(pick(awake) ?? leastLoaded(awake) ?? pick(others) ?? pick(ordered) ?? ordered[0]);
    },
    takeSpare(blockId, avoided) {
      const ordered = orderByRendezvous(states.values(), blockId);
      return taken(pick(ordered.filter((state) => !avoided.has(state) && isAwake(state))));
    },
    release(peer, outcome) {
      const state = peer as State;
      state.inFlight--;
      if (outcome === 'answered') state.failures = 0;
      else if (outcome === 'failed' || outcome === 'busy') {
        const restMs = Math.min(REST_MS_MAX, REST_MS * 2 ** state.failures);
        state.restsUntilMs = clock.monotonicMs() + restMs;
        // One that is busy is there: it rests as long each time.
        if (outcome === 'failed') state.failures++;
      }
      closeIfDone(state);
    },
    get count() {
      return states.size;
    },
    async isAnyReachable(deadlineMs) {
      const asked = [...states.values()].map(async ({ client }) => {
        if (!(await client.isReachable(deadlineMs))) throw new FlamelakeError('unavailable', 'querier is not reached');
      });
      return Promise.any(asked).then(
        () => true,
        () => false,
      );
    },
    get places() {
      const awake = [...states.values()].filter(isAwake).length;
      return (awake || states.size) * inFlightMax;
    },
    close() {
      for (const state of states.values()) {
        state.isGone = true;
        state.client.close();
      }
      states.clear();
    },
  };
}
