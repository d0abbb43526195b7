/**
 * Record batches, as Kafka keeps and carries them (Kafka documentation, "Message Format", magic 2; big-endian):
 *
 *     0   base offset        i64    43  producer id        i64
 *     8   length behind it   i32    51  producer epoch     i16
 *     12  leader epoch       i32    53  first sequence     i32
 *     16  magic = 2          i8     57  records            i32
 *     17  CRC-32C of 21…     u32    61  record *
 *     21  attributes         i16
 *     23  last offset delta  i32    record: length, attributes i8, time delta, offset delta, key, value, headers;
 *     27  first time, ms     i64    all numbers but the attributes zigzag varints
 *     35  largest time, ms   i64
 */
import { FlamelakeError } from '@flamelake/model';
import { compressionsAlgorithmsByBitmask, crc32c } from '@platformatic/kafka';

const HEADER_BYTES = 61;
/** Base offset and length come before what the length counts. */
const LENGTH_END = 12;
const COMPRESSION_BITS = 0x07;
const CONTROL_BIT = 0x20;
/** Largest record around a value: five varints, attributes, null key, no headers. */
export const RECORD_FRAME_BYTES_MAX = 24;

/** The header that says which trace a record belongs to: its name, its value of 55 letters, a length each. */
const TRACE_HEADER = Buffer.from('traceparent');
const TRACEPARENT_BYTES = 55;
export const TRACE_HEADER_BYTES: number = 1 + TRACE_HEADER.length + 1 + TRACEPARENT_BYTES;

/** Bytes of a batch that are not its values. */
export function batchOverheadBytes(records: number): number {
  return HEADER_BYTES + records * RECORD_FRAME_BYTES_MAX;
}

/** Who produces, for the broker to recognise a batch sent again. */
export interface ProducerSession {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Puts values into one batch, without keys, each with the trace it belongs to, if any. The first one gets sequence number `firstSequence`. */
export function encodeRecordBatch(
  values: readonly Uint8Array[],
  { producerId, producerEpoch }: ProducerSession,
  firstSequence: number,
  nowMs: number,
  traceparents: readonly (string | undefined)[] = [],
): Buffer {
  let size = batchOverheadBytes(values.length) + traceparents.length * TRACE_HEADER_BYTES;
  for (const value of values) size += value.length;
  const bytes = Buffer.allocUnsafe(size);
  let at = HEADER_BYTES;
  for (const [i, value] of values.entries()) {
    // Attributes, time delta 0, null key and no headers are a byte each.
    const traceparent = traceparents[i];
    const isTraced = traceparent?.length === TRACEPARENT_BYTES;
    const headerBytes = isTraced ? TRACE_HEADER_BYTES : 0;
    at = writeVarint(bytes, at, 4 + varintBytes(i) + varintBytes(value.length) + value.length + headerBytes);
    bytes[at++] = 0;
    bytes[at++] = 0;
    at = writeVarint(bytes, at, i);
    at = writeVarint(bytes, at, -1);
    at = writeVarint(bytes, at, value.length);
    bytes.set(value, at);
    at += value.length;
    at = writeVarint(bytes, at, isTraced ? 1 : 0);
    if (!isTraced) continue;
    at = writeVarint(bytes, at, TRACE_HEADER.length);
    at += TRACE_HEADER.copy(bytes, at);
    at = writeVarint(bytes, at, TRACEPARENT_BYTES);
    at += bytes.write(traceparent, at, 'latin1');
  }
  const now = BigInt(Math.floor(nowMs));
  bytes.writeBigInt64BE(0n, 0);
  bytes.writeInt32BE(at - LENGTH_END, 8);
  bytes.writeInt32BE(-1, 12);
  bytes.writeInt8(2, 16);
  bytes.writeInt16BE(0, 21);
  bytes.writeInt32BE(values.length - 1, 23);
  bytes.writeBigInt64BE(now, 27);
  bytes.writeBigInt64BE(now, 35);
  bytes.writeBigInt64BE(producerId, 43);
  bytes.writeInt16BE(producerEpoch, 51);
  bytes.writeInt32BE(firstSequence, 53);
  bytes.writeInt32BE(values.length, 57);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21, at)), 17);
  return bytes.subarray(0, at);
}

export interface BatchRecord {
  readonly offset: number;
  /** Largest time of its batch: where the broker stamps records, when it appended them. */
  readonly timeMs: number;
  /** A view into the bytes read. */
  readonly value: Uint8Array;
  readonly traceparent?: string;
}

/**
 * Reads the whole batches at the beginning of what a fetch answered; a cut one at the end is left out.
 * @param onRecord - called for each record in order; false ends the reading
 * @returns offset behind the last batch looked at, or undefined when there is no whole one
 * @throws {FlamelakeError} `data_loss` on a wrong checksum or a batch that cannot be read
 */
export function readRecordBatches(bytes: Buffer, onRecord: (record: BatchRecord) => boolean): number | undefined {
  let next: number | undefined;
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const baseOffset = Number(bytes.readBigInt64BE(at));
    const end = at + LENGTH_END + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break;
    const magic = bytes.readInt8(at + 16);
    if (magic !== 2 || end < at + HEADER_BYTES) throw unreadable(baseOffset, `magic ${magic}`);
    if (crc32c(bytes.subarray(at + 21, end)) !== bytes.readUInt32BE(at + 17)) throw unreadable(baseOffset, 'checksum');
    next = baseOffset + bytes.readInt32BE(at + 23) + 1;
    const attributes = bytes.readInt16BE(at + 21);
    const timeMs = Number(bytes.readBigInt64BE(at + 35));
    const count = bytes.readInt32BE(at + 57);
    // Marks of transactions take offsets and carry nothing.
    if ((attributes & CONTROL_BIT) === 0) {
      const records = decompress(bytes.subarray(at + HEADER_BYTES, end), attributes & COMPRESSION_BITS, baseOffset);
      if (!readRecords(records, count, { baseOffset, timeMs }, onRecord)) return next;
    }
    at = end;
  }
  return next;
}

function readRecords(
  bytes: Buffer,
  count: number,
  { baseOffset, timeMs }: { readonly baseOffset: number; readonly timeMs: number },
  onRecord: (record: BatchRecord) => boolean,
): boolean {
  const cursor = { at: 0 };
  for (let i = 0; i < count; i++) {
    const length = readVarint(bytes, cursor);
    const end = cursor.at + length;
    if (end > bytes.length) throw unreadable(baseOffset, 'record is cut');
    cursor.at++;
    skipVarint(bytes, cursor);
    const offset = baseOffset + readVarint(bytes, cursor);
    const keyBytes = readVarint(bytes, cursor);
    if (keyBytes > 0) cursor.at += keyBytes;
    // A null value is none of ours: an empty record, which is kept in quarantine.
    const valueBytes = Math.max(0, readVarint(bytes, cursor));
    if (cursor.at + valueBytes > end) throw unreadable(baseOffset, 'value is cut');
    const value = bytes.subarray(cursor.at, cursor.at + valueBytes);
    cursor.at += valueBytes;
    const traceparent = readTraceparent(bytes.subarray(0, end), cursor);
    if (!onRecord(traceparent === undefined ? { offset, timeMs, value } : { offset, timeMs, value, traceparent }))
      return false;
    cursor.at = end;
  }
  return true;
}

/** Of a record's headers the one of ours; others may have put theirs there. */
function readTraceparent(record: Buffer, cursor: { at: number }): string | undefined {
  if (cursor.at >= record.length) return undefined;
  for (let left = readVarint(record, cursor); left > 0 && cursor.at < record.length; left--) {
    const nameBytes = readVarint(record, cursor);
    const isOurs = TRACE_HEADER.equals(record.subarray(cursor.at, cursor.at + nameBytes));
    cursor.at += Math.max(0, nameBytes);
    const valueBytes = Math.max(0, readVarint(record, cursor));
    if (isOurs && valueBytes === TRACEPARENT_BYTES) return record.toString('latin1', cursor.at, cursor.at + valueBytes);
    cursor.at += valueBytes;
  }
  return undefined;
}

/** We never compress batches, but others may write to the topic, or it was set to. */
function decompress(bytes: Buffer, bits: number, baseOffset: number): Buffer {
  if (bits === 0) return bytes;
  try {
    const algorithm = compressionsAlgorithmsByBitmask[bits];
    if (algorithm !== undefined) return algorithm.decompressSync(bytes);
  } catch (cause) {
    throw unreadable(baseOffset, 'compression', cause);
  }
  throw unreadable(baseOffset, `compression ${bits}`);
}

function unreadable(baseOffset: number, reason: string, cause?: unknown): FlamelakeError {
  return new FlamelakeError('data_loss', 'kafka record batch cannot be read', { baseOffset, reason }, { cause });
}

function varintBytes(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let count = 1;
  for (; rest >= 0x80; rest >>>= 7) count++;
  return count;
}

function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let next = at;
  for (; rest >= 0x80; rest >>>= 7) bytes[next++] = (rest & 0x7f) | 0x80;
  bytes[next++] = rest;
  return next;
}

function readVarint(bytes: Buffer, cursor: { at: number }): number {
  let raw = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[cursor.at++] ?? 0;
    raw |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return (raw >>> 1) ^ -(raw & 1);
}

/** Steps over a varint of up to 64 bits. */
function skipVarint(bytes: Buffer, cursor: { at: number }): void {
  while ((bytes[cursor.at++] ?? 0) >= 0x80);
}
