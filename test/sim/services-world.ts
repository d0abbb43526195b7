/**
 * The services as they are deployed, without their edges: clients push encoded profiles to distributors, and ask query-frontends over
 * queriers, all over a simulated Kafka, S3 and Redis. Each profile has a label value of its own, so that an answer tells how often it counts.
 */
import { createSealedCache } from '@flamelake/cache';
import { createSnapshotSource, sealCommitToken } from '@flamelake/catalog';
import { createCompactor, createPartitionTurns } from '@flamelake/compactor';
import { createDistributor, type Distributor, type PlacementTable } from '@flamelake/distributor';
import { FlamelakeError } from '@flamelake/model';
import { createQuerier } from '@flamelake/querier';
import { createQueryFrontend, QUERY_LIMITS_DEFAULT, type Queries } from '@flamelake/query-frontend';
import { createLogger, createMetrics } from '@flamelake/runtime';
import { createSegmentWriter, type SegmentWriter } from '@flamelake/segment-writer';
import {
  createSimulatedCache,
  createSimulatedLog,
  createSimulatedStore,
  createSimulation,
  NO_STORE_FAULTS,
  type SimulatedCache,
  type SimulatedProcess,
  type SimulationOptions,
} from '@flamelake/testkit';
import { SMALL_TYPE, smallPprof } from '../e2e/small-profile.ts';
import { Violation } from './violation.ts';

export const PARTITIONS = 2;
/** Of both partitions. */
const SERVICES = ['cart', 'pay', 'shop'];
const ADDRESSES = ['compactor-0:4040', 'compactor-1:4040'];
const HOUR_MS = 3_600_000;
/** Larger values are compressed on threads, whose turn no seed decides. */
const CACHED_BYTES_MAX = 500;
const TENANT = 'anonymous';

/** A profile as its client knows it. */
export interface Sent {
  readonly pod: string;
  readonly service: string;
  readonly value: bigint;
  readonly bytes: Uint8Array;
  /** Of the last acknowledgement. */
  commit: string | undefined;
}

export interface ServicesOptions extends SimulationOptions {
  /** Which installation: id and keys of its store. */
  readonly installation?: { readonly id: string; readonly key: number };
  /** Shared with another installation. */
  readonly redis?: SimulatedCache;
  readonly isSealed?: boolean;
  /** What every profile's value is multiplied by. */
  readonly factor?: bigint;
  /** The table of all distributors; one partition a service by default. */
  readonly placement?: () => PlacementTable;
}

export type ServicesWorld = ReturnType<typeof createServicesWorld>;

/** A question that ends so is asked again. */
const NO_ANSWER: ReadonlySet<string> = new Set(['unavailable', 'deadline_exceeded']);

export function createServicesWorld(seed: string, options: ServicesOptions = {}) {
  const { installation = { id: 'one', key: 1 }, isSealed = true, factor = 1n } = options;
  const keys = { seal: new Uint8Array(32).fill(installation.key), hmac: new Uint8Array(32).fill(installation.key) };
  const simulation = createSimulation(seed, { stepMsMax: 3, ...options });
  const startMs = simulation.nowMs();
  const placement = options.placement === undefined ? {} : { placement: options.placement };
  const store = createSimulatedStore(simulation, NO_STORE_FAULTS);
  const log = createSimulatedLog(simulation, { partitionCount: PARTITIONS });
  const redis = options.redis ?? createSimulatedCache(simulation);
  const logger = createLogger({ level: 'silent' });
  const sent: Sent[] = [];
  /** Pods that some answer had: later ones must have them too. */
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  let processes = 0;
  let violation: unknown;

  function parts(role: string) {
    const process = simulation.process(`${role} ${++processes}`);
    const { clock, random } = process;
    const metrics = createMetrics();
    return { process, ports: { store: store.view(process), clock, random, logger, metrics } };
  }

  function startDistributor() {
    const { process, ports } = parts('distributor');
    const sealCommit = (positions: Parameters<typeof sealCommitToken>[1]) => sealCommitToken(keys, positions);
    return { process, distributor: createDistributor({ ...ports, log: log.view(process), sealCommit, ...placement }) };
  }

  /** One that has all partitions, or one that only adopts. */
  function startWriter(partitions?: readonly number[]): { process: SimulatedProcess; writer: SegmentWriter } {
    const { process, ports } = parts('segment-writer');
    const writer = createSegmentWriter({
      ...ports,
      log: log.view(process),
      flushIntervalMs: 200,
      adoptAfterMs: 10_000,
      ...(partitions !== undefined && { partitions }),
    });
    process.spawn(() => writer.run(new AbortController().signal));
    return { process, writer };
  }

  function startCompactor(number: number, keepMs = 600_000) {
    const { process, ports } = parts('compactor');
    const foldIntervalMs = 5_000;
    const turns = createPartitionTurns({ ...ports, foldIntervalMs });
    turns.update(ADDRESSES, ADDRESSES[number]);
    const compactor = createCompactor({ ...ports, turns, foldIntervalMs, foldSegments: 4, keepMs });
    process.spawn(() => compactor.run(new AbortController().signal));
    return { process };
  }

  function startReader(): { process: SimulatedProcess; queries: Queries } {
    const { process, ports } = parts('query-frontend');
    const { clock, metrics } = ports;
    const cache = redis.view(process);
    const results = isSealed ? createSealedCache(cache, { key: keys.hmac, valueBytesMax: CACHED_BYTES_MAX }) : cache;
    const querier = createQuerier({ store: ports.store, storeId: installation.id, results, clock, metrics });
    const snapshots = createSnapshotSource({ store: ports.store, clock });
    const limits = () => QUERY_LIMITS_DEFAULT;
    return { process, queries: createQueryFrontend({ snapshots, keys, execute: querier.execute, limits, clock }) };
  }

  function newProfile(nowMs: number): Sent {
    const number = sent.length;
    const value = factor * BigInt(number + 1);
    const stacks = [{ frames: ['main'], value }];
    const profile: Sent = {
      pod: `p${number}`,
      service: SERVICES[number % SERVICES.length] ?? '',
      value,
      bytes: smallPprof({ stacks, timeMs: nowMs }),
      commit: undefined,
    };
    sent.push(profile);
    return profile;
  }

  /** Sends a profile until it is acknowledged. */
  async function push(process: SimulatedProcess, profile: Sent, distributor: () => Distributor): Promise<void> {
    const { pod, service, bytes } = profile;
    const labels = Object.entries({ __name__: 'test', service_name: service, pod }).map(([name, value]) => ({
      name,
      value,
    }));
    for (let isAcknowledged = false; !isAcknowledged; ) {
      const attempt = distributor()
        .push(TENANT, [{ labels, samples: [{ rawProfile: bytes, id: '' }] }])
        .then(({ commitToken }) => {
          profile.commit = commitToken;
          isAcknowledged = true;
        });
      await Promise.race([attempt.catch(() => undefined), process.clock.sleep(1_000)]);
      if (!isAcknowledged) {
        count('sent again');
        await process.clock.sleep(100);
      }
    }
    count('acknowledged');
  }

  /** Asks for everything and holds the answer against what was sent. @returns undefined when there is no answer now */
  async function look(queries: Queries, commitToken?: string): Promise<ReadonlyMap<string, bigint> | undefined> {
    const before = [...seen];
    const query = {
      // The same for all, so that what is kept of one answer serves the next.
      startMs: startMs - HOUR_MS,
      endMs: startMs + 11 * HOUR_MS,
      profileTypeId: SMALL_TYPE,
      labelSelector: '{}',
    };
    const call = () => ({ tenant: TENANT, signal: new AbortController().signal, commitToken });
    const series = {
      groupBy: ['pod'],
      stepSeconds: 12 * 3_600,
      aggregation: 'sum',
      limit: 0,
      hasExemplars: false,
    } as const;
    const found = new Map<string, bigint>();
    try {
      for (const { labels, values } of await queries.selectSeries(call(), { ...query, ...series })) {
        const pod = labels.find(({ name }) => name === 'pod')?.value ?? '';
        const total = Array.from(values, BigInt).reduce((sum, value) => sum + value, 0n);
        found.set(pod, (found.get(pod) ?? 0n) + total);
      }
    } catch (error) {
      // Frozen longer than query.timeout, it has no answer either.
      if (error instanceof FlamelakeError && NO_ANSWER.has(error.code)) return undefined;
      throw error;
    }
    for (const pod of before) {
      if (!found.has(pod)) throw new Violation('STALE', `${pod} was in an answer and no longer is`);
    }
    for (const [pod, total] of found) {
      const profile = sent[Number(pod.slice(1))];
      if (profile?.value !== total) throw new Violation('COUNT', `${pod} counts ${total}, not ${profile?.value}`);
      seen.add(pod);
    }
    count('answers');
    return found;
  }

  /** Runs until it holds. */
  async function reach(what: string, holds: () => boolean, forMs = HOUR_MS): Promise<void> {
    await simulation.run(() => violation !== undefined || holds(), { forMs, stepsMax: 400_000 });
    if (violation !== undefined) throw violation;
    if (!holds()) throw new Violation('STUCK', `not reached: ${what}`);
  }

  /** Something a process does; a violation it finds ends the run. */
  function act(what: string, work: (process: SimulatedProcess) => Promise<void>): () => boolean {
    const process = simulation.process(`${what} ${++processes}`);
    let isDone = false;
    process.spawn(() =>
      work(process).then(
        () => {
          isDone = true;
        },
        (error: unknown) => {
          violation ??= error;
        },
      ),
    );
    return () => isDone;
  }

  return {
    simulation,
    store,
    log,
    redis,
    sent,
    counts,
    count,
    startDistributor,
    startWriter,
    startCompactor,
    startReader,
    newProfile,
    push,
    look,
    reach,
    act,
    /** Everything acknowledged counts once, and is seen by this reader. */
    async settle({ process, queries }: { process: SimulatedProcess; queries: Queries }): Promise<void> {
      let missing = 'everything';
      const watch = async () => {
        for (;;) {
          const found = await look(queries).catch((error: unknown) => {
            violation ??= error;
            return undefined;
          });
          if (found !== undefined)
            missing = sent
              .filter(({ pod, commit }) => commit !== undefined && !found.has(pod))
              .map(({ pod }) => pod)
              .join();
          if (missing === '' || violation !== undefined) return;
          await process.clock.sleep(1_000);
        }
      };
      process.spawn(watch);
      await reach('every acknowledged profile counts', () => missing === '').catch((error: unknown) => {
        throw error instanceof Violation && error.property === 'STUCK'
          ? new Violation('STUCK', `acknowledged and not counted: ${missing}`)
          : error;
      });
    },
  };
}
