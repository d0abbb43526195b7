/**
 * Section of a dataset's strings; string 0 is empty. By page column:
 *
 *     0 lengths in bytes, varint     1 UTF-8, back to back
 */
import type { ByteWriter, StringColumn } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { checkRows, columnOf, join, readUint32s } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { Order } from './numbering.ts';
import { createPageDraft, endColumn, type Page, writePage } from './page.ts';

/** Bytes of strings in a page; one longer string makes a longer page. */
const PAGE_STRING_BYTES = 1_048_576;

export function writeStrings(out: ByteWriter, state: DatasetState, strings: Order, level: number): void {
  const { bytes, offsets } = state.strings;
  const draft = createPageDraft();
  for (let from = 0; from < strings.count; ) {
    let size = 0;
    let until = from;
    while (until < strings.count && (until === from || size < PAGE_STRING_BYTES)) {
      const old = strings.old[until++];
      const length = offsets.items[old + 1] - offsets.items[old];
      size += length;
      draft.raw.varint(length);
    }
    endColumn(draft);
    for (let i = from; i < until; i++) {
      const old = strings.old[i];
      draft.raw.bytes(bytes.items.subarray(offsets.items[old], offsets.items[old + 1]));
    }
    endColumn(draft);
    writePage(out, draft, until - from, level);
    from = until;
  }
}

export function readStrings(pages: readonly Page[], rows: number): StringColumn {
  checkRows(pages, rows);
  const lengths = readUint32s(pages, 0, (reader, count) => reader.varints(count));
  const bytes = join(
    pages.map((page) => columnOf(page, 1)).map((reader) => reader.bytes(reader.remaining)),
    (length) => new Uint8Array(length),
  );
  const offsets = new Uint32Array(rows + 1);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    at += lengths[i];
    offsets[i + 1] = at;
  }
  if (at !== bytes.length || (rows > 0 && lengths[0] !== 0)) {
    throw new FlamelakeError('data_loss', 'string lengths do not match their bytes', {
      lengths: at,
      bytes: bytes.length,
    });
  }
  return { count: rows, bytes, offsets };
}
