/**
 * Bytes of a local profile log's files. Numbers are big-endian; u64 stay below 2^53.
 *
 * A file is named by the offset of its first record, 20 digits and `.log`: a header, then frames.
 *
 *     header, 64 bytes                          frame, 32 bytes + value
 *      0  magic         `FLPL`                   0  checksum      u32 over the frame from byte 4 on
 *      4  version       u32, 1                   4  value size    u32
 *      8  log id        16 bytes                 8  offset        u64
 *     24  base offset   u64                     16  append time   u64, ms since 1970
 *     32  previous base u64                     24  group start   u64, position in this file
 *     40  previous end  u64                     32  value
 *     48  previous size u32, bytes
 *     52  append time   u64, ms since 1970
 *     60  checksum      u32 over bytes 0 to 60
 *
 * The previous base, end and size are of the file before: its name, the offset after its last record, its bytes; all 0 in
 * the first file. The header's append time is the latest of any record before this file. Checksums are CRC-32C; a frame's goes on from the log id's, so
 * that no value can hold a frame of its own log.
 *
 * A group is written by one write and made durable by one fdatasync; the next one is written after that returned. So a
 * valid frame proves that everything before its group's start was durable once.
 */
import { crc32c } from '@flamelake/formats';

export const HEADER_BYTES = 64;
export const FRAME_HEADER_BYTES = 32;
/** Largest value any log can hold, whatever its options: a larger size field is damage. */
export const VALUE_BYTES_LIMIT = 268_435_456;
const VERSION = 1;
const MAGIC = Buffer.from('FLPL');
const TWO_32 = 4_294_967_296;

/** What a file's header says. */
export interface FileHeader {
  /** 32 lower-case hex digits. */
  readonly logId: string;
  readonly base: number;
  readonly previousBase: number;
  readonly previousEnd: number;
  readonly previousSizeBytes: number;
  readonly appendMs: number;
}

export function encodeHeader(header: FileHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC, 0);
  view.setUint32(4, VERSION);
  bytes.set(Buffer.from(header.logId, 'hex'), 8);
  setNumber(view, 24, header.base);
  setNumber(view, 32, header.previousBase);
  setNumber(view, 40, header.previousEnd);
  view.setUint32(48, header.previousSizeBytes);
  setNumber(view, 52, header.appendMs);
  view.setUint32(60, crc32c(bytes.subarray(0, 60)));
  return bytes;
}

/** Reads a header. @returns undefined when it is damaged, or of a version this release does not know */
export function decodeHeader(bytes: Uint8Array): FileHeader | undefined {
  if (bytes.length < HEADER_BYTES || Buffer.compare(bytes.subarray(0, 4), MAGIC) !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(60) !== crc32c(bytes.subarray(0, 60)) || view.getUint32(4) !== VERSION) return undefined;
  return {
    logId: Buffer.from(bytes.subarray(8, 24)).toString('hex'),
    base: getNumber(view, 24),
    previousBase: getNumber(view, 32),
    previousEnd: getNumber(view, 40),
    previousSizeBytes: view.getUint32(48),
    appendMs: getNumber(view, 52),
  };
}

/** Checksum that the frames of a log go on from. */
export function frameSeed(logId: string): number {
  return crc32c(Buffer.from(logId, 'hex'));
}

/** What precedes a value in the file. */
export interface FrameHeader {
  readonly checksum: number;
  readonly valueSizeBytes: number;
  readonly offset: number;
  readonly appendMs: number;
  readonly groupStart: number;
}

/** A group of records as it is written. */
export interface GroupContent {
  readonly values: readonly Uint8Array[];
  readonly firstOffset: number;
  readonly appendMs: number;
  /** Where the group begins in its file. */
  readonly position: number;
  readonly seed: number;
}

/** Writes a group's frames, one after the other. @returns memory of the caller's own */
export function encodeGroup(group: GroupContent): Uint8Array {
  let sizeBytes = 0;
  for (const value of group.values) sizeBytes += FRAME_HEADER_BYTES + value.length;
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  let offset = group.firstOffset;
  for (const value of group.values) {
    const end = at + FRAME_HEADER_BYTES + value.length;
    view.setUint32(at + 4, value.length);
    setNumber(view, at + 8, offset);
    setNumber(view, at + 16, group.appendMs);
    setNumber(view, at + 24, group.position);
    bytes.set(value, at + FRAME_HEADER_BYTES);
    view.setUint32(at, crc32c(bytes.subarray(at + 4, end), group.seed));
    at = end;
    offset++;
  }
  return bytes;
}

/** Reads the frame header at `at`; FRAME_HEADER_BYTES must be there. */
export function decodeFrameHeader(view: DataView, at: number): FrameHeader {
  return {
    checksum: view.getUint32(at),
    valueSizeBytes: view.getUint32(at + 4),
    offset: getNumber(view, at + 8),
    appendMs: getNumber(view, at + 16),
    groupStart: getNumber(view, at + 24),
  };
}

/** Whether the checksum of a whole frame holds. */
export function isFrameIntact(frame: Uint8Array, checksum: number, seed: number): boolean {
  return crc32c(frame.subarray(4), seed) === checksum;
}

function setNumber(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / TWO_32));
  view.setUint32(at + 4, value % TWO_32);
}

function getNumber(view: DataView, at: number): number {
  return view.getUint32(at) * TWO_32 + view.getUint32(at + 4);
}
