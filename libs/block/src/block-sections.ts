/**
 * Sections of the whole block, by column:
 *
 *     identities  0 identities, 16 bytes each, sorted by (offset, bytes)   1 offset in the log, varint of the difference
 *                                                                            from the one before in the part
 *     quarantine  0 for each record: offset, varint; reason, length and UTF-8; length, varint    1 records, back to back
 */
import { columnOf, join, readWhole, totalRows } from './columns.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, PART_ROWS, type PageWriter } from './page-writer.ts';
import type { IdentityColumns, QuarantinedRecord } from './types.ts';

export const IDENTITY_BYTES = 16;

export function writeIdentities(writer: PageWriter, identities: IdentityColumns): void {
  const { count, ids, offsets } = identities;
  for (let from = 0; from < count; from += PART_ROWS) {
    const until = Math.min(from + PART_ROWS, count);
    writer.raw.bytes(ids.subarray(from * IDENTITY_BYTES, until * IDENTITY_BYTES));
    endColumn(writer);
    let previous = 0;
    for (let i = from; i < until; i++) {
      writer.raw.varint(offsets[i] - previous);
      previous = offsets[i];
    }
    endColumn(writer);
    endPart(writer, 'identities', until - from);
  }
}

export function readIdentities(parts: readonly Part[]): IdentityColumns {
  const rows = totalRows(parts);
  const ids = join(
    parts.map((part) => readWhole(part, 0, part.rows * IDENTITY_BYTES, (reader, count) => reader.bytes(count))),
    (length) => new Uint8Array(length),
  );
  const offsets = new Float64Array(rows);
  let row = 0;
  for (const part of parts) {
    const reader = columnOf(part, 1);
    let offset = 0;
    for (let i = 0; i < part.rows; i++) {
      offset += reader.varint();
      offsets[row++] = offset;
    }
  }
  return { count: rows, ids, offsets };
}

export function writeQuarantine(writer: PageWriter, records: readonly QuarantinedRecord[]): void {
  for (const record of records) {
    writer.raw.varint(record.offset);
    writer.raw.text(record.reason);
    writer.raw.varint(record.value.length);
    endColumn(writer);
    writer.raw.bytes(record.value);
    endColumn(writer);
    endPart(writer, 'quarantine', 1);
  }
}

export function readQuarantine(parts: readonly Part[]): readonly QuarantinedRecord[] {
  const records: QuarantinedRecord[] = [];
  for (const part of parts) {
    const head = columnOf(part, 0);
    const values = columnOf(part, 1);
    for (let i = 0; i < part.rows; i++) {
      const record = { offset: head.varint(), reason: head.text() };
      records.push({ ...record, value: values.bytes(head.varint()) });
    }
  }
  return records;
}
