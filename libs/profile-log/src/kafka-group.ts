/**
 * A membership of a consumer group, request by request (Kafka protocol, "classic" groups; KIP-429 for what members say they
 * own). Who drives it decides when to join again.
 */
import {
  type API,
  decodeConsumerProtocolAssignment,
  decodeConsumerProtocolSubscription,
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
  findCoordinatorV6,
  heartbeatV4,
  joinGroupV9,
  leaveGroupV5,
  offsetCommitV9,
  syncGroupV5,
} from '@platformatic/kafka';
import type { KafkaCluster } from './kafka-cluster.ts';
import { type BrokerAddress, createKafkaConnection, type KafkaConnection } from './kafka-connection.ts';
import { KAFKA, kafkaCodeOf } from './kafka-error.ts';
import type { KafkaConnectionOptions } from './kafka-options.ts';
import { assignPartitions } from './kafka-sticky-assignment.ts';

const PROTOCOL_TYPE = 'consumer';
/** The rule by which the leader of the group shares out; members with different rules cannot be in one group. */
const PROTOCOL = 'flamelake-sticky';
/** Version of the consumer protocol's texts: with owned partitions and their generation. */
const SUBSCRIPTION_VERSION = 2;
const GROUP_KEY = 0;

export interface KafkaGroupOptions extends KafkaConnectionOptions {
  readonly cluster: KafkaCluster;
  readonly groupId: string;
  readonly topic: string;
  readonly partitionCount: number;
  readonly sessionTimeoutMs: number;
  /** Longest time the group waits for its members to join again. */
  readonly rebalanceTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

export interface KafkaGroup {
  /** Joins, or joins again, and says what it owns. @returns what it now is to have */
  join(owned: readonly number[]): Promise<readonly number[]>;
  heartbeat(): Promise<void>;
  /** Puts offsets on record for tools that show lag. */
  commit(offsets: ReadonlyMap<number, number>): Promise<void>;
  leave(): Promise<void>;
  close(): Promise<void>;
}

export function createKafkaGroup(options: KafkaGroupOptions): KafkaGroup {
  const { cluster, groupId, topic, partitionCount } = options;
  let coordinator: { readonly key: string; readonly connection: KafkaConnection } | undefined;
  let memberId = '';
  let generation = -1;

  /** A join is answered when all have joined. */
  const limits = { requestTimeoutMs: options.rebalanceTimeoutMs + options.requestTimeoutMs, inFlightMax: 4 };

  async function connect(): Promise<KafkaConnection> {
    if (coordinator !== undefined) return coordinator.connection;
    const { coordinators } = await cluster.ask(findCoordinatorV6.api, GROUP_KEY, [groupId]);
    const found = coordinators[0] as BrokerAddress;
    const connection = createKafkaConnection(options, { host: found.host, port: found.port }, limits);
    coordinator = { key: `${found.host}:${found.port}`, connection };
    return connection;
  }

  function forgetCoordinator(): void {
    void coordinator?.connection.close();
    coordinator = undefined;
  }

  async function ask<Words extends unknown[], Answer>(api: API<Words, Answer>, ...words: Words): Promise<Answer> {
    const connection = await connect();
    try {
      return await connection.request(api, ...words);
    } catch (error) {
      const code = kafkaCodeOf(error);
      const isMoved = code === KAFKA.notCoordinator || code === KAFKA.coordinatorNotAvailable;
      // Silence too: the group may have another coordinator by now.
      if (code === undefined || isMoved) forgetCoordinator();
      if (code === KAFKA.unknownMemberId) {
        memberId = '';
        generation = -1;
      }
      throw error;
    }
  }

  function subscription(owned: readonly number[]): Buffer {
    return encodeConsumerProtocolSubscription({
      version: SUBSCRIPTION_VERSION,
      topics: [topic],
      ownedPartitions: [{ topic, partitions: [...owned] }],
      generationId: generation,
    });
  }

  function joinOnce(owned: readonly number[]) {
    const { sessionTimeoutMs, rebalanceTimeoutMs } = options;
    const protocols = [{ name: PROTOCOL, metadata: subscription(owned) }];
    return ask(
      joinGroupV9.api,
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId,
      null,
      PROTOCOL_TYPE,
      protocols,
      null,
    );
  }

  return {
    async join(owned) {
      const joined = await joinOnce(owned).catch((error: unknown) => {
        const newId = newMemberId(error);
        if (newId === undefined) throw error;
        // A first join is only given a name, so that names of members that never come back do not pile up.
        memberId = newId;
        return joinOnce(owned);
      });
      memberId = joined.memberId;
      const isLeader = joined.leader === joined.memberId;
      const members = joined.members.map(({ memberId: id, metadata }) => {
        const { ownedPartitions, generationId } = decodeConsumerProtocolSubscription(metadata);
        const own = ownedPartitions.filter((each) => each.topic === topic).flatMap(({ partitions }) => partitions);
        return { id, owned: own, generation: generationId };
      });
      const shares = isLeader ? [...assignPartitions(members, partitionCount)] : [];
      const { assignment } = await ask(
        syncGroupV5.api,
        groupId,
        joined.generationId,
        memberId,
        null,
        PROTOCOL_TYPE,
        PROTOCOL,
        shares.map(([id, partitions]) => ({ memberId: id, assignment: assignmentOf(topic, partitions) })),
      );
      generation = joined.generationId;
      const { assignedPartitions } = decodeConsumerProtocolAssignment(assignment);
      return assignedPartitions.filter((each) => each.topic === topic).flatMap(({ partitions }) => partitions);
    },
    async heartbeat() {
      await ask(heartbeatV4.api, groupId, generation, memberId, null);
    },
    async commit(offsets) {
      const partitions = [...offsets].map(([partitionIndex, offset]) => ({
        partitionIndex,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: -1,
        committedMetadata: null,
      }));
      await ask(offsetCommitV9.api, groupId, generation, memberId, null, [{ name: topic, partitions }]);
    },
    async leave() {
      if (memberId === '') return;
      await ask(leaveGroupV5.api, groupId, [{ memberId, groupInstanceId: null, reason: null }]);
    },
    async close() {
      await coordinator?.connection.close();
      coordinator = undefined;
    },
  };
}

function assignmentOf(topic: string, partitions: readonly number[]): Buffer {
  return encodeConsumerProtocolAssignment({
    version: SUBSCRIPTION_VERSION,
    assignedPartitions: [{ topic, partitions: [...partitions] }],
  });
}

/** The name that comes with the refusal of a first join. */
function newMemberId(error: unknown): string | undefined {
  if (kafkaCodeOf(error) !== KAFKA.memberIdRequired) return undefined;
  const { response } = (error as { cause: { response?: { memberId?: string } } }).cause;
  return response?.memberId;
}
