/**
 * The Produce request for one partition (Kafka protocol, Produce version 13): the first one that names the topic by its id, so
 * that nothing can land in a topic made anew under the old name. Brokers know it from Kafka 4.1 on.
 */
import { createAPI, type Reader, readKnownTaggedFields, Writer } from '@platformatic/kafka';

export const PRODUCE_API = 0;
export const PRODUCE_VERSION = 13;
const ACKS_ALL = -1;

export interface ProduceRequest {
  /** 32 hexadecimal digits. */
  readonly topicId: string;
  readonly partition: number;
  /** One encoded record batch. */
  readonly batch: Buffer;
  /** Longest time the leader waits for the other copies, ms. */
  readonly timeoutMs: number;
}

export interface ProduceAnswer {
  readonly kafkaCode: number;
  readonly baseOffset: number;
  /** -1 when the topic does not stamp records with it. */
  readonly appendMs: number;
}

function createRequest({ topicId, partition, batch, timeoutMs }: ProduceRequest): Writer {
  const writer = Writer.create().appendString(null).appendInt16(ACKS_ALL).appendInt32(timeoutMs);
  return writer
    .appendArray([topicId], (w) =>
      w.appendUUID(topicId).appendArray([partition], (w) => w.appendInt32(partition).appendBytes(batch)),
    )
    .appendTaggedFields();
}

function parseAnswer(reader: Reader): ProduceAnswer {
  let answer: ProduceAnswer = { kafkaCode: -1, baseOffset: -1, appendMs: -1 };
  reader.readArray((r) => {
    r.readUUID();
    r.readArray(
      (r) => {
        r.readInt32();
        const kafkaCode = r.readInt16();
        const baseOffset = Number(r.readInt64());
        answer = { kafkaCode, baseOffset, appendMs: Number(r.readInt64()) };
        r.readInt64();
        r.readArray((r) => [r.readInt32(), r.readNullableString()]);
        r.readNullableString();
        readKnownTaggedFields(r, {});
      },
      true,
      false,
    );
  });
  return answer;
}

export const producePartition = createAPI<[ProduceRequest], ProduceAnswer>(
  PRODUCE_API,
  PRODUCE_VERSION,
  createRequest,
  (_correlationId, _apiKey, _apiVersion, reader) => parseAnswer(reader),
);
