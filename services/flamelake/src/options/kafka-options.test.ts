import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KAFKA_DEFAULTS } from '@flamelake/profile-log/kafka';
import { KAFKA_OPTIONS } from './kafka-options.ts';
import { readOptions } from './read-options.ts';

const read = (words: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
  readOptions(KAFKA_OPTIONS, { words, environment, readFile: () => assert.fail('no file is named') }).values;

test('the options of Kafka have defaults for a cluster of three, and are read from flags and environment', () => {
  const values = read(['--kafka.brokers=a:9092,b:9092', '--kafka.tls.enabled'], {
    FLAMELAKE_KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    FLAMELAKE_KAFKA_RETENTION: '2d',
  });
  assert.equal(values['kafka.brokers'], 'a:9092,b:9092');
  assert.equal(values['kafka.tls.enabled'], true);
  assert.equal(values['kafka.sasl.mechanism'], 'SCRAM-SHA-512');
  assert.equal(values['kafka.retention'], 172_800_000);
});

test('records must be kept for a day at least', () => {
  assert.throws(() => read(['--kafka.retention=23h']), /option has a wrong value/);
});

test('the defaults are those of the driver', () => {
  const values = read([]);
  assert.deepEqual(
    {
      clientId: values['kafka.client-id'],
      connectTimeoutMs: values['kafka.connect-timeout'],
      requestTimeoutMs: values['kafka.request-timeout'],
      partitionCount: values['kafka.partitions'],
      replicationFactor: values['kafka.replication-factor'],
      minInsyncReplicas: values['kafka.min-insync-replicas'],
      retentionMs: values['kafka.retention'],
      messageBytesMax: values['kafka.message-size-max'],
      appendTimeoutMs: values['kafka.append-timeout'],
      readTimeoutMs: KAFKA_DEFAULTS.readTimeoutMs,
      queueBytesMax: values['kafka.queue-size-max'],
      batchBytesMax: values['kafka.batch-size-max'],
    },
    KAFKA_DEFAULTS,
  );
});
