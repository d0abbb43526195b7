/**
 * Table of contents of a block: everything its footer says. One page (page.ts) of one row and one column:
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
 *       sections          places
 *     block sections      places
 *
 *     places              varint count, then for each: kind, rows, bytes, varint each
 *
 * Sections lie in the object in the order in which they are listed, from offset 0 on, without anything between them.
 */
import { ByteReader, ByteWriter } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { columnOf } from './columns.ts';
import { createPageDraft, endColumn, readPages, writePage } from './page.ts';
import type { SectionPlace } from './section.ts';
import type { BlockInfo, DatasetInfo, LogRange } from './types.ts';

export interface Contents {
  readonly info: BlockInfo;
  /** Places of each dataset's sections. */
  readonly datasets: readonly (readonly SectionPlace[])[];
  /** Places of the block-wide sections. */
  readonly block: readonly SectionPlace[];
}

const ID_BYTES = 16;

export function encodeContents({ info, datasets, block }: Contents, level: number): Uint8Array {
  const draft = createPageDraft();
  const { raw } = draft;
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
    writePlaces(raw, datasets[i] ?? []);
  });
  writePlaces(raw, block);
  endColumn(draft);
  const out = new ByteWriter();
  writePage(out, draft, 1, level);
  return out.copy();
}

function writePlaces(raw: ByteWriter, places: readonly SectionPlace[]): void {
  raw.varint(places.length);
  for (const { kind, rows, lengthBytes } of places) {
    raw.varint(kind);
    raw.varint(rows);
    raw.varint(lengthBytes);
  }
}

/**
 * @param sectionBytes - bytes of the object before the footer
 * @throws {FlamelakeError} `data_loss` when the contents are malformed or the sections do not fill those bytes
 */
export function decodeContents(bytes: Uint8Array, sectionBytes: number): Contents {
  const page = readPages(bytes)[0];
  if (page === undefined) throw new FlamelakeError('data_loss', 'block contents are empty');
  const reader = columnOf(page, 0);
  const id = Buffer.from(reader.bytes(ID_BYTES)).toString('hex');
  const level = reader.varint();
  const log = readLogRange(reader);
  const datasets: DatasetInfo[] = [];
  const places: (readonly SectionPlace[])[] = [];
  let offset = 0;
  for (let left = reader.count(); left > 0; left--) {
    const tenant = reader.text();
    const service = reader.text();
    const minTimeMs = Number(reader.signedVarint64());
    const maxTimeMs = minTimeMs + reader.varint();
    const profileTypes = Array.from({ length: reader.count() }, () => reader.text());
    const own = readPlaces(reader, offset);
    const sizeBytes = own.reduce((sum, place) => sum + place.lengthBytes, 0);
    offset += sizeBytes;
    datasets.push({ tenant, service, minTimeMs, maxTimeMs, profileTypes, sizeBytes });
    places.push(own);
  }
  const block = readPlaces(reader, offset);
  for (const place of block) offset += place.lengthBytes;
  if (reader.remaining !== 0 || offset !== sectionBytes) {
    throw new FlamelakeError('data_loss', 'block contents do not match the object', { sections: offset, sectionBytes });
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

function readPlaces(reader: ByteReader, start: number): SectionPlace[] {
  let offset = start;
  return Array.from({ length: reader.count(3) }, () => {
    const kind = reader.varint();
    const rows = reader.varint();
    const lengthBytes = reader.varint();
    const place = { kind, rows, offset, lengthBytes };
    offset += lengthBytes;
    return place;
  });
}
