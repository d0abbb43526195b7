/**
 * What is known of the brokers and of one topic, learnt from any broker that answers, and the connections for short
 * requests. Nothing is refreshed by a timer: whoever finds a leader wrong or silent asks for it.
 */
import { type ErrorDetails, FlamelakeError } from '@flamelake/model';
import { type API, apiVersionsV3, metadataV12 } from '@platformatic/kafka';
import { type BrokerAddress, createKafkaConnection, type KafkaConnection } from './kafka-connection.ts';
import { KAFKA, kafkaCodeOf } from './kafka-error.ts';
import { KAFKA_DEFAULTS, type KafkaConnectionOptions } from './kafka-options.ts';

export interface TopicPartition {
  /** Node id of the leader, -1 when there is none. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: number;
}

export interface TopicState {
  /** 32 hexadecimal digits; another one for a topic made anew. */
  readonly id: string;
  readonly partitions: readonly TopicPartition[];
}

export interface KafkaCluster {
  /** Asks for the topic again; calls at the same time share one answer. Undefined when there is no such topic. */
  refresh(): Promise<TopicState | undefined>;
  /** As of the last answer. */
  readonly topic: TopicState | undefined;
  /** Where a broker listens, if it is known. */
  addressOf(node: number): BrokerAddress | undefined;
  /** Sends a short request to any broker that answers. */
  ask<Words extends unknown[], Answer>(api: API<Words, Answer>, ...words: Words): Promise<Answer>;
  /** Highest version of a request that brokers know; -1 if they do not know it at all. */
  versionOf(apiKey: number): Promise<number>;
  close(): Promise<void>;
}

const IN_FLIGHT_MAX = 16;
/** Any name the brokers' logs can show. */
const SOFTWARE = ['flamelake', '1'] as const;

export function createKafkaCluster(options: KafkaConnectionOptions, topicName: string): KafkaCluster {
  const bootstrap = options.brokers.map(parseAddress);
  if (bootstrap.length === 0) throw new FlamelakeError('invalid_argument', 'kafka needs the address of a broker');
  const limits = {
    requestTimeoutMs: options.requestTimeoutMs ?? KAFKA_DEFAULTS.requestTimeoutMs,
    inFlightMax: IN_FLIGHT_MAX,
  };
  const connections = new Map<string, KafkaConnection>();
  let nodes: ReadonlyMap<number, BrokerAddress> = new Map();
  let topic: TopicState | undefined;
  let refreshing: Promise<TopicState | undefined> | undefined;
  let versions: Promise<ReadonlyMap<number, number>> | undefined;
  /** Which broker is asked first: the one that answered last. */
  let first = 0;

  const connectionTo = (address: BrokerAddress): KafkaConnection => {
    const key = `${address.host}:${address.port}`;
    const known = connections.get(key);
    if (known !== undefined) return known;
    const made = createKafkaConnection(options, address, limits);
    connections.set(key, made);
    return made;
  };

  async function ask<Words extends unknown[], Answer>(api: API<Words, Answer>, ...words: Words): Promise<Answer> {
    const addresses = [...new Map([...bootstrap, ...nodes.values()].map((a) => [`${a.host}:${a.port}`, a])).values()];
    let failure: unknown;
    for (let i = 0; i < addresses.length; i++) {
      const at = (first + i) % addresses.length;
      try {
        const answer = await connectionTo(addresses[at]).request(api, ...words);
        first = at;
        return answer;
      } catch (error) {
        // What a broker answers is an answer; only silence is asked about elsewhere.
        if (kafkaCodeOf(error) !== undefined) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  async function fetchTopic(): Promise<TopicState | undefined> {
    try {
      const answer = await ask(metadataV12.api, [topicName], false, false).catch(withLeaderless);
      nodes = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
      topic = undefined;
      for (const { topicId, partitions } of answer.topics) {
        const states: TopicPartition[] = [];
        for (const { partitionIndex, leaderId, leaderEpoch, replicaNodes } of partitions) {
          states[partitionIndex] = { leader: leaderId, leaderEpoch, replicas: replicaNodes.length };
        }
        topic = { id: topicId.replaceAll('-', ''), partitions: states };
      }
      return topic;
    } catch (error) {
      if (kafkaCodeOf(error) !== KAFKA.unknownTopicOrPartition) throw error;
      topic = undefined;
      return undefined;
    }
  }

  return {
    refresh() {
      refreshing ??= fetchTopic().finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
    get topic() {
      return topic;
    },
    addressOf: (node) => nodes.get(node),
    ask,
    async versionOf(apiKey) {
      versions ??= ask(apiVersionsV3.api, ...SOFTWARE).then(
        ({ apiKeys }) => new Map(apiKeys.map((api) => [api.apiKey, api.maxVersion])),
      );
      const known = await versions.catch((error: unknown) => {
        versions = undefined;
        throw error;
      });
      return known.get(apiKey) ?? -1;
    },
    async close() {
      await Promise.all([...connections.values()].map((connection) => connection.close()));
    },
  };
}

type MetadataAnswer = Awaited<ReturnType<typeof metadataV12.api.async>>;

/** The client throws when any partition is without a leader; the answer with all the others comes with the error. */
function withLeaderless(error: unknown): MetadataAnswer {
  const answer = (error as { cause?: { response?: MetadataAnswer } }).cause?.response;
  const topicCode = answer?.topics[0]?.errorCode;
  if (answer === undefined || topicCode !== KAFKA.none) throw error;
  return answer;
}

export function noLeader(details: ErrorDetails): FlamelakeError {
  return new FlamelakeError('unavailable', 'kafka partition has no leader at present', details);
}

/** @throws {FlamelakeError} `invalid_argument` when it is no `host:port` */
function parseAddress(text: string): BrokerAddress {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text.trim());
  if (match === null) {
    throw new FlamelakeError('invalid_argument', 'address of a broker must be host:port', { address: text });
  }
  return { host: match[1] ?? match[2], port: Number(match[3]) };
}
