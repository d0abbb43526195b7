/** The topic of a profile log: made when there is none, else checked setting by setting. */
import { FlamelakeError } from '@flamelake/model';
import type { Logger } from '@flamelake/runtime';
import { ConfigResourceTypes, createTopicsV7, describeConfigsV4 } from '@platformatic/kafka';
import type { KafkaCluster, TopicState } from './kafka-cluster.ts';
import { KAFKA, kafkaCodeOf } from './kafka-error.ts';
import { type KafkaConnectionOptions, type KafkaTopicSettings, RETENTION_MS_MIN } from './kafka-options.ts';

export interface OpenTopic extends TopicState {
  /** The topic's `max.message.bytes`. */
  readonly messageBytesMax: number;
}

interface Rule {
  readonly name: string;
  /** Value in a topic made here, and the one recommended for another. */
  readonly value: string;
  readonly isRight: (value: string) => boolean;
  /** In words, for a refusal. */
  readonly mustBe: string;
}

export interface OpenTopicOptions extends KafkaConnectionOptions {
  /** Makes none. */
  readonly readOnly?: boolean;
  /** Told when this call made the topic. */
  readonly onTopicMade?: () => void;
}

/** Time for the brokers to make a topic and choose its leaders. */
const MAKE_TIMEOUT_MS = 30_000;
const LOOK_AGAIN_MS = 100;

const exactly = (name: string, value: string): Rule => ({
  name,
  value,
  isRight: (actual) => actual === value,
  mustBe: value,
});
const atLeast = (name: string, value: number, least = value): Rule => ({
  name,
  value: String(value),
  // Kafka writes "for ever" as -1.
  isRight: (actual) => Number(actual) >= least || Number(actual) === -1,
  mustBe: `at least ${least}`,
});

function rulesOf(settings: KafkaTopicSettings): readonly Rule[] {
  return [
    exactly('cleanup.policy', 'delete'),
    exactly('unclean.leader.election.enable', 'false'),
    exactly('message.timestamp.type', 'LogAppendTime'),
    // Records are compressed already; compressing batches would cost the brokers CPU for nothing.
    { ...exactly('compression.type', 'producer'), isRight: (actual) => ['producer', 'uncompressed'].includes(actual) },
    exactly('retention.bytes', '-1'),
    atLeast('retention.ms', settings.retentionMs, RETENTION_MS_MIN),
    atLeast('min.insync.replicas', settings.minInsyncReplicas),
    atLeast('max.message.bytes', settings.messageBytesMax),
  ];
}

/**
 * Finds the topic or makes it, and checks it; one that is only read is taken as it is.
 * @throws {FlamelakeError} `failed_precondition` when a setting is wrong, with every wrong one, its value, what it must
 * be, and the command that changes it
 */
export async function openTopic(
  cluster: KafkaCluster,
  options: OpenTopicOptions,
  settings: KafkaTopicSettings,
  logger?: Logger,
): Promise<OpenTopic> {
  let state = await cluster.refresh();
  if (options.readOnly === true) {
    if (state !== undefined) return { ...state, messageBytesMax: settings.messageBytesMax };
    throw new FlamelakeError('failed_precondition', 'kafka topic does not exist', { topic: settings.topic });
  }
  if (state === undefined) {
    if (await makeTopic(cluster, settings)) {
      logger?.info('made the topic of the profile log', { ...settings });
      options.onTopicMade?.();
    }
    state = await madeTopic(cluster, options, settings);
  }
  return { ...state, messageBytesMax: await checkTopic(cluster, options, settings, state) };
}

/** @returns whether this call made it */
async function makeTopic(cluster: KafkaCluster, settings: KafkaTopicSettings): Promise<boolean> {
  const { topic, partitionCount, replicationFactor } = settings;
  const configs = rulesOf(settings).map(({ name, value }) => ({ name, value }));
  const request = { name: topic, numPartitions: partitionCount, replicationFactor, assignments: [], configs };
  try {
    await cluster.ask(createTopicsV7.api, [request], MAKE_TIMEOUT_MS, false);
    return true;
  } catch (cause) {
    // Two processes start together: one of them makes it.
    if (kafkaCodeOf(cause) === KAFKA.topicAlreadyExists) return false;
    if (!(cause instanceof FlamelakeError) || kafkaCodeOf(cause) === undefined) throw cause;
    const lookAt = 'the ACLs of our user: CREATE on the topic (or the cluster), DESCRIBE and DESCRIBE_CONFIGS';
    const denied = cause.code === 'permission_denied' && { lookAt };
    const details = { topic, partitionCount, replicationFactor, ...cause.details, ...denied };
    throw new FlamelakeError(
      cause.code === 'unavailable' ? 'failed_precondition' : cause.code,
      'kafka topic cannot be made; make it by hand or change the options of the profile log',
      details,
      { cause },
    );
  }
}

/** Waits until every partition of a new topic has a leader. */
async function madeTopic(
  cluster: KafkaCluster,
  { clock }: KafkaConnectionOptions,
  { topic, partitionCount }: KafkaTopicSettings,
): Promise<TopicState> {
  const untilMs = clock.monotonicMs() + MAKE_TIMEOUT_MS;
  for (;;) {
    const state = await cluster.refresh();
    const leaders = state?.partitions.filter(({ leader }) => leader >= 0).length ?? 0;
    if (state !== undefined && leaders > 0 && leaders === state.partitions.length) return state;
    if (clock.monotonicMs() > untilMs) {
      throw new FlamelakeError('unavailable', 'partitions of the new kafka topic have no leaders', {
        topic,
        partitionCount,
        leaders,
      });
    }
    await clock.sleep(LOOK_AGAIN_MS);
  }
}

async function checkTopic(
  cluster: KafkaCluster,
  options: KafkaConnectionOptions,
  settings: KafkaTopicSettings,
  state: TopicState,
): Promise<number> {
  const { topic, partitionCount, replicationFactor } = settings;
  const tool = (name: string) => `${name} --bootstrap-server ${options.brokers.join(',')}`;
  const actual = state.partitions.length;
  if (actual !== partitionCount) {
    const change = `${tool('kafka-topics.sh')} --alter --topic ${topic} --partitions ${partitionCount}`;
    // A topic cannot have fewer partitions than it has.
    const command = actual < partitionCount ? change : `set the option to ${actual}`;
    const details = { topic, setting: 'partitions', value: actual, mustBe: partitionCount, command };
    throw new FlamelakeError('failed_precondition', 'kafka topic has another number of partitions', details);
  }
  const replicas = Math.min(...state.partitions.map((partition) => partition.replicas));
  if (replicas < replicationFactor) {
    const command = `${tool('kafka-reassign-partitions.sh')} --execute --reassignment-json-file more-replicas.json`;
    const mustBe = `at least ${replicationFactor}`;
    const details = { topic, setting: 'replication.factor', value: replicas, mustBe, command };
    throw new FlamelakeError('failed_precondition', 'kafka topic has too few replicas', details);
  }
  const rules = rulesOf(settings);
  const values = await describeTopic(cluster, topic, rules);
  const wrong = rules.filter(({ name, isRight }) => !isRight(values.get(name) ?? ''));
  if (wrong.length > 0) {
    const settingsText = wrong.map(({ name, mustBe }) => `${name}=${values.get(name)} (must be ${mustBe})`).join(', ');
    const change = wrong.map(({ name, value }) => `${name}=${value}`).join(',');
    const command = `${tool('kafka-configs.sh')} --alter --entity-type topics --entity-name ${topic} --add-config ${change}`;
    const details = { topic, settings: settingsText, command };
    throw new FlamelakeError('failed_precondition', 'kafka topic has wrong settings', details);
  }
  return Number(values.get('max.message.bytes'));
}

async function describeTopic(
  cluster: KafkaCluster,
  topic: string,
  rules: readonly Rule[],
): Promise<ReadonlyMap<string, string>> {
  const resource = {
    resourceType: ConfigResourceTypes.TOPIC,
    resourceName: topic,
    configurationKeys: rules.map(({ name }) => name),
  };
  const { results } = await cluster.ask(describeConfigsV4.api, [resource], false, false);
  return new Map((results[0]?.configs ?? []).map(({ name, value }) => [name, value ?? '']));
}
