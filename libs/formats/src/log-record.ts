/**
 * Log records: what a distributor appends to the profile log and a segment-writer reads, one or several profiles each.
 *
 * Layout; numbers little-endian, offsets from the start:
 *
 *      0    version   u8, 1
 *      1    codec     u8, 0 stored, 1 zstd
 *      2    size      u32, n: bytes of the body
 *      6    body      stored, or one zstd frame; behind that the times of its samples, if there are any: times-frame.ts
 *     -4    checksum  u32, CRC-32C of everything before it
 *
 * The body is a varint count of profiles, and the profiles as profile-codec.ts writes them.
 */
import { FlamelakeError } from '@flamelake/model';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { crc32c } from './crc32c.ts';
import { readProfile, writeProfile } from './profile-codec.ts';
import type { ProfileRecord } from './profile-record.ts';
import { createTimesReader, encodeTimesFrame } from './times-frame.ts';
import { packZstd, unpackZstd } from './zstd.ts';

const VERSION = 1;
const ZSTD_LEVEL = 1;
const CODEC = { stored: 0, zstd: 1 } as const;
const HEADER_BYTES = 6;
const CHECKSUM_BYTES = 4;
/** Largest body, 256 MiB: a larger size is not believed. */
const BODY_BYTES_MAX = 268_435_456;
/** Compression must save one part in this many. */
const SAVED_PART_MIN = 20;
/** A profile is at least its identity, times and counts, and a string table with the empty string. */
const PROFILE_BYTES_MIN = 29;
/** Largest buffer kept for the next record. */
const RETAINED_BYTES_MAX = 1_048_576;

/** Body of the last record, for the next one. */
let body = new ByteWriter();

/**
 * @returns a record, the caller's own
 * @throws {FlamelakeError} `out_of_range` when the profiles together are larger than a record can be
 */
export function encodeLogRecord(profiles: readonly ProfileRecord[]): Uint8Array {
  body.clear();
  body.varint(profiles.length);
  for (const profile of profiles) writeProfile(body, profile);
  const plain = body.view();
  if (plain.length > BODY_BYTES_MAX) {
    body = new ByteWriter();
    throw new FlamelakeError('out_of_range', 'profiles are too large for a log record', { limitBytes: BODY_BYTES_MAX });
  }
  const packed = packZstd(plain, ZSTD_LEVEL);
  const times = encodeTimesFrame(profiles);
  // Only a body that is a frame can have another behind it.
  const isPacked = times.length > 0 || packed.length <= plain.length - plain.length / SAVED_PART_MIN;
  const stored = isPacked ? packed : plain;
  const record = new Uint8Array(HEADER_BYTES + stored.length + times.length + CHECKSUM_BYTES);
  const view = new DataView(record.buffer);
  record[0] = VERSION;
  record[1] = isPacked ? CODEC.zstd : CODEC.stored;
  view.setUint32(2, plain.length, true);
  record.set(stored, HEADER_BYTES);
  record.set(times, HEADER_BYTES + stored.length);
  const checksumAt = record.length - CHECKSUM_BYTES;
  view.setUint32(checksumAt, crc32c(record.subarray(0, checksumAt)), true);
  if (plain.length > RETAINED_BYTES_MAX) body = new ByteWriter();
  return record;
}

/**
 * @param record - not kept: what is returned has memory of its own
 * @throws {FlamelakeError} `data_loss` when the bytes are not what was written; `unimplemented` when a later version wrote them
 */
export function decodeLogRecord(record: Uint8Array): ProfileRecord[] {
  const stored = checkedBody(record);
  const reader = new ByteReader(unpackBody(record, stored));
  const times = createTimesReader(stored);
  const profiles = Array.from({ length: reader.count(PROFILE_BYTES_MIN) }, () => readProfile(reader, times.read));
  if (reader.remaining > 0) throw new FlamelakeError('data_loss', 'log record has bytes behind its last profile');
  times.finish();
  return profiles;
}

/** What is between header and checksum, which is right. */
function checkedBody(record: Uint8Array): Uint8Array {
  const checksumAt = record.length - CHECKSUM_BYTES;
  if (checksumAt < HEADER_BYTES)
    throw new FlamelakeError('data_loss', 'log record is cut short', { bytes: record.length });
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const expected = view.getUint32(checksumAt, true);
  const actual = crc32c(record.subarray(0, checksumAt));
  if (actual !== expected) throw new FlamelakeError('data_loss', 'log record checksum mismatch', { expected, actual });
  const version = record[0];
  if (version !== VERSION) throw new FlamelakeError('unimplemented', 'log record has an unknown version', { version });
  return record.subarray(HEADER_BYTES, checksumAt);
}

function unpackBody(record: Uint8Array, stored: Uint8Array): Uint8Array {
  const sizeBytes = new DataView(record.buffer, record.byteOffset, record.length).getUint32(2, true);
  // Strings of the profiles are views of it.
  const plain = record[1] === CODEC.zstd ? unpack(stored, sizeBytes) : stored.slice();
  if (plain.length !== sizeBytes) {
    throw new FlamelakeError('data_loss', 'log record body has another size than stated', { sizeBytes });
  }
  return plain;
}

function unpack(stored: Uint8Array, sizeBytes: number): Uint8Array {
  if (sizeBytes === 0 || sizeBytes > BODY_BYTES_MAX) {
    throw new FlamelakeError('data_loss', 'log record size is out of range', { sizeBytes });
  }
  try {
    return unpackZstd(stored, sizeBytes);
  } catch (cause) {
    throw new FlamelakeError('data_loss', 'log record body cannot be decompressed', { sizeBytes }, { cause });
  }
}
