/**
 * The Produce request for one partition (Kafka protocol, Produce versions 9 to 13). Version 13 names the topic by its id,
 * so that nothing can land in a topic made anew under the old name; brokers before Kafka 4.1 know names only.
 */
import { createAPI, type Reader, readKnownTaggedFields, Writer } from '@platformatic/kafka';

const PRODUCE = 0;
/** Version from which on topics are named by id. */
export const PRODUCE_BY_ID = 13;
/** Version used for brokers that do not know ids here. */
export const PRODUCE_BY_NAME = 12;
const ACKS_ALL = -1;

export interface ProduceRequest {
  readonly topic: string;
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

function createRequest(isById: boolean, { topic, topicId, partition, batch, timeoutMs }: ProduceRequest): Writer {
  const writer = Writer.create().appendString(null).appendInt16(ACKS_ALL).appendInt32(timeoutMs);
  return writer
    .appendArray([topic], (w) => {
      if (isById) w.appendUUID(topicId);
      else w.appendString(topic);
      w.appendArray([partition], (w) => w.appendInt32(partition).appendBytes(batch));
    })
    .appendTaggedFields();
}

function parseAnswer(isById: boolean, reader: Reader): ProduceAnswer {
  let answer: ProduceAnswer = { kafkaCode: -1, baseOffset: -1, appendMs: -1 };
  reader.readArray((r) => {
    if (isById) r.readUUID();
    else r.readString();
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

function produceApi(version: number, isById: boolean) {
  return createAPI<[ProduceRequest], ProduceAnswer>(
    PRODUCE,
    version,
    (request: ProduceRequest) => createRequest(isById, request),
    (_correlationId, _apiKey, _apiVersion, reader) => parseAnswer(isById, reader),
  );
}

export const produceById = produceApi(PRODUCE_BY_ID, true);
export const produceByName = produceApi(PRODUCE_BY_NAME, false);
