/**
 * Reads one partition by fetches from an offset, without a group, over a connection of its own: a broker lets a fetch wait for
 * the first record, and everything behind it on the connection with it.
 */
import { type Clock, FlamelakeError, type LogBounds, type LogRecord } from '@flamelake/model';
import { listOffsetsV9 } from '@platformatic/kafka';
import type { BrokerAddress, KafkaConnection } from './kafka-connection.ts';
import { withDeadline } from './kafka-deadline.ts';
import { KAFKA, kafkaCodeError } from './kafka-error.ts';
import { type FetchAnswer, fetchPartition } from './kafka-fetch.ts';
import type { PartitionLeaders } from './kafka-leaders.ts';
import type { KafkaMetrics } from './kafka-metrics.ts';
import { readRecordBatches } from './kafka-record-batch.ts';

export interface PartitionReaderOptions {
  readonly clock: Clock;
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly leaders: PartitionLeaders;
  readonly metrics: KafkaMetrics;
  readonly openConnection: (address: BrokerAddress) => KafkaConnection;
  /** Longest time without an answer of the right broker. */
  readonly readTimeoutMs: number;
}

export interface PartitionReader {
  /** As `ProfileLog.read`. */
  read(
    fromOffset: number,
    options: { readonly bytesMax: number; readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<readonly LogRecord[]>;
  /** As `ProfileLog.bounds`. */
  bounds(): Promise<LogBounds>;
  /** Records behind the end when it was read last. */
  readonly lag: number;
  close(): Promise<void>;
}

/** Longest single fetch; shorter than what network middle-men call idle. */
const POLL_MS_MAX = 5_000;
/** What a fetch may bring beyond what was asked for is one batch; what it may ask for is this. */
const FETCH_BYTES_MAX = 67_108_864;
const LATEST = -1n;
/** Tries to learn the bounds of a partition while they move. */
const BOUNDS_TRIES = 5;
const NEVER = new AbortController().signal;
const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 500;

/** Longest time a fetch may take, given what a broker may take for another request. */
export function fetchTimeoutMs(requestTimeoutMs: number): number {
  return POLL_MS_MAX + requestTimeoutMs;
}

export function createPartitionReader(options: PartitionReaderOptions): PartitionReader {
  const { clock, topic, topicId, partition, leaders, metrics } = options;
  let open: { readonly address: BrokerAddress; readonly connection: KafkaConnection } | undefined;
  /** Where the last read ended, and the largest append time seen until there. */
  let last = { next: 0, appendMs: 0 };
  let lag = 0;

  function connectionTo(address: BrokerAddress): KafkaConnection {
    if (open?.address.host === address.host && open.address.port === address.port) return open.connection;
    drop();
    open = { address, connection: options.openConnection(address) };
    return open.connection;
  }
  function drop(): void {
    // Closing waits for nobody: what is under way on it fails.
    void open?.connection.close();
    open = undefined;
  }

  /** Asks the leader, whichever broker that comes to be; errors are those no other try would mend. */
  async function askLeader<T>(
    waitMs: number,
    signal: AbortSignal,
    work: (connection: KafkaConnection, leaderEpoch: number) => Promise<T>,
  ): Promise<T> {
    let untilMs = clock.monotonicMs() + options.readTimeoutMs + waitMs;
    for (let tries = 0; ; tries++) {
      try {
        if (tries > 0) await withDeadline(clock, untilMs, leaders.lookAgain());
        const { address, leaderEpoch } = leaders.leaderOf(partition);
        return await withDeadline(clock, untilMs, work(connectionTo(address), leaderEpoch));
      } catch (error) {
        if (!(error instanceof FlamelakeError) || error.code !== 'unavailable' || signal.aborted) throw error;
        metrics.fetchErrors.add(1, { error: String(error.details.kafkaError ?? error.code) });
        // A fetch that waited and then failed has used the time to wait, not the time to find a leader.
        if (tries === 0) untilMs = clock.monotonicMs() + options.readTimeoutMs;
        const backoffMs = Math.min(BACKOFF_MS_MIN * 2 ** tries, BACKOFF_MS_MAX);
        if (clock.monotonicMs() + backoffMs >= untilMs) throw error;
        await clock.sleep(backoffMs, signal);
        if (signal.aborted) throw error;
      }
    }
  }

  function fetch(offset: number, bytesMax: number, waitMs: number, signal: AbortSignal): Promise<FetchAnswer> {
    return askLeader(waitMs, signal, async (connection, leaderEpoch) => {
      const request = { topicId, partition, leaderEpoch, offset, bytesMax, waitMs };
      const answer = await connection.request(fetchPartition, request);
      if (answer.kafkaCode === KAFKA.none || answer.kafkaCode === KAFKA.offsetOutOfRange) return answer;
      throw kafkaCodeError(answer.kafkaCode, { topic, partition });
    });
  }

  /** The end as the leader says. This request knows topics by name only: its answer is a hint. */
  function latestOffset(): Promise<number> {
    return askLeader(0, NEVER, async (connection, currentLeaderEpoch) => {
      const wanted = { partitionIndex: partition, currentLeaderEpoch, timestamp: LATEST };
      const { topics } = await connection.request(listOffsetsV9.api, -1, 0, [{ name: topic, partitions: [wanted] }]);
      return Number(topics[0]?.partitions[0]?.offset ?? 0);
    });
  }

  /** The records of an answer from `fromOffset` on, at least one and as many as fit. */
  function take(answer: FetchAnswer, fromOffset: number, bytesMax: number): { records: LogRecord[]; next: number } {
    const records: LogRecord[] = [];
    let bytes = 0;
    let appendMs = fromOffset === last.next ? last.appendMs : 0;
    const behind = readRecordBatches(answer.batches, ({ offset, timeMs, value, traceparent }) => {
      // A fetch answers whole batches: the first one may begin earlier.
      if (offset < fromOffset) return true;
      bytes += value.length;
      if (records.length > 0 && bytes > bytesMax) return false;
      // Brokers' clocks differ; time along a partition does not go back.
      appendMs = Math.max(appendMs, timeMs);
      records.push(traceparent === undefined ? { offset, appendMs, value } : { offset, appendMs, value, traceparent });
      return true;
    });
    const end = records.at(-1);
    const next = end === undefined ? Math.max(fromOffset, behind ?? fromOffset) : end.offset + 1;
    last = { next, appendMs };
    lag = Math.max(0, answer.end - next);
    metrics.fetchedBytes.add(answer.batches.length);
    return { records, next };
  }

  async function readUntil(
    fromOffset: number,
    { bytesMax, waitMs, signal }: { readonly bytesMax: number; readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<readonly LogRecord[]> {
    const startMs = clock.monotonicMs();
    const untilMs = startMs + waitMs;
    for (let offset = fromOffset; ; ) {
      const leftMs = Math.max(0, Math.min(POLL_MS_MAX, Math.floor(untilMs - clock.monotonicMs())));
      const answer = await fetch(offset, Math.min(bytesMax, FETCH_BYTES_MAX), leftMs, signal);
      if (answer.kafkaCode === KAFKA.offsetOutOfRange) {
        throw new FlamelakeError('out_of_range', 'offset is not in the profile log', { topic, partition, offset });
      }
      const { records, next } = take(answer, offset, bytesMax);
      if (records.length > 0) {
        metrics.fetchSeconds.observe((clock.monotonicMs() - startMs) / 1_000);
        return records;
      }
      // Marks of transactions only: what comes behind them is looked for.
      if (next > offset) offset = next;
      else if (leftMs === 0 || signal.aborted) return [];
    }
  }

  return {
    async read(fromOffset, readOptions) {
      const { signal } = readOptions;
      if (signal.aborted) return [];
      const reading = readUntil(fromOffset, readOptions);
      let onAbort = () => {};
      const aborted = new Promise<readonly LogRecord[]>((resolve) => {
        onAbort = () => {
          // The broker would keep the fetch, and the connection, until its time is over.
          drop();
          resolve([]);
        };
        signal.addEventListener('abort', onAbort, { once: true });
      });
      try {
        return await Promise.race([reading, aborted]);
      } finally {
        reading.catch(() => {});
        signal.removeEventListener('abort', onAbort);
      }
    },
    async bounds() {
      for (let tries = 0; tries < BOUNDS_TRIES; tries++) {
        // A fetch names the topic by id, and carries the bounds; at the end it carries nothing else.
        const answer = await fetch(await latestOffset(), 1, 0, NEVER);
        if (answer.kafkaCode === KAFKA.none) return { start: answer.start, end: answer.end };
      }
      throw new FlamelakeError('unavailable', 'bounds of a kafka partition do not stand still', { topic, partition });
    },
    get lag() {
      return lag;
    },
    async close() {
      const closing = open?.connection.close();
      open = undefined;
      await closing;
    },
  };
}
