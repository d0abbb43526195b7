/**
 * Table of contents of a block: everything its footer says. One page (page.ts) of one part with one column:
 *
 *     block id            16 bytes
 *     level               varint
 *     log id              text (length and UTF-8)
 *     partition, position, next, last append time in ms   varint each
 *     gaps                varint count, then from and until of each, varint
 *     datasets            varint count, then for each:
 *       tenant, service   text each
 *       time range        first time in ms, zigzag; last - first, varint
 *       profile types     varint count, then text each
 *       pages             pages
 *     block pages         pages
 *
 *     pages               varint count, then for each: bytes, number of parts, kind and rows of each part, varint each
 *
 * Pages lie in the object in the order in which they are listed, from offset 0 on, without anything between them.
 */
import { ByteReader, ByteWriter } from '@flamelake/formats';
import { FlamelakeError, UNBOUNDED_MEMORY } from '@flamelake/model';
import { decodePage, encodePage, PAGE_RAW_BYTES_MAX } from './page.ts';
import type { WrittenPage } from './page-writer.ts';
import type { PagePlace } from './section.ts';
import type { BlockInfo, DatasetInfo, LogRange } from './types.ts';

export interface Contents<Page extends WrittenPage = PagePlace> {
  readonly info: BlockInfo;
  /** Pages of each dataset. */
  readonly datasets: readonly (readonly Page[])[];
  /** Pages of the block-wide sections. */
  readonly block: readonly Page[];
}

const ID_BYTES = 16;

export function encodeContents({ info, datasets, block }: Contents<WrittenPage>, level: number): Uint8Array {
  const raw = new ByteWriter(4096);
  raw.bytes(Buffer.from(info.id, 'hex'));
  raw.varint(info.level);
  raw.text(info.log.logId);
  for (const number of [info.log.partition, info.log.position, info.log.next, info.log.lastAppendMs])
    raw.varint(number);
  raw.varint(info.log.gaps.length);
  for (const gap of info.log.gaps) {
    raw.varint(gap.from);
    raw.varint(gap.until);
  }
  raw.varint(info.datasets.length);
  info.datasets.forEach((dataset, i) => {
    raw.text(dataset.tenant);
    raw.text(dataset.service);
    raw.signedVarint64(BigInt(dataset.minTimeMs));
    raw.varint(dataset.maxTimeMs - dataset.minTimeMs);
    raw.varint(dataset.profileTypes.length);
    for (const type of dataset.profileTypes) raw.text(type);
    writePages(raw, datasets[i] ?? []);
  });
  writePages(raw, block);
  const out = new ByteWriter();
  encodePage(out, raw.view(), [raw.length], [1], level);
  return out.copy();
}

function writePages(raw: ByteWriter, pages: readonly WrittenPage[]): void {
  raw.varint(pages.length);
  for (const { lengthBytes, parts } of pages) {
    raw.varint(lengthBytes);
    raw.varint(parts.length);
    for (const { kind, rows } of parts) {
      raw.varint(kind);
      raw.varint(rows);
    }
  }
}

/** What a raw byte of the contents becomes at most: there is an object for each page and part. */
const OBJECT_BYTES = 24;

/**
 * @param pageBytes - bytes of the object before the footer
 * @param memory - what the contents become is taken from it
 * @throws {FlamelakeError} `data_loss` when the contents are malformed or the pages do not fill those bytes
 */
export function decodeContents(bytes: Uint8Array, pageBytes: number, memory = UNBOUNDED_MEMORY): Contents {
  const column = decodePage(bytes, PAGE_RAW_BYTES_MAX, memory).parts[0]?.[0];
  if (column === undefined) throw new FlamelakeError('data_loss', 'block contents are empty');
  memory.take(column.length * OBJECT_BYTES);
  const reader = new ByteReader(column);
  const id = Buffer.from(reader.bytes(ID_BYTES)).toString('hex');
  const level = reader.varint();
  const log = readLogRange(reader);
  const datasets: DatasetInfo[] = [];
  const places: (readonly PagePlace[])[] = [];
  let offset = 0;
  for (let left = reader.count(); left > 0; left--) {
    const tenant = reader.text();
    const service = reader.text();
    const minTimeMs = Number(reader.signedVarint64());
    const maxTimeMs = minTimeMs + reader.varint();
    const profileTypes = Array.from({ length: reader.count() }, () => reader.text());
    const own = readPages(reader, offset);
    const sizeBytes = own.reduce((sum, place) => sum + place.lengthBytes, 0);
    offset += sizeBytes;
    datasets.push({ tenant, service, minTimeMs, maxTimeMs, profileTypes, sizeBytes });
    places.push(own);
  }
  const block = readPages(reader, offset);
  for (const place of block) offset += place.lengthBytes;
  if (reader.remaining !== 0 || offset !== pageBytes) {
    throw new FlamelakeError('data_loss', 'block contents do not match the object', { pages: offset, pageBytes });
  }
  return { info: { id, level, log, datasets }, datasets: places, block };
}

function readLogRange(reader: ByteReader): LogRange {
  const logId = reader.text();
  const partition = reader.varint();
  const position = reader.varint();
  const next = reader.varint();
  const lastAppendMs = reader.varint();
  const gaps = Array.from({ length: reader.count(2) }, () => ({ from: reader.varint(), until: reader.varint() }));
  return { logId, partition, position, next, lastAppendMs, gaps };
}

function readPages(reader: ByteReader, start: number): PagePlace[] {
  let offset = start;
  return Array.from({ length: reader.count(2) }, () => {
    const lengthBytes = reader.varint();
    const parts = Array.from({ length: reader.count(2) }, () => ({ kind: reader.varint(), rows: reader.varint() }));
    const place = { offset, lengthBytes, parts };
    offset += lengthBytes;
    return place;
  });
}
