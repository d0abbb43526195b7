/** zstd in one call, into buffers that mostly fit: a full one makes zlib allocate another, if only to find that nothing follows. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Whatever is compressed, zlib wants a buffer of so many bytes at least. */
const BUFFER_BYTES_MIN = 64;
/** Columns and texts mostly shrink to less than half; what does not takes a second buffer. */
const COMPRESSED_PART = 2;
const COMPRESSED_SLACK_BYTES = 512;

/** @param level - 1 is the fastest, 19 the smallest */
export function packZstd(plain: Uint8Array, level: number): Uint8Array {
  return zstdCompressSync(plain, {
    params: { [constants.ZSTD_c_compressionLevel]: level },
    chunkSize: Math.ceil(plain.length / COMPRESSED_PART) + COMPRESSED_SLACK_BYTES,
  });
}

/**
 * @param size - bytes it is said to become
 * @throws what zlib throws when it is no zstd, is cut short or becomes more
 */
export function unpackZstd(packed: Uint8Array, size: number): Uint8Array {
  return zstdDecompressSync(packed, {
    maxOutputLength: Math.max(1, size),
    chunkSize: Math.max(BUFFER_BYTES_MIN, size + 1),
  });
}
