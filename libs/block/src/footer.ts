/**
 * Footer of a block object: how a reader that knows only the object's size finds its table of contents.
 *
 * Layout, offsets counted back from the end of the object, numbers little-endian:
 *
 *     -16-n  contents  n bytes
 *     -16    size      u32, n
 *     -12    version   u32
 *     -8     checksum  u32, CRC-32C over contents, size and version
 *     -4     magic     "FLK1": 46 4c 4b 31
 */
import { ByteReader, ByteWriter, crc32c } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';

/** Bytes after the contents. */
export const FOOTER_TRAILER_BYTES = 16;
/** Largest contents accepted, 64 MiB; a larger size field means a corrupt object. */
export const CONTENTS_BYTES_MAX = 67_108_864;
/** Version of the bytes of a block this release writes, and the newest it reads. */
export const BLOCK_VERSION = 1;
const MAGIC = 0x314b4c46;

export function encodeFooter(contents: Uint8Array, version = BLOCK_VERSION): Uint8Array {
  const out = new ByteWriter(contents.length + FOOTER_TRAILER_BYTES);
  out.bytes(contents);
  out.uint32(contents.length);
  out.uint32(version);
  out.uint32(crc32c(out.view()));
  out.uint32(MAGIC);
  return out.copy();
}

/**
 * Finds the contents in the last bytes of a block object.
 * @param tail - last bytes of the object; any length, may start before the contents
 * @returns the contents as a view into `tail`, or how many last bytes to fetch when it is too short
 * @throws {FlamelakeError} `data_loss` on a wrong magic, size or checksum, `unimplemented` on a newer version
 */
export function decodeFooter(tail: Uint8Array): { contents: Uint8Array } | { needBytes: number } {
  if (tail.length < FOOTER_TRAILER_BYTES) return { needBytes: FOOTER_TRAILER_BYTES };
  const trailer = new ByteReader(tail.subarray(tail.length - FOOTER_TRAILER_BYTES));
  const [size, version, expected, magic] = [trailer.uint32(), trailer.uint32(), trailer.uint32(), trailer.uint32()];
  if (magic !== MAGIC) throw new FlamelakeError('data_loss', 'object is no block', { magic });
  if (size === 0 || size > CONTENTS_BYTES_MAX) {
    throw new FlamelakeError('data_loss', 'block contents size is out of range', { size });
  }
  const start = tail.length - FOOTER_TRAILER_BYTES - size;
  if (start < 0) return { needBytes: size + FOOTER_TRAILER_BYTES };
  const actual = crc32c(tail.subarray(start, tail.length - 8));
  if (actual !== expected) {
    throw new FlamelakeError('data_loss', 'block contents checksum mismatch', { expected, actual });
  }
  if (version !== BLOCK_VERSION) {
    throw new FlamelakeError('unimplemented', 'block version is not supported', { version, newest: BLOCK_VERSION });
  }
  return { contents: tail.subarray(start, start + size) };
}
