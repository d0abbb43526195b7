/** The Fetch request for one partition of a topic named by its id, without a fetch session (Kafka protocol, Fetch 17). */
import { createAPI, type Reader, readKnownTaggedFields, Writer } from '@platformatic/kafka';
import { KAFKA } from './kafka-error.ts';

const FETCH = 1;
const FETCH_VERSION = 17;
const NO_SESSION = { id: 0, epoch: -1 };

export interface FetchRequest {
  /** 32 hexadecimal digits. */
  readonly topicId: string;
  readonly partition: number;
  /** What the asker believes; a broker that knows a newer leader says so. */
  readonly leaderEpoch: number;
  readonly offset: number;
  /** Bytes answered; the first batch is answered whole whatever its size. */
  readonly bytesMax: number;
  /** Longest wait for a record, ms. */
  readonly waitMs: number;
}

export interface FetchAnswer {
  readonly kafkaCode: number;
  /** First offset kept and end of what is durable; -1 where the broker does not say. */
  readonly start: number;
  readonly end: number;
  /** Record batches, the last one perhaps cut. */
  readonly batches: Buffer;
}

function createRequest(request: FetchRequest): Writer {
  const { topicId, partition, leaderEpoch, offset, bytesMax, waitMs } = request;
  return Writer.create()
    .appendInt32(waitMs)
    .appendInt32(1)
    .appendInt32(bytesMax)
    .appendInt8(0)
    .appendInt32(NO_SESSION.id)
    .appendInt32(NO_SESSION.epoch)
    .appendArray([topicId], (w) =>
      w
        .appendUUID(topicId)
        .appendArray([partition], (w) =>
          w
            .appendInt32(partition)
            .appendInt32(leaderEpoch)
            .appendInt64(BigInt(offset))
            .appendInt32(-1)
            .appendInt64(-1n)
            .appendInt32(bytesMax),
        ),
    )
    .appendArray([], () => {})
    .appendString('')
    .appendTaggedFields();
}

function parseAnswer(reader: Reader): FetchAnswer {
  reader.readInt32();
  let answer: FetchAnswer = { kafkaCode: reader.readInt16(), start: -1, end: -1, batches: Buffer.alloc(0) };
  reader.readInt32();
  reader.readArray((r) => {
    r.readUUID();
    r.readArray(
      (r) => {
        answer = parsePartition(r);
      },
      true,
      false,
    );
  });
  // Without a topic in the answer and without an error the broker had nothing to say of it.
  return answer.kafkaCode === KAFKA.none && answer.start === -1
    ? { ...answer, kafkaCode: KAFKA.unknownTopicId }
    : answer;
}

function parsePartition(r: Reader): FetchAnswer {
  r.readInt32();
  const kafkaCode = r.readInt16();
  const end = Number(r.readInt64());
  r.readInt64();
  const start = Number(r.readInt64());
  r.readNullableArray((r) => [r.readInt64(), r.readInt64()]);
  r.readInt32();
  const sizeBytes = Math.max(0, r.readUnsignedVarInt() - 1);
  const batches = r.buffer.slice(r.position, r.position + sizeBytes);
  r.skip(sizeBytes);
  readKnownTaggedFields(r, {});
  return { kafkaCode, start, end, batches };
}

export const fetchPartition = createAPI<[FetchRequest], FetchAnswer>(
  FETCH,
  FETCH_VERSION,
  createRequest,
  (_correlationId, _apiKey, _apiVersion, reader) => parseAnswer(reader),
);
