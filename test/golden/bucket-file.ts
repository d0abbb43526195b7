/**
 * The file of a golden bucket: one zstd frame of, for each object in the order of keys,
 *
 *     key     length, u32, then UTF-8
 *     body    length, u32, then bytes
 *
 * Numbers are little-endian.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, ByteWriter } from '@flamelake/formats';
import type { StoredObject } from './make-bucket.ts';

export function writeBucketFile(path: string, objects: readonly StoredObject[]): void {
  const out = new ByteWriter(65_536);
  for (const { key, bytes } of objects) {
    for (const part of [Buffer.from(key), bytes]) {
      out.uint32(part.length);
      out.bytes(part);
    }
  }
  writeFileSync(path, zstdCompressSync(out.view(), { params: { [constants.ZSTD_c_compressionLevel]: 19 } }));
}

export function readBucketFile(path: string): readonly StoredObject[] {
  const reader = new ByteReader(new Uint8Array(zstdDecompressSync(readFileSync(path))));
  const objects: StoredObject[] = [];
  while (reader.remaining > 0) {
    const key = Buffer.from(reader.bytes(reader.uint32())).toString();
    objects.push({ key, bytes: reader.bytes(reader.uint32()).slice() });
  }
  return objects;
}
