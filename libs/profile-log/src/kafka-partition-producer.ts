/**
 * Appends to one partition: what comes while a batch is under way goes into the next one, so that under load batches grow
 * and nothing waits for a timer.
 *
 * Each partition has a producer id of its own and one batch under way: a batch that is tried again carries the same sequence
 * number, so the broker that has it already says where, and appends nothing. Only when a batch is given up with its fate
 * unknown does a new producer id begin.
 */
import { type Appended, FlamelakeError } from '@flamelake/model';
import type { BrokerAddress } from './kafka-connection.ts';
import { withDeadline } from './kafka-deadline.ts';
import { KAFKA, kafkaCodeError, kafkaCodeOf, mayHaveLanded } from './kafka-error.ts';
import type { PartitionLeaders } from './kafka-leaders.ts';
import type { KafkaMetrics } from './kafka-metrics.ts';
import type { KafkaConnectionOptions } from './kafka-options.ts';
import type { ProduceAnswer, ProduceRequest } from './kafka-produce.ts';
import {
  batchOverheadBytes,
  encodeRecordBatch,
  type ProducerSession,
  RECORD_FRAME_BYTES_MAX,
  TRACE_HEADER_BYTES,
} from './kafka-record-batch.ts';

export interface PartitionProducerOptions extends Pick<KafkaConnectionOptions, 'clock'> {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly leaders: PartitionLeaders;
  readonly metrics: KafkaMetrics;
  /** Sends a batch to a broker and waits for its answer; errors of the broker are in it. */
  readonly produce: (address: BrokerAddress, request: ProduceRequest) => Promise<ProduceAnswer>;
  readonly newSession: () => Promise<ProducerSession>;
  /** Told how many bytes wait no longer. */
  readonly onSettled: (bytes: number) => void;
  readonly appendTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Bytes of records in a batch, framing included; a larger record goes alone. */
  readonly batchBytesMax: number;
}

export interface PartitionProducer {
  /** The value is read until the promise settles. */
  append(value: Uint8Array, traceparent?: string): Promise<Appended>;
  /** Resolves when nothing is under way. */
  drained(): Promise<void>;
}

interface Waiting {
  readonly value: Uint8Array;
  readonly traceparent: string | undefined;
  readonly untilMs: number;
  readonly settle: PromiseWithResolvers<Appended>;
}

const BATCH_RECORDS_MAX = 1_024;
const BACKOFF_MS_MIN = 20;
const BACKOFF_MS_MAX = 500;
/** Largest sequence number. */
const SEQUENCE_MAX = 2_147_483_647;
/** The broker does not know the producer, or not its last batch: begin as another one. */
const LOST_SESSION: ReadonlySet<number> = new Set([
  KAFKA.outOfOrderSequence,
  KAFKA.duplicateSequence,
  KAFKA.invalidProducerEpoch,
  KAFKA.invalidProducerIdMapping,
  KAFKA.unknownProducerId,
]);
const TOO_LARGE: ReadonlySet<number> = new Set([KAFKA.messageTooLarge, KAFKA.recordListTooLarge]);

export function createPartitionProducer(options: PartitionProducerOptions): PartitionProducer {
  const { clock, partition, leaders, metrics, batchBytesMax } = options;
  let queue: Waiting[] = [];
  let running: Promise<void> | undefined;
  let session: (ProducerSession & { nextSequence: number }) | undefined;

  /** Takes the next batch off the queue, in order of arrival. */
  function nextBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { value, traceparent } of queue) {
      bytes += value.length + RECORD_FRAME_BYTES_MAX + (traceparent === undefined ? 0 : TRACE_HEADER_BYTES);
      if (count > 0 && (count === BATCH_RECORDS_MAX || bytes > batchBytesMax)) break;
      count++;
    }
    const batch = queue.slice(0, count);
    queue = queue.slice(count);
    return batch;
  }

  function fail(waiting: readonly Waiting[], error: unknown, reason: string): void {
    metrics.refusals.add(waiting.length, { reason });
    for (const { settle, value } of waiting) {
      options.onSettled(value.length);
      settle.reject(error);
    }
  }

  async function run(): Promise<void> {
    // Appends of this turn go together.
    await Promise.resolve();
    while (queue.length > 0) {
      const batch = nextBatch();
      try {
        const { baseOffset, appendMs } = await send(batch);
        for (const [i, { settle, value }] of batch.entries()) {
          options.onSettled(value.length);
          settle.resolve({ offset: baseOffset + i, appendMs });
        }
      } catch (error) {
        fail(batch, error, error instanceof FlamelakeError ? error.code : 'unknown');
      }
    }
    running = undefined;
  }

  /** Sends a batch until it is acknowledged, refused, or its time is over. */
  async function send(batch: readonly Waiting[]): Promise<ProduceAnswer> {
    const untilMs = batch[0]?.untilMs ?? 0;
    const startMs = clock.monotonicMs();
    /** Whether a try without an answer may have appended it. */
    let isOpen = false;
    let failure: FlamelakeError | undefined;
    for (let tries = 0; ; tries++) {
      if (tries > 0) await clock.sleep(Math.min(BACKOFF_MS_MIN * 2 ** (tries - 1), BACKOFF_MS_MAX));
      if (clock.monotonicMs() >= untilMs) throw giveUp(failure, isOpen);
      try {
        if (failure !== undefined) await withDeadline(clock, untilMs, leaders.lookAgain());
        const answer = await withDeadline(clock, untilMs, tryOnce(batch, untilMs));
        if (answer.appendMs < 0) throw notStamped(options.topic);
        count(batch, (clock.monotonicMs() - startMs) / 1_000);
        return answer;
      } catch (error) {
        if (!(error instanceof FlamelakeError)) throw error;
        metrics.produceErrors.add(1, { error: String(error.details.kafkaError ?? error.code) });
        isOpen ||= mayHaveLanded(error);
        failure = error;
        if (error.code === 'failed_precondition') {
          session = undefined;
          throw leaders.end(error);
        }
        const isLost = LOST_SESSION.has(kafkaCodeOf(error) ?? KAFKA.none);
        if (isLost) session = undefined;
        if (error.code !== 'unavailable' || (isLost && isOpen)) throw giveUp(error, isOpen);
      }
    }
  }

  async function tryOnce(batch: readonly Waiting[], untilMs: number): Promise<ProduceAnswer> {
    const { address } = leaders.leaderOf(partition);
    session ??= { ...(await options.newSession()), nextSequence: 0 };
    const used = session;
    // Given up meanwhile: the values are their owners' again.
    if (clock.monotonicMs() >= untilMs) throw new FlamelakeError('unavailable', 'kafka gave no producer id in time');
    const values = batch.map(({ value }) => value);
    const traces = batch.some(({ traceparent }) => traceparent !== undefined)
      ? batch.map(({ traceparent }) => traceparent)
      : [];
    const bytes = encodeRecordBatch(values, used, used.nextSequence, clock.nowMs(), traces);
    const leftMs = Math.max(1, Math.floor(untilMs - clock.monotonicMs()));
    const { topic, topicId, requestTimeoutMs } = options;
    const timeoutMs = Math.min(leftMs, requestTimeoutMs);
    const answer = await options.produce(address, {
      topicId,
      partition,
      batch: bytes,
      timeoutMs,
    });
    if (TOO_LARGE.has(answer.kafkaCode)) throw tooLarge(topic, bytes.length);
    if (answer.kafkaCode !== KAFKA.none) throw kafkaCodeError(answer.kafkaCode, { topic, partition });
    used.nextSequence += batch.length;
    if (used.nextSequence > SEQUENCE_MAX - BATCH_RECORDS_MAX) session = undefined;
    return answer;
  }

  /** A batch whose fate is unknown has perhaps used its sequence number: another producer id goes on. */
  function giveUp(cause: FlamelakeError | undefined, isOpen: boolean): FlamelakeError {
    if (isOpen) session = undefined;
    if (cause !== undefined && cause.code !== 'unavailable') return cause;
    const details = { ...cause?.details, topic: options.topic, partition, mayHaveLanded: isOpen };
    return new FlamelakeError('unavailable', 'kafka acknowledged no append in time', details, { cause });
  }

  function count(batch: readonly Waiting[], seconds: number): void {
    metrics.produceSeconds.observe(seconds);
    metrics.batchRecords.observe(batch.length);
    metrics.producedRecords.add(batch.length);
    let bytes = batchOverheadBytes(batch.length);
    for (const { value } of batch) bytes += value.length;
    metrics.producedBytes.add(bytes);
  }

  return {
    append(value, traceparent) {
      const settle = Promise.withResolvers<Appended>();
      queue.push({ value, traceparent, untilMs: clock.monotonicMs() + options.appendTimeoutMs, settle });
      running ??= run();
      return settle.promise;
    },
    drained: () => running ?? Promise.resolve(),
  };
}

function tooLarge(topic: string, sizeBytes: number): FlamelakeError {
  return new FlamelakeError('failed_precondition', 'kafka topic takes smaller batches than it did', {
    topic,
    sizeBytes,
  });
}

function notStamped(topic: string): FlamelakeError {
  return new FlamelakeError('failed_precondition', 'kafka topic no longer stamps records with their append time', {
    topic,
    setting: 'message.timestamp.type',
    mustBe: 'LogAppendTime',
  });
}
