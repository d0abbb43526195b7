/**
 * A page: the columns of a run of rows, compressed and checksummed. Sections are runs of pages.
 *
 *     checksum  u32       CRC-32C over all that follows in the page
 *     size      u32       bytes that follow this field in the page
 *     rows      varint    rows of the run
 *     columns   varint    number of columns, then the raw length of each, varint
 *     frames    until every column is covered:
 *       columns varint    how many of the next columns the frame holds, back to back
 *       codec   u8        0 stored, 1 one zstd frame
 *       length  varint    bytes of the frame in this page
 *     bytes of the frames, back to back
 *
 * Fixed-size numbers are little-endian; a varint is LEB128.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, ByteWriter, crc32c } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';

/** Largest raw size of all columns of one page, 64 MiB; writers stay near 1 MiB unless a single value is larger. */
export const PAGE_RAW_BYTES_MAX = 67_108_864;
/** Largest raw size of all pages of one section, 2 GiB. */
const SECTION_RAW_BYTES_MAX = 2_147_483_648;
/** Rows of numbers in a page. */
export const PAGE_ROWS = 65_536;
const PAGE_HEAD_BYTES = 8;
const CODEC_STORED = 0;
const CODEC_ZSTD = 1;
/** Smaller frames are stored: a call of zstd costs about 25 µs, here and in every reader, whatever it can save. */
const COMPRESS_BYTES_MIN = 256;
/** A column this large gets a frame of its own: other columns' statistics would only spoil it. */
const OWN_FRAME_BYTES_MIN = 16_384;

/** Columns of a page being written: one buffer, cut by `endColumn`. */
export interface PageDraft {
  readonly raw: ByteWriter;
  readonly ends: number[];
}

export function createPageDraft(): PageDraft {
  return { raw: new ByteWriter(4096), ends: [] };
}

/** What was written to `raw` since the last call is one column. */
export function endColumn(draft: PageDraft): void {
  draft.ends.push(draft.raw.length);
}

/** Appends the drafted page to `out` and clears the draft. @param level - of zstd */
export function writePage(out: ByteWriter, draft: PageDraft, rows: number, level: number): void {
  const raw = draft.raw.view();
  if (raw.length > PAGE_RAW_BYTES_MAX) {
    throw new FlamelakeError('resource_exhausted', 'page is too large', { bytes: raw.length, max: PAGE_RAW_BYTES_MAX });
  }
  const body = new ByteWriter(raw.length + 64);
  body.varint(rows);
  body.varint(draft.ends.length);
  let start = 0;
  for (const end of draft.ends) {
    body.varint(end - start);
    start = end;
  }
  const frames: Uint8Array[] = [];
  let column = 0;
  let from = 0;
  while (column < draft.ends.length) {
    const until = frameEnd(draft.ends, column, from);
    const end = draft.ends[until - 1];
    const plain = raw.subarray(from, end);
    const packed = compress(plain, level);
    body.varint(until - column);
    body.uint8(packed === undefined ? CODEC_STORED : CODEC_ZSTD);
    frames.push(packed ?? plain);
    body.varint((packed ?? plain).length);
    column = until;
    from = end;
  }
  for (const frame of frames) body.bytes(frame);
  const size = new ByteWriter(16);
  size.uint32(body.length);
  out.uint32(crc32c(body.view(), crc32c(size.view())));
  out.bytes(size.view());
  out.bytes(body.view());
  draft.raw.clear();
  draft.ends.length = 0;
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
  const packed = zstdCompressSync(plain, {
    params: { [constants.ZSTD_c_compressionLevel]: level },
    chunkSize: plain.length + 512,
  });
  return packed.length > plain.length * 0.95 ? undefined : packed;
}

/** A page as read: its columns, each to be read to its end. */
export interface Page {
  readonly rows: number;
  readonly columns: readonly ByteReader[];
}

/**
 * Reads the pages of a section.
 * @throws {FlamelakeError} `data_loss` on a wrong checksum or an impossible size
 */
export function readPages(section: Uint8Array): readonly Page[] {
  const pages: Page[] = [];
  let rawBytes = 0;
  for (let at = 0; at < section.length; ) {
    const head = new ByteReader(section.subarray(at));
    const expected = head.uint32();
    const size = head.uint32();
    const body = head.bytes(size);
    const actual = crc32c(section.subarray(at + 4, at + PAGE_HEAD_BYTES + size));
    if (actual !== expected) throw new FlamelakeError('data_loss', 'page checksum mismatch', { expected, actual });
    const { page, bytes } = readPage(body, SECTION_RAW_BYTES_MAX - rawBytes);
    rawBytes += bytes;
    pages.push(page);
    at += PAGE_HEAD_BYTES + size;
  }
  return pages;
}

function readPage(body: Uint8Array, rawBytesMax: number): { page: Page; bytes: number } {
  const head = new ByteReader(body);
  const rows = head.varint();
  const lengths = Array.from({ length: head.count() }, () => head.varint());
  const frames: { columns: number; codec: number; length: number }[] = [];
  for (let covered = 0; covered < lengths.length; ) {
    const frame = { columns: head.varint(), codec: head.uint8(), length: head.varint() };
    if (frame.columns === 0 || frame.columns > lengths.length - covered) throw malformed('page frames are malformed');
    frames.push(frame);
    covered += frame.columns;
  }
  const bytes = lengths.reduce((sum, length) => sum + length, 0);
  if (bytes > Math.min(PAGE_RAW_BYTES_MAX, rawBytesMax)) throw malformed('page raw size is out of range');
  const columns: ByteReader[] = [];
  for (const frame of frames) {
    const own = lengths.slice(columns.length, columns.length + frame.columns);
    const plain = decompress(
      head.bytes(frame.length),
      frame.codec,
      own.reduce((sum, length) => sum + length, 0),
    );
    let from = 0;
    for (const length of own) {
      columns.push(new ByteReader(plain.subarray(from, from + length)));
      from += length;
    }
  }
  if (head.remaining !== 0) throw malformed('page is longer than its frames');
  return { page: { rows, columns }, bytes };
}

function decompress(frame: Uint8Array, codec: number, rawLength: number): Uint8Array {
  if (codec === CODEC_STORED && frame.length === rawLength) return frame;
  if (codec !== CODEC_ZSTD) throw malformed('page codec or length is malformed');
  let plain: Uint8Array;
  try {
    plain = zstdDecompressSync(frame, { chunkSize: Math.max(64, rawLength), maxOutputLength: Math.max(1, rawLength) });
  } catch (cause) {
    throw new FlamelakeError('data_loss', 'page does not decompress', { rawLength }, { cause });
  }
  if (plain.length !== rawLength) throw malformed('page raw size is not as stated');
  return plain;
}

function malformed(message: string): FlamelakeError {
  return new FlamelakeError('data_loss', message);
}
