/** Who leads each partition of the topic that was opened, and whether it still is that topic. */
import { type Clock, FlamelakeError } from '@flamelake/model';
import { type KafkaCluster, noLeader } from './kafka-cluster.ts';
import type { BrokerAddress } from './kafka-connection.ts';

export interface PartitionLeader {
  readonly address: BrokerAddress;
  readonly leaderEpoch: number;
}

export interface PartitionLeaders {
  /**
   * As last heard.
   * @throws {FlamelakeError} `unavailable` when there is none; the reason of the end, once `end` was called
   */
  leaderOf(partition: number): PartitionLeader;
  /**
   * Asks the brokers again, after a failure.
   * @throws {FlamelakeError} `failed_precondition` when the topic is gone or made anew
   */
  lookAgain(): Promise<void>;
  /** Ends all work with the topic: every later call throws this error. The first call tells `onFatal`. */
  end(error: FlamelakeError): FlamelakeError;
  /** @throws what the topic was ended with */
  check(): void;
}

/** How long no broker may know the topic before it is taken for deleted: one that has just started knows little. */
const GONE_AFTER_MS = 5_000;

export interface PartitionLeadersOptions {
  readonly cluster: KafkaCluster;
  readonly clock: Clock;
  readonly topic: string;
  readonly topicId: string;
  readonly onFatal?: ((error: FlamelakeError) => void) | undefined;
}

export function createPartitionLeaders(options: PartitionLeadersOptions): PartitionLeaders {
  const { cluster, clock, topic, topicId, onFatal } = options;
  let ended: FlamelakeError | undefined;
  let goneSinceMs: number | undefined;

  function end(error: FlamelakeError): FlamelakeError {
    if (ended !== undefined) return ended;
    ended = error;
    onFatal?.(error);
    return error;
  }
  function check(): void {
    if (ended !== undefined) throw ended;
  }

  return {
    end,
    check,
    leaderOf(partition) {
      check();
      const state = cluster.topic?.partitions[partition];
      const address = state === undefined ? undefined : cluster.addressOf(state.leader);
      if (state === undefined || address === undefined) throw noLeader({ topic, partition });
      return { address, leaderEpoch: state.leaderEpoch };
    },
    async lookAgain() {
      check();
      const state = await cluster.refresh();
      check();
      if (state === undefined) {
        goneSinceMs ??= clock.monotonicMs();
        if (clock.monotonicMs() - goneSinceMs < GONE_AFTER_MS) throw noLeader({ topic });
        throw end(
          new FlamelakeError('failed_precondition', 'kafka topic of the profile log is gone', { topic, topicId }),
        );
      }
      goneSinceMs = undefined;
      if (state.id === topicId) return;
      const details = { topic, topicId, newTopicId: state.id };
      throw end(new FlamelakeError('failed_precondition', 'kafka topic of the profile log was made anew', details));
    },
  };
}
