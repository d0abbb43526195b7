/**
 * A page: columns of one or more parts, compressed and checksummed together. A part is a run of rows of one section; the table
 * of contents says which parts a page holds and how many rows each has.
 *
 *     checksum  u32       CRC-32C over all that follows in the page
 *     size      u32       bytes that follow this field in the page
 *     parts     varint    number of parts, then for each: number of columns and the raw length of each, varint
 *     frames    until every column is covered:
 *       columns varint    how many of the next columns the frame holds, back to back, across parts
 *       codec   u8        0 stored, 1 one zstd frame
 *       length  varint    bytes of the frame in this page
 *     bytes of the frames, back to back
 *
 * Fixed-size numbers are little-endian; a varint is LEB128.
 */
import { ByteReader, ByteWriter, crc32c, packZstd, unpackZstd } from '@flamelake/formats';
import { FlamelakeError, type Memory, UNBOUNDED_MEMORY } from '@flamelake/model';

/** Largest raw size of all columns of one page, 64 MiB; writers stay near 1 MiB unless a single value is larger. */
export const PAGE_RAW_BYTES_MAX = 67_108_864;
const PAGE_HEAD_BYTES = 8;
const CODEC_STORED = 0;
const CODEC_ZSTD = 1;
/** Smaller frames are stored: a call of zstd costs about 25 µs, here and in every reader, whatever it can save. */
const COMPRESS_BYTES_MIN = 256;
/** A column this large gets a frame of its own: other columns' statistics would only spoil it. */
const OWN_FRAME_BYTES_MIN = 16_384;

/**
 * Appends a page to `out`.
 * @param raw - its columns, back to back
 * @param ends - where each column ends in `raw`
 * @param parts - number of columns of each part
 * @param level - of zstd
 * @throws {FlamelakeError} `resource_exhausted` over 64 MiB
 */
export function encodePage(
  out: ByteWriter,
  raw: Uint8Array,
  ends: readonly number[],
  parts: readonly number[],
  level: number,
): void {
  if (raw.length > PAGE_RAW_BYTES_MAX) {
    throw new FlamelakeError('resource_exhausted', 'page is too large', { bytes: raw.length, max: PAGE_RAW_BYTES_MAX });
  }
  const head = new ByteWriter(64);
  head.varint(parts.length);
  let column = 0;
  let start = 0;
  for (const columns of parts) {
    head.varint(columns);
    for (const until = column + columns; column < until; column++) {
      head.varint(ends[column] - start);
      start = ends[column];
    }
  }
  const frames: Uint8Array[] = [];
  for (let from = 0, at = 0; from < ends.length; ) {
    const until = frameEnd(ends, from, at);
    const end = ends[until - 1];
    const plain = raw.subarray(at, end);
    const packed = compress(plain, level);
    head.varint(until - from);
    head.uint8(packed === undefined ? CODEC_STORED : CODEC_ZSTD);
    frames.push(packed ?? plain);
    head.varint((packed ?? plain).length);
    from = until;
    at = end;
  }
  const size = new ByteWriter(4);
  size.uint32(frames.reduce((sum, frame) => sum + frame.length, head.length));
  const pieces = [size.view(), head.view(), ...frames];
  out.uint32(pieces.reduce((checksum, piece) => crc32c(piece, checksum), 0));
  for (const piece of pieces) out.bytes(piece);
}

/** Column behind the last one of the frame that begins with `column`: large columns stand alone, small neighbours share. */
function frameEnd(ends: readonly number[], column: number, start: number): number {
  let until = column + 1;
  if (ends[column] - start >= OWN_FRAME_BYTES_MIN) return until;
  while (until < ends.length && ends[until] - ends[until - 1] < OWN_FRAME_BYTES_MIN) until++;
  return until;
}

/** @returns undefined when compression saves less than 5 % */
function compress(plain: Uint8Array, level: number): Uint8Array | undefined {
  if (plain.length < COMPRESS_BYTES_MIN) return undefined;
  const packed = packZstd(plain, level);
  return packed.length > plain.length * 0.95 ? undefined : packed;
}

/** A page as read: the columns of each part. */
export interface DecodedPage {
  readonly parts: readonly (readonly Uint8Array[])[];
  readonly rawBytes: number;
}

/** Columns of a run of rows of one section, each to be read to its end. */
export interface Part {
  readonly rows: number;
  readonly columns: readonly ByteReader[];
}

/**
 * Reads a page.
 * @param rawBytesMax - largest raw size accepted
 * @param memory - the raw columns are taken from it
 * @throws {FlamelakeError} `data_loss` on a wrong checksum or an impossible size
 */
export function decodePage(
  page: Uint8Array,
  rawBytesMax = PAGE_RAW_BYTES_MAX,
  memory: Memory = UNBOUNDED_MEMORY,
): DecodedPage {
  const head = new ByteReader(page);
  const expected = head.uint32();
  const size = head.uint32();
  if (size !== page.length - PAGE_HEAD_BYTES) throw malformed('page size is not as stated');
  const actual = crc32c(page.subarray(4));
  if (actual !== expected) throw new FlamelakeError('data_loss', 'page checksum mismatch', { expected, actual });
  const lengths = Array.from({ length: head.count() }, () => Array.from({ length: head.count() }, () => head.varint()));
  const rawBytes = sumOf(lengths.flat());
  if (rawBytes > Math.min(PAGE_RAW_BYTES_MAX, rawBytesMax)) throw malformed('page raw size is out of range');
  memory.take(rawBytes);
  const columns = decodeColumns(head, lengths.flat());
  let from = 0;
  const parts = lengths.map((own) => columns.slice(from, (from += own.length)));
  return { parts, rawBytes };
}

function decodeColumns(head: ByteReader, lengths: readonly number[]): Uint8Array[] {
  const frames: { columns: number; codec: number; length: number }[] = [];
  for (let covered = 0; covered < lengths.length; ) {
    const frame = { columns: head.varint(), codec: head.uint8(), length: head.varint() };
    if (frame.columns === 0 || frame.columns > lengths.length - covered) throw malformed('page frames are malformed');
    frames.push(frame);
    covered += frame.columns;
  }
  const columns: Uint8Array[] = [];
  for (const frame of frames) {
    const own = lengths.slice(columns.length, columns.length + frame.columns);
    const plain = decompress(head.bytes(frame.length), frame.codec, sumOf(own));
    let at = 0;
    for (const length of own) columns.push(plain.subarray(at, (at += length)));
  }
  if (head.remaining !== 0) throw malformed('page is longer than its frames');
  return columns;
}

function sumOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0);
}

function decompress(frame: Uint8Array, codec: number, rawLength: number): Uint8Array {
  if (codec === CODEC_STORED && frame.length === rawLength) return frame;
  if (codec !== CODEC_ZSTD) throw malformed('page codec or length is malformed');
  let plain: Uint8Array;
  try {
    plain = unpackZstd(frame, rawLength);
  } catch (cause) {
    throw new FlamelakeError('data_loss', 'page does not decompress', { rawLength }, { cause });
  }
  if (plain.length !== rawLength) throw malformed('page raw size is not as stated');
  return plain;
}

function malformed(message: string): FlamelakeError {
  return new FlamelakeError('data_loss', message);
}
