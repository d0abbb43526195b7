/**
 * Extents and cells in partial results.
 *
 *     extent    0, or 1 and two doubles, little-endian
 *     cells     texts · count of groups · each: labels · count of cells · each: key, count of points, 0 or 1 and exemplar
 *     exemplar  double time, zigzag 64 value; profile id, span id, trace id by number in the texts; labels
 */
import type { ByteReader, ByteWriter } from '@flamelake/formats';
import { type Cells, createCells, type Exemplar, type Extent, putCell } from './cells.ts';
import { readLabels, readText, writeLabels } from './labels-codec.ts';
import { readTexts, type TextTable, textNumber } from './text-table.ts';
import { malformed, readDouble, writeDoubles } from './wire-message.ts';

export function writeExtent(writer: ByteWriter, { range }: Extent): void {
  writer.uint8(range === undefined ? 0 : 1);
  if (range !== undefined) writeDoubles(writer, range.min, range.max);
}

export function readExtent(reader: ByteReader): Extent {
  if (reader.uint8() === 0) return { range: undefined };
  return { range: { min: readDouble(reader), max: readDouble(reader) } };
}

export function writeCells(writer: ByteWriter, table: TextTable, { groups }: Cells): void {
  writer.varint(groups.size);
  for (const { labels, cells } of groups.values()) {
    writeLabels(writer, table, labels);
    writer.varint(cells.size);
    for (const [key, { count, exemplar }] of cells) {
      writer.varint(key);
      writer.varint(count);
      writer.uint8(exemplar === undefined ? 0 : 1);
      if (exemplar !== undefined) writeExemplar(writer, table, exemplar);
    }
  }
}

/** @throws {FlamelakeError} `data_loss` when the bytes are no cells */
export function readCells(reader: ByteReader): Cells {
  const texts = readTexts(reader);
  const cells = createCells();
  let expected = 0;
  for (let groups = reader.count(2); groups > 0; groups--) {
    const labels = readLabels(reader, texts);
    const count = reader.count(3);
    for (let i = 0; i < count; i++) {
      const [key, points] = [reader.varint(), reader.varint()];
      const exemplar = reader.uint8() === 0 ? undefined : readExemplar(reader, texts);
      putCell(cells, labels, key, { count: points, exemplar });
    }
    expected += count;
  }
  if (cells.cellCount !== expected) throw malformed('cells');
  return cells;
}

function writeExemplar(writer: ByteWriter, table: TextTable, exemplar: Exemplar): void {
  const { timeMs, value, profileId, spanId, traceId, labels } = exemplar;
  writeDoubles(writer, timeMs);
  writer.signedVarint64(value);
  for (const id of [profileId, spanId, traceId]) writer.varint(textNumber(table, id));
  writeLabels(writer, table, labels);
}

function readExemplar(reader: ByteReader, texts: readonly string[]): Exemplar {
  const [timeMs, value] = [readDouble(reader), reader.signedVarint64()];
  const [profileId, spanId, traceId] = [readText(reader, texts), readText(reader, texts), readText(reader, texts)];
  return { timeMs, value, profileId, spanId, traceId, labels: readLabels(reader, texts) };
}
