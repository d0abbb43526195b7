/**
 * JSON values as objects of the catalog:
 *
 *     0    magic     4 bytes
 *     4    version   u8
 *     5    body      zstd of UTF-8 JSON
 *     n-4  checksum  u32 little-endian, CRC-32C over all before it
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, ByteWriter, crc32c } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';

export interface FramedKind {
  /** Names it in errors. */
  readonly name: 'manifest' | 'index page';
  readonly magic: number;
  readonly versionMax: number;
}

/** Largest JSON inside, 256 MiB. */
const JSON_BYTES_MAX = 268_435_456;
const HEAD_BYTES = 5;
const CHECKSUM_BYTES = 4;

export function encodeFramed({ magic }: FramedKind, version: number, value: unknown): Uint8Array {
  const body = zstdCompressSync(Buffer.from(JSON.stringify(value)));
  const writer = new ByteWriter(HEAD_BYTES + body.length + CHECKSUM_BYTES);
  writer.uint32(magic);
  writer.uint8(version);
  writer.bytes(body);
  writer.uint32(crc32c(writer.view()));
  return writer.copy();
}

/**
 * @param key - names the object in errors
 * @returns the value, and how many bytes of JSON it was
 * @throws {FlamelakeError} `data_loss` on bytes that are no such object any more, `failed_precondition` on one of a newer release
 */
export function decodeFramed(
  bytes: Uint8Array,
  { name, magic, versionMax }: FramedKind,
  key: string,
): { readonly value: unknown; readonly jsonBytes: number } {
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < HEAD_BYTES) throw new FlamelakeError('data_loss', `${name} is too short`, { key, sizeBytes: bytes.length });
  if (new ByteReader(bytes.subarray(end)).uint32() !== crc32c(bytes.subarray(0, end))) {
    throw new FlamelakeError('data_loss', `${name} checksum mismatch`, { key });
  }
  const head = new ByteReader(bytes);
  if (head.uint32() !== magic) throw new FlamelakeError('data_loss', `object is no ${name}`, { key });
  const formatVersion = head.uint8();
  if (formatVersion === 0 || formatVersion > versionMax) {
    throw new FlamelakeError('failed_precondition', `${name} was written by a newer release`, {
      key,
      formatVersion,
      formatVersionMax: versionMax,
    });
  }
  const json = zstdDecompressSync(bytes.subarray(HEAD_BYTES, end), { maxOutputLength: JSON_BYTES_MAX });
  return { value: JSON.parse(json.toString('utf8')), jsonBytes: json.length };
}
