/** Options of a profile log in Kafka, and their defaults. */
import { type Clock, FlamelakeError, type Random } from '@flamelake/model';
import type { Logger, Metrics } from '@flamelake/runtime';

export type KafkaSaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

export interface KafkaTls {
  /** PEM of the certificates that sign the brokers'; the system's by default. */
  readonly ca?: string;
  /** PEM of our own certificate and key, where brokers ask for them. */
  readonly cert?: string;
  readonly key?: string;
  /** Whether the brokers' certificates are checked; true by default. */
  readonly isVerified?: boolean;
}

/** How brokers are reached. */
export interface KafkaConnectionOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** `host:port` of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[];
  /** Names this process in the brokers' logs and quotas; `flamelake` by default. */
  readonly clientId?: string;
  readonly tls?: KafkaTls;
  readonly sasl?: { readonly mechanism: KafkaSaslMechanism; readonly username: string; readonly password: string };
  /** Longest time to connect and log in, 5 s by default. */
  readonly connectTimeoutMs?: number;
  /** Longest time a broker may take for an answer, 5 s by default; a broker that takes longer is asked again elsewhere. */
  readonly requestTimeoutMs?: number;
}

/** What the topic must be like. It is made so when there is none, else checked. */
export interface KafkaTopicOptions {
  readonly topic: string;
  /** 16 by default. */
  readonly partitionCount?: number;
  /** Copies of each partition, 3 by default. */
  readonly replicationFactor?: number;
  /** Copies that must hold a record before it is acknowledged, 2 by default. */
  readonly minInsyncReplicas?: number;
  /** How long records stay, ms; 3 days by default, at least 24 h. */
  readonly retentionMs?: number;
  /** Largest batch of records the topic must take (`max.message.bytes`), 16 MiB by default. */
  readonly messageBytesMax?: number;
}

export interface KafkaLogOptions extends KafkaConnectionOptions, KafkaTopicOptions {
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /**
   * Called once when the topic is gone, made anew or no longer what was checked at the start: nothing can be read or
   * appended any more, and the role must start again.
   */
  readonly onFatal?: (error: FlamelakeError) => void;
  /** Longest time an append may take, 15 s by default; then it is `unavailable`, and may have landed nevertheless. */
  readonly appendTimeoutMs?: number;
  /** Longest time a read looks for a broker that answers, 15 s by default; then it is `unavailable`. */
  readonly readTimeoutMs?: number;
  /** Bytes of records waiting for an acknowledgement, 64 MiB by default; beyond it `resource_exhausted`. */
  readonly queueBytesMax?: number;
  /** Only reads: a topic that is absent is not made, and one with other settings is read as it is. */
  readonly readOnly?: boolean;
  /** Bytes of records sent to a partition at once, 1 MiB by default; a larger record goes alone. */
  readonly batchBytesMax?: number;
}

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const MIB = 1_048_576;

export const KAFKA_DEFAULTS = {
  clientId: 'flamelake',
  connectTimeoutMs: 5 * SECOND_MS,
  requestTimeoutMs: 5 * SECOND_MS,
  partitionCount: 16,
  replicationFactor: 3,
  minInsyncReplicas: 2,
  retentionMs: 72 * HOUR_MS,
  messageBytesMax: 16 * MIB,
  appendTimeoutMs: 15 * SECOND_MS,
  readTimeoutMs: 15 * SECOND_MS,
  queueBytesMax: 64 * MIB,
  batchBytesMax: MIB,
} as const;

/** Records must outlive a long weekend without segment-writers. */
export const RETENTION_MS_MIN = 24 * HOUR_MS;

/** The topic's options with the defaults filled in. */
export type KafkaTopicSettings = Required<KafkaTopicOptions>;

/** @throws {FlamelakeError} `invalid_argument` when the options do not fit together */
export function kafkaTopicSettings(options: KafkaTopicOptions): KafkaTopicSettings {
  const settings = {
    topic: options.topic,
    partitionCount: options.partitionCount ?? KAFKA_DEFAULTS.partitionCount,
    replicationFactor: options.replicationFactor ?? KAFKA_DEFAULTS.replicationFactor,
    minInsyncReplicas: options.minInsyncReplicas ?? KAFKA_DEFAULTS.minInsyncReplicas,
    retentionMs: options.retentionMs ?? KAFKA_DEFAULTS.retentionMs,
    messageBytesMax: options.messageBytesMax ?? KAFKA_DEFAULTS.messageBytesMax,
  };
  const { minInsyncReplicas, replicationFactor, retentionMs } = settings;
  if (minInsyncReplicas > replicationFactor) {
    const details = { minInsyncReplicas, replicationFactor };
    throw new FlamelakeError('invalid_argument', 'more copies are awaited than a partition has', details);
  }
  if (retentionMs < RETENTION_MS_MIN) {
    const details = { retentionMs, limit: RETENTION_MS_MIN };
    throw new FlamelakeError('invalid_argument', 'profile log must be kept for a day at least', details);
  }
  return settings;
}
