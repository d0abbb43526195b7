/**
 * Which partitions this process is to write, by a consumer group that is used for nothing else: where to read from is
 * the chain's to say, and what is committed only shows lag.
 *
 * Two writers of one partition do no harm, none does. So a process goes on with all it has while the group shares out anew,
 * and gives a partition up only when it is told to: whatever stays is never paused, and what moves is paused for as long as
 * the new owner needs to begin.
 */
import type { Logger, Metrics } from '@flamelake/runtime';
import { createKafkaCluster } from './kafka-cluster.ts';
import { KAFKA, kafkaCodeOf } from './kafka-error.ts';
import { createKafkaGroup, type KafkaGroup } from './kafka-group.ts';
import { KAFKA_DEFAULTS, type KafkaConnectionOptions } from './kafka-options.ts';

export interface PartitionAssignmentOptions extends KafkaConnectionOptions {
  readonly topic: string;
  readonly partitionCount: number;
  /** The topic's name and `-segment-writer` by default. */
  readonly groupId?: string;
  /** After how long without a sign of life a member's partitions go to others, ms; 10 s by default. */
  readonly sessionTimeoutMs?: number;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

export interface PartitionAssignment {
  /** Partitions this process is to write now, ascending. */
  assigned(): readonly number[];
  /** Whether the group counts this process in, as far as is known. */
  isMember(): boolean;
  /** Calls back with all partitions at each change. */
  onChange(listener: (partitions: readonly number[]) => void): void;
  /** Notes how far a partition is written; put on record in the group now and then, for tools that show lag. */
  commitLag(partition: number, offset: number): void;
  /** Leaves the group, so that others take over at once. Tells listeners nothing. */
  close(): Promise<void>;
}

const SESSION_TIMEOUT_MS_DEFAULT = 10_000;
/** Heartbeats in a session timeout; they also bring the news that the group shares out anew. */
const HEARTBEATS_PER_SESSION = 10;
/** Longest time the group waits for a member that does not come: nothing is paused meanwhile. */
const REBALANCE_TIMEOUT_MS = 5_000;
const COMMIT_INTERVAL_MS = 5_000;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 5_000;
/** Longest time given to saying good-bye. */
const LEAVE_TIMEOUT_MS = 2_000;

/** Joins the group; returns at once, with nothing assigned yet. */
export function createPartitionAssignment(options: PartitionAssignmentOptions): PartitionAssignment {
  const { clock, logger, topic, metrics } = options;
  const groupId = options.groupId ?? `${topic}-segment-writer`;
  const sessionTimeoutMs = options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS_DEFAULT;
  const requestTimeoutMs = options.requestTimeoutMs ?? KAFKA_DEFAULTS.requestTimeoutMs;
  const cluster = createKafkaCluster(options, topic);
  const group = createKafkaGroup({
    ...options,
    cluster,
    groupId,
    sessionTimeoutMs,
    rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
    requestTimeoutMs,
  });
  const closing = new AbortController();
  const listeners: ((partitions: readonly number[]) => void)[] = [];
  const offsets = new Map<number, number>();
  let partitions: readonly number[] = [];
  let isMember = false;
  let committedAtMs = clock.monotonicMs();

  const rebalances = metrics?.counter({ name: 'kafka_rebalances_total', help: 'Times the group shared out anew.' });
  const failures = metrics?.counter({
    name: 'kafka_group_failures_total',
    help: 'Failed requests to the group coordinator, tried again.',
  });
  metrics?.gauge(
    { name: 'kafka_assigned_partitions', help: 'Partitions this process is to write.' },
    () => partitions.length,
  );

  function change(given: readonly number[]): void {
    const next = [...given].sort((a, b) => a - b);
    const taken = partitions.filter((partition) => !next.includes(partition));
    const added = next.filter((partition) => !partitions.includes(partition));
    for (const partition of taken) offsets.delete(partition);
    partitions = next;
    rebalances?.add();
    logger?.info('partitions were shared out', { partitions: next, added, taken });
    if (added.length + taken.length > 0) for (const listener of listeners) listener(next);
  }

  async function commitSometimes(): Promise<void> {
    if (offsets.size === 0 || clock.monotonicMs() - committedAtMs < COMMIT_INTERVAL_MS) return;
    committedAtMs = clock.monotonicMs();
    await group.commit(new Map(offsets));
  }

  /** Stays a member until the group shares out anew, or something fails. */
  async function stay(onAlive: () => void): Promise<void> {
    const { signal } = closing;
    const intervalMs = sessionTimeoutMs / HEARTBEATS_PER_SESSION;
    for (;;) {
      await clock.sleep(intervalMs, signal);
      if (signal.aborted) return;
      await group.heartbeat();
      onAlive();
      await commitSometimes();
    }
  }

  async function run(): Promise<void> {
    const { signal } = closing;
    let retryMs = RETRY_MS_MIN;
    while (!signal.aborted) {
      try {
        if (!isMember) change(await group.join(partitions));
        isMember = true;
        await stay(() => {
          retryMs = RETRY_MS_MIN;
        });
      } catch (error) {
        if (signal.aborted) return;
        const code = kafkaCodeOf(error);
        if (isMember && code === KAFKA.rebalanceInProgress) {
          isMember = false;
          continue;
        }
        // Who has lost touch may still be a member: the next heartbeat says.
        isMember &&= code === undefined || !MUST_JOIN.has(code);
        failures?.add();
        logger?.failure('kafka group failed and will be asked again', error, { groupId });
        await clock.sleep(retryMs, signal);
        retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
      }
    }
  }
  const running = run();

  return {
    assigned: () => partitions,
    isMember: () => isMember,
    onChange(listener) {
      listeners.push(listener);
    },
    commitLag(partition, offset) {
      if (partitions.includes(partition)) offsets.set(partition, offset);
    },
    async close() {
      if (closing.signal.aborted) return running;
      closing.abort();
      await leave(group, offsets).catch((error: unknown) => logger?.failure('kafka group was not left', error));
      await group.close();
      await cluster.close();
      await running;
    },
  };

  async function leave(member: KafkaGroup, last: ReadonlyMap<number, number>): Promise<void> {
    const leaving = (last.size === 0 ? Promise.resolve() : member.commit(last)).then(() => member.leave());
    leaving.catch(() => {});
    const inTime = new AbortController();
    await Promise.race([leaving, clock.sleep(LEAVE_TIMEOUT_MS, inTime.signal)]);
    inTime.abort();
  }
}

/** Answers that say: no longer a member of this generation. */
const MUST_JOIN: ReadonlySet<number> = new Set([
  KAFKA.unknownMemberId,
  KAFKA.illegalGeneration,
  KAFKA.rebalanceInProgress,
]);
