/**
 * Section of a dataset's strings; string 0 is empty. By column:
 *
 *     0 lengths in bytes, varint     1 UTF-8, back to back
 */
import type { StringColumn } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { columnOf, join, readUint32s, totalRows } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { Order } from './numbering.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, type PageWriter } from './page-writer.ts';

/** Bytes of strings in a part; one longer string makes a longer part. */
const PART_STRING_BYTES = 1_048_576;

export function writeStrings(writer: PageWriter, state: DatasetState, strings: Order): void {
  const { bytes, offsets } = state.strings;
  for (let from = 0; from < strings.count; ) {
    let size = 0;
    let until = from;
    while (until < strings.count && (until === from || size < PART_STRING_BYTES)) {
      const old = strings.old[until++];
      const length = offsets.items[old + 1] - offsets.items[old];
      size += length;
      writer.raw.varint(length);
    }
    endColumn(writer);
    for (let i = from; i < until; i++) {
      const old = strings.old[i];
      writer.raw.bytes(bytes.items.subarray(offsets.items[old], offsets.items[old + 1]));
    }
    endColumn(writer);
    endPart(writer, 'strings', until - from);
    from = until;
  }
}

export function readStrings(parts: readonly Part[]): StringColumn {
  const rows = totalRows(parts);
  const lengths = readUint32s(parts, 0, (reader, count) => reader.varints(count));
  const bytes = join(
    parts.map((part) => columnOf(part, 1)).map((reader) => reader.bytes(reader.remaining)),
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
