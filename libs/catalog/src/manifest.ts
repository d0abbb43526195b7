/**
 * Manifests as bytes: one immutable version of one partition's catalog, framed JSON (framed-json.ts) of a `Manifest` with the magic
 * "FLMF". Version 1 names all blocks itself; version 2 names index pages, too, and is written only where there are any.
 */
import { FlamelakeError } from '@flamelake/model';
import { decodeFramed, encodeFramed, type FramedKind } from './framed-json.ts';
import type { Manifest } from './types.ts';

/** Largest encoded manifest, 16 MiB: put-if-absent is one request from one buffer. */
export const MANIFEST_BYTES_MAX = 16_777_216;
const KIND: FramedKind = { name: 'manifest', magic: 0x464d_4c46, versionMax: 2 };

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
  const bytes = encodeFramed(KIND, manifest.days === undefined ? 1 : 2, manifest);
  if (bytes.length > MANIFEST_BYTES_MAX) {
    throw new FlamelakeError('resource_exhausted', 'manifest is larger than the maximum: too many live blocks', {
      sizeBytes: bytes.length,
      sizeBytesMax: MANIFEST_BYTES_MAX,
      blocks: manifest.blocks.length,
    });
  }
  return bytes;
}

/**
 * @param key - names the object in errors
 * @throws {FlamelakeError} `data_loss` on bytes that are no manifest any more, `failed_precondition` on one of a newer release
 */
export function decodeManifest(bytes: Uint8Array, key: string): Manifest {
  const { value } = decodeFramed(bytes, KIND, key);
  // What the first manifests did not say yet is as in an empty one.
  return { ...EMPTY_MANIFEST, ...(value as Partial<Manifest>) };
}
