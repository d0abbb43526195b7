/** The profile log that processes share: a Kafka topic. The driver is imported only here. */
import { readFile } from 'node:fs/promises';
import { FlamelakeError, type ProfileLog } from '@flamelake/model';
import type { KafkaConnectionOptions, PartitionAssignment } from '@flamelake/profile-log/kafka';
import type { ServeOptions } from '../options/serve-options.ts';
import type { RoleContext } from './role.ts';

type LogContext = Pick<RoleContext, 'options' | 'clock' | 'random' | 'logger' | 'metrics' | 'onFatal'> & {
  /** Told when the topic was made. */
  readonly onTopicMade?: () => void;
};

/**
 * @param readOnly - takes the topic as it is
 * @throws {FlamelakeError} `failed_precondition` when the topic is not as it must be, and how to change it
 */
export async function openSharedLog(context: LogContext, readOnly = false): Promise<ProfileLog> {
  const { openKafkaLog } = await import('@flamelake/profile-log/kafka');
  const { options, logger, metrics, onFatal, onTopicMade } = context;
  return openKafkaLog({
    ...(await connectionOptions(context)),
    topic: options['kafka.topic'],
    partitionCount: options['kafka.partitions'],
    replicationFactor: options['kafka.replication-factor'],
    minInsyncReplicas: options['kafka.min-insync-replicas'],
    retentionMs: options['kafka.retention'],
    messageBytesMax: options['kafka.message-size-max'],
    appendTimeoutMs: options['kafka.append-timeout'],
    queueBytesMax: options['kafka.queue-size-max'],
    batchBytesMax: options['kafka.batch-size-max'],
    readOnly,
    logger,
    metrics,
    onFatal,
    ...(onTopicMade && { onTopicMade }),
  });
}

/** Joins the group by which segment-writers share the partitions. */
export async function joinWriters(context: RoleContext, log: ProfileLog): Promise<PartitionAssignment> {
  const { createPartitionAssignment } = await import('@flamelake/profile-log/kafka');
  const { options, logger, metrics } = context;
  const groupId = options['kafka.group'];
  return createPartitionAssignment({
    ...(await connectionOptions(context)),
    topic: options['kafka.topic'],
    partitionCount: log.partitionCount,
    ...(groupId !== '' && { groupId }),
    sessionTimeoutMs: options['kafka.session-timeout'],
    logger,
    metrics,
  });
}

async function connectionOptions({ options, clock, random }: LogContext): Promise<KafkaConnectionOptions> {
  const brokers = options['kafka.brokers'].split(',').filter((broker) => broker !== '');
  if (brokers.length === 0) {
    throw new FlamelakeError('invalid_argument', 'role needs a profile log that processes share', {
      target: options.target,
      option: 'kafka.brokers',
    });
  }
  const mechanism = options['kafka.sasl.mechanism'];
  return {
    clock,
    random,
    brokers,
    clientId: options['kafka.client-id'],
    connectTimeoutMs: options['kafka.connect-timeout'],
    requestTimeoutMs: options['kafka.request-timeout'],
    ...(options['kafka.tls.enabled'] && { tls: await tlsOptions(options) }),
    ...(mechanism !== 'none' && {
      sasl: { mechanism, username: options['kafka.sasl.username'], password: options['kafka.sasl.password'] },
    }),
  };
}

async function tlsOptions(options: ServeOptions): Promise<NonNullable<KafkaConnectionOptions['tls']>> {
  const pem = async (name: 'kafka.tls.ca-file' | 'kafka.tls.certificate-file' | 'kafka.tls.key-file') => {
    const file = options[name];
    if (file === '') return undefined;
    try {
      return await readFile(file, 'utf8');
    } catch (cause) {
      throw new FlamelakeError(
        'invalid_argument',
        'file of an option cannot be read',
        { option: name, file },
        { cause },
      );
    }
  };
  const [ca, cert, key] = [
    await pem('kafka.tls.ca-file'),
    await pem('kafka.tls.certificate-file'),
    await pem('kafka.tls.key-file'),
  ];
  return {
    isVerified: !options['kafka.tls.insecure'],
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}
