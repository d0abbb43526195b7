/**
 * The frame of what crosses between front end and querier, and of what caches keep:
 *
 *     version   u8
 *     body      what the codec writes
 *     checksum  u32 little-endian, CRC-32 (zlib) over version and body
 *
 * The checksum finds damage; who wrote the bytes is for the transport or an HMAC to say.
 */
import { crc32 } from 'node:zlib';
import { ByteReader, ByteWriter } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';

const CHECKSUM_BYTES = 4;

/** @param writeBody - called once */
export function frameMessage(version: number, writeBody: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  writer.uint8(version);
  writeBody(writer);
  writer.uint32(crc32(writer.view()));
  return writer.view();
}

/**
 * Checks a frame.
 * @param bytes - read in place
 * @param readBody - must take the whole body
 * @throws {FlamelakeError} `data_loss` when the bytes are not what was framed, `unimplemented` when another release framed them
 */
export function unframeMessage<T>(bytes: Uint8Array, version: number, readBody: (reader: ByteReader) => T): T {
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < 1) throw new FlamelakeError('data_loss', 'message is too short', { bytes: bytes.length });
  const body = bytes.subarray(0, end);
  const checksum = new ByteReader(bytes.subarray(end)).uint32();
  if (crc32(body) !== checksum) {
    throw new FlamelakeError('data_loss', 'message checksum mismatch', { bytes: bytes.length });
  }
  const reader = new ByteReader(body);
  const found = reader.uint8();
  if (found !== version) {
    throw new FlamelakeError('unimplemented', 'message was written by another release', {
      version: found,
      expected: version,
    });
  }
  const value = readBody(reader);
  if (reader.remaining > 0) {
    throw new FlamelakeError('data_loss', 'message is longer than what it says', { bytes: reader.remaining });
  }
  return value;
}

/** A damaged message whose checksum is right: a bug, or a lie. */
export function malformed(what: string): FlamelakeError {
  return new FlamelakeError('data_loss', 'message is malformed', { what });
}

/** Doubles, little-endian. */
export function writeDoubles(writer: ByteWriter, ...values: readonly number[]): void {
  const bytes = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, i) => {
    bytes.setFloat64(i * 8, value, true);
  });
  writer.bytes(new Uint8Array(bytes.buffer));
}

/** @throws {FlamelakeError} `data_loss` when it is no finite number */
export function readDouble(reader: ByteReader): number {
  const bytes = reader.bytes(8);
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  if (!Number.isFinite(value)) throw malformed('number');
  return value;
}
