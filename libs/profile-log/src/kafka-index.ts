export {
  createPartitionAssignment,
  type PartitionAssignment,
  type PartitionAssignmentOptions,
} from './kafka-assignment.ts';
export { openKafkaLog } from './kafka-log.ts';
export type {
  KafkaConnectionOptions,
  KafkaLogOptions,
  KafkaSaslMechanism,
  KafkaTls,
  KafkaTopicOptions,
} from './kafka-options.ts';
export { KAFKA_DEFAULTS } from './kafka-options.ts';
