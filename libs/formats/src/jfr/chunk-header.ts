/**
 * Header of a chunk of a flight recording (JDK 9 and later), 68 bytes, big-endian:
 *
 *     0  magic "FLR\0"        16  constant pool i64    40  duration i64
 *     4  major u16            24  metadata i64         48  start, ticks i64
 *     6  minor u16            32  start, ns i64        56  ticks a second i64
 *     8  size i64                                      64  features u32, bit 0: compressed numbers
 */
import { type JfrReader, malformedJfr } from './jfr-reader.ts';

export const CHUNK_HEADER_BYTES = 68;
/** "FLR\0". */
export const JFR_MAGIC = 0x464c_5200;
const COMPRESSED = 1;

export interface ChunkHeader {
  /** Offsets into the recording. */
  readonly start: number;
  readonly end: number;
  readonly metadata: number;
  readonly startNanos: bigint;
  readonly durationNanos: bigint;
  readonly ticksPerSecond: number;
}

/** @throws {FlamelakeError} `invalid_argument` when no whole chunk begins at `start` */
export function readChunkHeader({ view, bytes }: JfrReader, start: number): ChunkHeader {
  const left = bytes.length - start;
  if (left < CHUNK_HEADER_BYTES) throw malformedJfr('recording ends in the header of a chunk', { offset: start });
  if (view.getUint32(start) !== JFR_MAGIC)
    throw malformedJfr('chunk of a recording does not begin with its magic', { offset: start });
  const major = view.getUint16(start + 4);
  if (major !== 1 && major !== 2)
    throw malformedJfr('recording is of a version that is not read', { major, read: '1, 2' });
  if ((view.getUint32(start + 64) & COMPRESSED) === 0)
    throw malformedJfr('recording without compressed numbers is not read');
  const size = Number(view.getBigInt64(start + 8));
  if (size < CHUNK_HEADER_BYTES || size > left) {
    throw malformedJfr('chunk of a recording is cut short or was never finished', { offset: start, size, left });
  }
  const metadata = Number(view.getBigInt64(start + 24));
  if (metadata < CHUNK_HEADER_BYTES || metadata >= size) {
    throw malformedJfr('chunk of a recording has no metadata', { offset: start, metadata });
  }
  const ticksPerSecond = Number(view.getBigInt64(start + 56));
  if (ticksPerSecond <= 0) throw malformedJfr('chunk of a recording has no clock', { offset: start, ticksPerSecond });
  return {
    start,
    end: start + size,
    metadata: start + metadata,
    startNanos: view.getBigInt64(start + 32),
    durationNanos: view.getBigInt64(start + 40),
    ticksPerSecond,
  };
}
