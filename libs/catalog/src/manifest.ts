/**
 * Manifests as bytes: one immutable version of one partition's catalog.
 *
 *     0    magic     "FLMF"
 *     4    version   u8, 1
 *     5    body      zstd of UTF-8 JSON, a `Manifest`
 *     n-4  checksum  u32 little-endian, CRC-32C over all before it
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, ByteWriter, crc32c } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import type { Manifest } from './types.ts';

/** Largest encoded manifest, 16 MiB: put-if-absent is one request from one buffer. */
export const MANIFEST_BYTES_MAX = 16_777_216;
/** Largest JSON inside, 256 MiB. */
const JSON_BYTES_MAX = 268_435_456;
const MAGIC = 0x464d_4c46;
const FORMAT_VERSION = 1;
const HEAD_BYTES = 5;
const CHECKSUM_BYTES = 4;

/** Version 0 of every partition: what stands before the first commit. It is known, not stored. */
export const EMPTY_MANIFEST: Manifest = {
  version: 0,
  position: 0,
  lastAppendMs: 0,
  firstAppendMs: 0,
  blocks: [],
  dropped: [],
  deletes: [],
  pins: [],
  cuts: [],
  expired: [],
  floor: 0,
  commitIds: [],
};

/** @throws {FlamelakeError} `resource_exhausted` when the manifest is larger than a manifest may be */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const body = zstdCompressSync(Buffer.from(JSON.stringify(manifest)));
  const sizeBytes = HEAD_BYTES + body.length + CHECKSUM_BYTES;
  if (sizeBytes > MANIFEST_BYTES_MAX) {
    throw new FlamelakeError('resource_exhausted', 'manifest is larger than the maximum: too many live blocks', {
      sizeBytes,
      sizeBytesMax: MANIFEST_BYTES_MAX,
      blocks: manifest.blocks.length,
    });
  }
  const writer = new ByteWriter(sizeBytes);
  writer.uint32(MAGIC);
  writer.uint8(FORMAT_VERSION);
  writer.bytes(body);
  writer.uint32(crc32c(writer.view()));
  return writer.copy();
}

/**
 * @param key - names the object in errors
 * @throws {FlamelakeError} `data_loss` on bytes that are no manifest any more, `failed_precondition` on one of a newer release
 */
export function decodeManifest(bytes: Uint8Array, key: string): Manifest {
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < HEAD_BYTES)
    throw new FlamelakeError('data_loss', 'manifest is too short', { key, sizeBytes: bytes.length });
  if (new ByteReader(bytes.subarray(end)).uint32() !== crc32c(bytes.subarray(0, end))) {
    throw new FlamelakeError('data_loss', 'manifest checksum mismatch', { key });
  }
  const head = new ByteReader(bytes);
  if (head.uint32() !== MAGIC) throw new FlamelakeError('data_loss', 'object is no manifest', { key });
  const formatVersion = head.uint8();
  if (formatVersion !== FORMAT_VERSION) {
    throw new FlamelakeError('failed_precondition', 'manifest was written by a newer release', {
      key,
      formatVersion,
      formatVersionMax: FORMAT_VERSION,
    });
  }
  const json = zstdDecompressSync(bytes.subarray(HEAD_BYTES, end), { maxOutputLength: JSON_BYTES_MAX });
  // What the first manifests did not say yet is as in an empty one.
  return { ...EMPTY_MANIFEST, ...JSON.parse(json.toString('utf8')) };
}
