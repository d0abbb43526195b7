/**
 * Sections of the whole block, by page column:
 *
 *     identities  0 identities, 16 bytes each, sorted by (offset, bytes)   1 offset in the log, varint of the difference
 *                                                                            from the one before in the page
 *     quarantine  0 for each record: offset, varint; reason, length and UTF-8; length, varint    1 records, back to back
 */
import type { ByteWriter } from '@flamelake/formats';
import { checkRows, columnOf, join, readWhole } from './columns.ts';
import { createPageDraft, endColumn, PAGE_ROWS, type Page, writePage } from './page.ts';
import type { IdentityColumns, QuarantinedRecord } from './types.ts';

export const IDENTITY_BYTES = 16;

export function writeIdentities(out: ByteWriter, identities: IdentityColumns, level: number): void {
  const { count, ids, offsets } = identities;
  const draft = createPageDraft();
  for (let from = 0; from < count; from += PAGE_ROWS) {
    const until = Math.min(from + PAGE_ROWS, count);
    draft.raw.bytes(ids.subarray(from * IDENTITY_BYTES, until * IDENTITY_BYTES));
    endColumn(draft);
    let previous = 0;
    for (let i = from; i < until; i++) {
      draft.raw.varint(offsets[i] - previous);
      previous = offsets[i];
    }
    endColumn(draft);
    writePage(out, draft, until - from, level);
  }
}

export function readIdentities(pages: readonly Page[], rows: number): IdentityColumns {
  checkRows(pages, rows);
  const ids = join(
    pages.map((page) => readWhole(page, 0, page.rows * IDENTITY_BYTES, (reader, count) => reader.bytes(count))),
    (length) => new Uint8Array(length),
  );
  const offsets = new Float64Array(rows);
  let row = 0;
  for (const page of pages) {
    const reader = columnOf(page, 1);
    let offset = 0;
    for (let i = 0; i < page.rows; i++) {
      offset += reader.varint();
      offsets[row++] = offset;
    }
  }
  return { count: rows, ids, offsets };
}

export function writeQuarantine(out: ByteWriter, records: readonly QuarantinedRecord[], level: number): void {
  const draft = createPageDraft();
  for (const record of records) {
    draft.raw.varint(record.offset);
    draft.raw.text(record.reason);
    draft.raw.varint(record.value.length);
    endColumn(draft);
    draft.raw.bytes(record.value);
    endColumn(draft);
    writePage(out, draft, 1, level);
  }
}

export function readQuarantine(pages: readonly Page[], rows: number): readonly QuarantinedRecord[] {
  checkRows(pages, rows);
  const records: QuarantinedRecord[] = [];
  for (const page of pages) {
    const head = columnOf(page, 0);
    const values = columnOf(page, 1);
    for (let i = 0; i < page.rows; i++) {
      const record = { offset: head.varint(), reason: head.text() };
      records.push({ ...record, value: values.bytes(head.varint()) });
    }
  }
  return records;
}
