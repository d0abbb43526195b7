/** Failures of Kafka in our words. Every one carries `kafkaCode` when a broker said it (Kafka protocol, "Error Codes"). */
import { type ErrorCode, type ErrorDetails, FlamelakeError } from '@flamelake/model';
import { protocolErrorsCodesById } from '@platformatic/kafka';

/** Codes that brokers answer and this package tells apart. */
export const KAFKA = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  requestTimedOut: 7,
  messageTooLarge: 10,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  recordListTooLarge: 18,
  notEnoughReplicasAfterAppend: 20,
  illegalGeneration: 22,
  unknownMemberId: 25,
  rebalanceInProgress: 27,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  invalidTimestamp: 32,
  unsupportedSaslMechanism: 33,
  unsupportedVersion: 35,
  topicAlreadyExists: 36,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  invalidProducerIdMapping: 49,
  saslAuthenticationFailed: 58,
  unknownProducerId: 59,
  memberIdRequired: 79,
  invalidRecord: 87,
  unknownTopicId: 100,
  inconsistentTopicId: 103,
} as const;

const MEANINGS: Readonly<Record<number, ErrorCode>> = {
  [KAFKA.topicAuthorizationFailed]: 'permission_denied',
  [KAFKA.groupAuthorizationFailed]: 'permission_denied',
  [KAFKA.clusterAuthorizationFailed]: 'permission_denied',
  [KAFKA.unsupportedVersion]: 'failed_precondition',
  [KAFKA.saslAuthenticationFailed]: 'unauthenticated',
  [KAFKA.unsupportedSaslMechanism]: 'unauthenticated',
  [KAFKA.invalidRecord]: 'invalid_argument',
  [KAFKA.invalidTimestamp]: 'invalid_argument',
};

/** A broker's error code as an error. Codes that are not known here are `unavailable`: another try may go well. */
export function kafkaCodeError(kafkaCode: number, details: ErrorDetails, cause?: unknown): FlamelakeError {
  const kafkaError = protocolErrorsCodesById[kafkaCode] ?? 'unknown';
  return new FlamelakeError(
    MEANINGS[kafkaCode] ?? 'unavailable',
    'kafka broker answers with an error',
    { ...details, kafkaCode, kafkaError },
    { cause },
  );
}

/** The code a broker answered with, if it was a broker's answer. */
export function kafkaCodeOf(error: unknown): number | undefined {
  const code = error instanceof FlamelakeError ? error.details.kafkaCode : undefined;
  return typeof code === 'number' ? code : undefined;
}

interface ClientError {
  readonly apiCode?: unknown;
  readonly errors?: readonly unknown[];
  readonly cause?: unknown;
}

/** Looks for a broker's code in an error of the client, which wraps them. */
function findCode(error: unknown, depth = 0): number | undefined {
  if (typeof error !== 'object' || error === null || depth > 8) return undefined;
  const { apiCode, errors, cause } = error as ClientError;
  if (typeof apiCode === 'number') return apiCode;
  for (const inner of [...(errors ?? []), cause]) {
    const found = findCode(inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** An error of the client as one of ours; `isSent` says whether a request may have reached the broker. */
export function kafkaClientError(error: unknown, isSent: boolean, details: ErrorDetails): FlamelakeError {
  const kafkaCode = findCode(error);
  if (kafkaCode !== undefined) return kafkaCodeError(kafkaCode, details, error);
  const message = isSent ? 'kafka broker gave no answer' : 'kafka broker cannot be reached';
  return new FlamelakeError('unavailable', message, { ...details, isSent }, { cause: error });
}

/** Whether a request that failed so may have been carried out nevertheless, or may come to be. */
export function mayHaveLanded(error: FlamelakeError): boolean {
  const { isSent, kafkaCode } = error.details;
  return isSent === true || kafkaCode === KAFKA.requestTimedOut || kafkaCode === KAFKA.notEnoughReplicasAfterAppend;
}
