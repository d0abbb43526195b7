/** Options of the profile log in Kafka. */
import type { OptionTable } from './option.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;
const KIB = 1_024;
const MIB = 1_024 * KIB;
const GIB = 1_024 * MIB;

export const KAFKA_OPTIONS = {
  'kafka.brokers': {
    kind: 'text',
    default: '',
    description: 'host:port of some brokers, separated by commas; the others are learnt from them',
  },
  'kafka.topic': {
    kind: 'text',
    default: 'flamelake-profiles',
    description: 'topic of the profile log; made when there is none, else checked',
  },
  'kafka.partitions': {
    kind: 'integer',
    min: 1,
    max: 256,
    default: 16,
    unit: 'partitions',
    description: 'partitions of the topic',
  },
  'kafka.replication-factor': {
    kind: 'integer',
    min: 1,
    max: 16,
    default: 3,
    unit: 'copies',
    description: 'copies of each partition, at least',
  },
  'kafka.min-insync-replicas': {
    kind: 'integer',
    min: 1,
    max: 16,
    default: 2,
    unit: 'copies',
    description: 'copies that hold a record before it is acknowledged; with 1 a lost broker loses profiles',
  },
  'kafka.retention': {
    kind: 'duration',
    min: DAY_MS,
    max: 365 * DAY_MS,
    default: 3 * DAY_MS,
    description: 'how long a topic made here keeps records; one that is there must keep them a day',
  },
  'kafka.message-size-max': {
    kind: 'bytes',
    min: MIB,
    max: 64 * MIB,
    default: 16 * MIB,
    description: 'max.message.bytes of the topic, at least; the largest record fits in it',
  },
  'kafka.client-id': { kind: 'text', default: 'flamelake', description: 'name of this process in the brokers’ logs' },
  'kafka.tls.enabled': { kind: 'switch', default: false, description: 'speak TLS to the brokers' },
  'kafka.tls.ca-file': {
    kind: 'text',
    default: '',
    description: 'PEM file of the certificates that sign the brokers’; the system’s if empty',
  },
  'kafka.tls.certificate-file': { kind: 'text', default: '', description: 'PEM file of our own certificate, if asked' },
  'kafka.tls.key-file': { kind: 'text', default: '', description: 'PEM file of the key to our own certificate' },
  'kafka.tls.insecure': { kind: 'switch', default: false, description: 'do not check the brokers’ certificates' },
  'kafka.sasl.mechanism': {
    kind: 'choice',
    choices: ['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
    default: 'none',
    description: 'how to log in at the brokers',
  },
  'kafka.sasl.username': { kind: 'text', default: '', description: 'user to log in as' },
  'kafka.sasl.password': { isSecret: true, kind: 'text', default: '', description: 'password of the user' },
  'kafka.connect-timeout': {
    kind: 'duration',
    min: 100,
    max: 60 * SECOND_MS,
    default: 5 * SECOND_MS,
    description: 'longest time to connect to a broker and log in',
  },
  'kafka.request-timeout': {
    kind: 'duration',
    min: 100,
    max: 60 * SECOND_MS,
    default: 5 * SECOND_MS,
    description: 'longest time a broker may take for an answer before another is asked',
  },
  'kafka.append-timeout': {
    kind: 'duration',
    min: SECOND_MS,
    max: 120 * SECOND_MS,
    default: 15 * SECOND_MS,
    description: 'longest time until a push is acknowledged by Kafka; then it gets 503',
  },
  'kafka.queue-size-max': {
    kind: 'bytes',
    min: MIB,
    max: 16 * GIB,
    default: 64 * MIB,
    description: 'bytes waiting for an acknowledgement of Kafka; over it pushes get 429',
  },
  'kafka.batch-size-max': {
    kind: 'bytes',
    min: 16 * KIB,
    max: 64 * MIB,
    default: MIB,
    description: 'bytes sent to a partition at once; a larger record goes alone',
  },
  'kafka.group': {
    kind: 'text',
    default: '',
    description: 'consumer group by which segment-writers share partitions; the topic and -segment-writer if empty',
  },
  'kafka.session-timeout': {
    kind: 'duration',
    min: 6 * SECOND_MS,
    max: 300 * SECOND_MS,
    default: 10 * SECOND_MS,
    description: 'time without a sign of life after which a segment-writer’s partitions go to others',
  },
} as const satisfies OptionTable;
