/**
 * The services as they are deployed, without their edges: clients push encoded profiles to distributors, and ask query-frontends over
 * queriers, all over a simulated Kafka, S3 and Redis. Each profile has a label value of its own, so that an answer tells how often it counts.
 */
import { createSealedCache } from '@flamelake/cache';
import {
  type CatalogLimits,
  createSnapshotSource,
  identityWindowMs,
  limitCatalog,
  type MergeRules,
  sealCommitToken,
} from '@flamelake/catalog';
import { createCompactor, createPartitionTurns } from '@flamelake/compactor';
import { createDistributor, type Distributor, type PlacementTable } from '@flamelake/distributor';
import { FlamelakeError } from '@flamelake/model';
import { createQuerier } from '@flamelake/querier';
import { createQueryFrontend, dataActions, QUERY_LIMITS_DEFAULT, type Queries } from '@flamelake/query-frontend';
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
import { createDataTruth, type DataRange, type Moment } from './data-truth.ts';
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
  /** The profile's own time, ms since 1970. */
  readonly timeMs: number;
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
  /** Profiles older than this expire, ms. */
  readonly retentionMs?: number;
  /** What differs from the compactor's own rules. */
  readonly mergeRules?: Partial<MergeRules>;
  /** When the catalog writes index pages. */
  readonly catalog?: Partial<CatalogLimits>;
}

/** A query-frontend over a querier of its own. */
export interface Reader {
  readonly process: SimulatedProcess;
  readonly queries: Queries;
  /** Asks for a delete or pin once, over plain HTTP's paths. */
  change(kind: 'delete' | 'pin', message: Readonly<Record<string, unknown>>): Promise<void>;
}

export type ServicesWorld = ReturnType<typeof createServicesWorld>;

/** What an answer was held against. */
export interface Answer {
  /** Value by pod. */
  readonly found: ReadonlyMap<string, bigint>;
  /** Acknowledged before the answer came, not in it, and neither deleted nor expired. */
  readonly missing: readonly Sent[];
}

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
  const truth = createDataTruth(sent, options.retentionMs);
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  let processes = 0;
  let violation: unknown;

  function parts(role: string) {
    const process = simulation.process(`${role} ${++processes}`);
    const { clock, random } = process;
    const metrics = createMetrics();
    const view = store.view(process);
    limitCatalog(view, options.catalog ?? {});
    const { retentionMs = Number.POSITIVE_INFINITY } = options;
    const expireBefore = () => clock.nowMs() - retentionMs;
    return { process, ports: { store: view, clock, random, logger, metrics }, expireBefore };
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
    const { process, ports, expireBefore } = parts('compactor');
    const foldIntervalMs = 5_000;
    const turns = createPartitionTurns({ ...ports, foldIntervalMs });
    turns.update(ADDRESSES, ADDRESSES[number]);
    const retention = {
      expireBefore,
      latestExpiry: expireBefore,
      identityWindowMs: identityWindowMs({ ingestionWindowMs: HOUR_MS }),
      rewriteAfterMs: 10_000,
    };
    const compactor = createCompactor({
      ...ports,
      turns,
      foldIntervalMs,
      foldSegments: 4,
      keepMs,
      ...(options.retentionMs !== undefined && { retention }),
      ...(options.mergeRules !== undefined && { mergeRules: options.mergeRules }),
    });
    process.spawn(() => compactor.run(new AbortController().signal));
    return { process };
  }

  function startReader(): Reader {
    const { process, ports, expireBefore } = parts('query-frontend');
    const { clock, metrics } = ports;
    const cache = redis.view(process);
    const results = isSealed ? createSealedCache(cache, { key: keys.hmac, valueBytesMax: CACHED_BYTES_MAX }) : cache;
    const querier = createQuerier({ store: ports.store, storeId: installation.id, results, clock, metrics });
    const snapshots = createSnapshotSource({ store: ports.store, clock });
    const limits = () => QUERY_LIMITS_DEFAULT;
    const actions = dataActions({ ...ports, snapshots, keys, expireBefore });
    const { execute } = querier;
    return {
      process,
      queries: createQueryFrontend({ snapshots, keys, execute, limits, expireBefore, clock }),
      async change(kind, message) {
        const action = actions.find(({ path }) => path === `/api/v1/${kind}`);
        if (action === undefined) throw new RangeError(`no action ${kind}`);
        await action.run(TENANT, message, new AbortController().signal);
      },
    };
  }

  function newProfile(nowMs: number): Sent {
    const number = sent.length;
    const value = factor * BigInt(number + 1);
    const stacks = [{ frames: ['main'], value }];
    const profile: Sent = {
      pod: `p${number}`,
      service: SERVICES[number % SERVICES.length] ?? '',
      value,
      timeMs: nowMs,
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
  async function look(reader: Reader, commitToken?: string): Promise<Answer | undefined> {
    const asked: Moment = { ms: simulation.nowMs(), by: reader };
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
      for (const { labels, values } of await reader.queries.selectSeries(call(), { ...query, ...series })) {
        const pod = labels.find(({ name }) => name === 'pod')?.value ?? '';
        const total = Array.from(values, BigInt).reduce((sum, value) => sum + value, 0n);
        found.set(pod, (found.get(pod) ?? 0n) + total);
      }
    } catch (error) {
      // Frozen longer than query.timeout, it has no answer either.
      if (error instanceof FlamelakeError && NO_ANSWER.has(error.code)) return undefined;
      throw error;
    }
    const answered: Moment = { ms: simulation.nowMs(), by: reader };
    for (const [pod, total] of found) {
      const profile = sent[Number(pod.slice(1))];
      if (profile?.value !== total) throw new Violation('COUNT', `${pod} counts ${total}, not ${profile?.value}`);
    }
    truth.judge(new Set(found.keys()), asked, answered);
    count('answers');
    const missing = sent.filter(
      (one) => one.commit !== undefined && !found.has(one.pod) && !truth.mayLack(one, asked, answered.ms),
    );
    return { found, missing };
  }

  /** Asks for a delete or a pin until it is acknowledged. @param known - whose commit token goes with a delete */
  async function change(
    process: SimulatedProcess,
    kind: 'delete' | 'pin',
    range: DataRange,
    reader: () => Reader,
    known?: Sent,
  ): Promise<void> {
    const { service, pod, fromMs: startMs, untilMs: endMs } = range;
    const matchers = Object.entries({ service_name: service, pod }).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}="${value}"`],
    );
    const selector = `{${matchers.join()}}`;
    const message = { selector, startMs, endMs, ...(known?.commit !== undefined && { commit: known.commit }) };
    const acknowledge = kind === 'delete' ? truth.beginDelete(range, known) : truth.beginPin(range);
    for (;;) {
      const by = reader();
      try {
        await by.change(kind, message);
        count(`${kind} acknowledged`);
        const profiles = acknowledge({ ms: simulation.nowMs(), by });
        if (profiles > 0) count(`${kind} of profiles`);
        return;
      } catch (error) {
        if (!(error instanceof FlamelakeError && NO_ANSWER.has(error.code))) throw error;
      }
      count(`${kind} sent again`);
      await process.clock.sleep(500);
    }
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
    change,
    reach,
    act,
    /** Everything acknowledged counts once, and is seen by this reader. */
    async settle(reader: Reader): Promise<void> {
      let missing = 'everything';
      const watch = async () => {
        for (;;) {
          const answer = await look(reader).catch((error: unknown) => {
            violation ??= error;
            return undefined;
          });
          if (answer !== undefined) missing = answer.missing.map(({ pod }) => pod).join();
          if (missing === '' || violation !== undefined) return;
          await reader.process.clock.sleep(1_000);
        }
      };
      reader.process.spawn(watch);
      await reach('every acknowledged profile counts', () => missing === '').catch((error: unknown) => {
        throw error instanceof Violation && error.property === 'STUCK'
          ? new Violation('STUCK', `acknowledged and not counted: ${missing}`)
          : error;
      });
    },
  };
}
