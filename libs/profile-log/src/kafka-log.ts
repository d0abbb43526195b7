/**
 * The profile log in Kafka: one topic, read and written by the topic's id, so that a topic made anew under the same name is
 * another log. Positions are the caller's; no consumer group has a say in them.
 */
import { FlamelakeError, type ProfileLog } from '@flamelake/model';
import { createMetrics } from '@flamelake/runtime';
import { initProducerIdV5 } from '@platformatic/kafka';
import { checkPartition, checkRecordSize, closedError } from './check-log.ts';
import { createKafkaCluster, type KafkaCluster } from './kafka-cluster.ts';
import { type BrokerAddress, createKafkaConnection, type KafkaConnection } from './kafka-connection.ts';
import { createPartitionLeaders } from './kafka-leaders.ts';
import { declareKafkaMetrics } from './kafka-metrics.ts';
import { KAFKA_DEFAULTS, type KafkaLogOptions, kafkaTopicSettings } from './kafka-options.ts';
import { createPartitionProducer, type PartitionProducer } from './kafka-partition-producer.ts';
import { createPartitionReader, fetchTimeoutMs, type PartitionReader } from './kafka-partition-reader.ts';
import { PRODUCE_API, PRODUCE_VERSION, producePartition } from './kafka-produce.ts';
import { batchOverheadBytes, TRACE_HEADER_BYTES } from './kafka-record-batch.ts';
import { type OpenTopic, openTopic } from './kafka-topic.ts';

/** Connections to a broker for batches; a broker answers those of one connection one after the other. */
const PRODUCE_CONNECTIONS = 4;

/**
 * Opens the log of a topic; the topic is made when there is none.
 * @throws {FlamelakeError} `failed_precondition` when the topic is not as it must be, with the command that mends it;
 * `unavailable` when no broker answers, `unauthenticated` or `permission_denied` when they refuse us
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<ProfileLog> {
  const settings = kafkaTopicSettings(options);
  const cluster = createKafkaCluster(options, settings.topic);
  try {
    await checkVersions(cluster);
    const topic = await openTopic(cluster, options, settings, options.logger);
    if (settings.minInsyncReplicas < 2 && options.readOnly !== true) {
      options.logger?.warn('kafka acknowledges records that one broker alone holds; losing it loses them');
    }
    return kafkaLog(options, settings.topic, topic, cluster);
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

/** @throws {FlamelakeError} `failed_precondition` when brokers do not take topics by id everywhere */
async function checkVersions(cluster: KafkaCluster): Promise<void> {
  const version = await cluster.versionOf(PRODUCE_API);
  if (version >= PRODUCE_VERSION) return;
  const details = { produceVersion: version, atLeast: PRODUCE_VERSION, release: '4.1' };
  throw new FlamelakeError('failed_precondition', 'kafka brokers are too old', details);
}

function kafkaLog(options: KafkaLogOptions, name: string, topic: OpenTopic, cluster: KafkaCluster): ProfileLog {
  const { clock } = options;
  const partitionCount = topic.partitions.length;
  const recordBytesMax = topic.messageBytesMax - batchOverheadBytes(1);
  const queueBytesMax = options.queueBytesMax ?? KAFKA_DEFAULTS.queueBytesMax;
  const requestTimeoutMs = options.requestTimeoutMs ?? KAFKA_DEFAULTS.requestTimeoutMs;
  const { id: topicId } = topic;
  const closing = new AbortController();
  const leaders = createPartitionLeaders({ cluster, clock, topic: name, topicId, onFatal: options.onFatal });
  const producers = new Map<number, PartitionProducer>();
  const readers = new Map<number, PartitionReader>();
  const connections = new Map<string, KafkaConnection>();
  let queueBytes = 0;

  const metrics = declareKafkaMetrics(options.metrics ?? createMetrics(), {
    queueBytes: () => queueBytes,
    lag: () => [...readers].map(([partition, reader]) => ({ labels: { partition }, value: reader.lag })),
  });

  function check(partition: number): void {
    if (closing.signal.aborted) throw closedError();
    checkPartition(partition, partitionCount);
    leaders.check();
  }

  function produceConnection(address: BrokerAddress, partition: number): KafkaConnection {
    const key = `${address.host}:${address.port}/${partition % PRODUCE_CONNECTIONS}`;
    const known = connections.get(key);
    if (known !== undefined) return known;
    // The leader may use all of the timeout waiting for the other copies, and its answer has a way to come.
    const limits = { requestTimeoutMs: requestTimeoutMs * 2, inFlightMax: partitionCount };
    const made = createKafkaConnection(options, address, limits);
    connections.set(key, made);
    return made;
  }

  function producerOf(partition: number): PartitionProducer {
    const known = producers.get(partition);
    if (known !== undefined) return known;
    const made = createPartitionProducer({
      clock,
      topic: name,
      topicId,
      partition,
      leaders,
      metrics,
      produce: (address, request) => produceConnection(address, partition).request(producePartition, request),
      newSession: () => cluster.ask(initProducerIdV5.api, null, requestTimeoutMs),
      onSettled: (bytes) => {
        queueBytes -= bytes;
      },
      appendTimeoutMs: options.appendTimeoutMs ?? KAFKA_DEFAULTS.appendTimeoutMs,
      requestTimeoutMs,
      batchBytesMax: Math.min(options.batchBytesMax ?? KAFKA_DEFAULTS.batchBytesMax, recordBytesMax),
    });
    producers.set(partition, made);
    return made;
  }

  const readerOptions = (partition: number) => ({
    clock,
    topic: name,
    topicId,
    partition,
    leaders,
    metrics,
    openConnection: (address: BrokerAddress) =>
      createKafkaConnection(options, address, { requestTimeoutMs: fetchTimeoutMs(requestTimeoutMs), inFlightMax: 1 }),
    readTimeoutMs: options.readTimeoutMs ?? KAFKA_DEFAULTS.readTimeoutMs,
  });

  function readerOf(partition: number): PartitionReader {
    const known = readers.get(partition);
    if (known !== undefined) return known;
    const made = createPartitionReader(readerOptions(partition));
    readers.set(partition, made);
    return made;
  }

  function dropReader(partition: number): void {
    void readers.get(partition)?.close();
    readers.delete(partition);
  }

  return {
    id: topicId,
    partitionCount,
    recordBytesMax,
    async append(partition, value, traceparent) {
      check(partition);
      checkRecordSize(value, recordBytesMax);
      if (queueBytes + value.length > queueBytesMax && queueBytes > 0) {
        metrics.refusals.add(1, { reason: 'resource_exhausted' });
        const details = { queueBytes, limit: queueBytesMax };
        throw new FlamelakeError('resource_exhausted', 'queue of the profile log is full', details);
      }
      queueBytes += value.length;
      // The largest records have no room for it.
      const hasRoom = value.length + TRACE_HEADER_BYTES <= recordBytesMax;
      return producerOf(partition).append(value, hasRoom ? traceparent : undefined);
    },
    async read(partition, fromOffset, { bytesMax, waitMs, signal }) {
      check(partition);
      if (!Number.isSafeInteger(fromOffset) || fromOffset < 0) {
        throw new FlamelakeError('out_of_range', 'offset is not in the profile log', { offset: fromOffset, start: 0 });
      }
      const signals = signal === undefined ? [closing.signal] : [closing.signal, signal];
      const reader = readerOf(partition);
      const records = await reader.read(fromOffset, { bytesMax, waitMs, signal: AbortSignal.any(signals) });
      // Who stops waiting mostly stops reading: the partition went elsewhere.
      if (signal?.aborted) dropReader(partition);
      return records;
    },
    async bounds(partition) {
      check(partition);
      const reader = createPartitionReader(readerOptions(partition));
      try {
        return await reader.bounds();
      } finally {
        await reader.close();
      }
    },
    async trim(partition) {
      // Kafka forgets by the topic's retention.
      check(partition);
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      // Appends under way are kept or refused within their time.
      await Promise.all([...producers.values()].map((producer) => producer.drained()));
      await Promise.all([...connections.values(), ...readers.values()].map((each) => each.close()));
      await cluster.close();
    },
  };
}
