/**
 * Section of a dataset's mappings, one page. By column, all varints:
 *
 *     0 memory start     1 memory limit     2 file offset     3 filename     4 build id     5 flags
 */
import type { ByteWriter, MappingColumns } from '@flamelake/formats';
import { checkRows, readInt64s, readUint32s } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { Numbering } from './numbering.ts';
import { createPageDraft, endColumn, type Page, writePage } from './page.ts';
import { wordColumn } from './word-column.ts';

export function writeMappings(out: ByteWriter, state: DatasetState, numbering: Numbering, level: number): void {
  const { mappings, strings } = numbering;
  if (mappings.count === 0) return;
  const draft = createPageDraft();
  for (let word = 0; word < 6; word += 2) {
    const values = new BigUint64Array(mappings.count);
    const halves = new Uint32Array(values.buffer);
    const low = wordColumn(state.mappings, mappings, word, 0, mappings.count);
    const high = wordColumn(state.mappings, mappings, word + 1, 0, mappings.count);
    for (let i = 0; i < mappings.count; i++) {
      halves[2 * i] = low[i];
      halves[2 * i + 1] = high[i];
    }
    draft.raw.varints64(values);
    endColumn(draft);
  }
  draft.raw.varints(wordColumn(state.mappings, mappings, 6, 0, mappings.count, strings));
  endColumn(draft);
  draft.raw.varints(wordColumn(state.mappings, mappings, 7, 0, mappings.count, strings));
  endColumn(draft);
  draft.raw.varints(wordColumn(state.mappings, mappings, 8, 0, mappings.count));
  endColumn(draft);
  writePage(out, draft, mappings.count, level);
}

export function readMappings(pages: readonly Page[], rows: number, stringCount: number): MappingColumns {
  checkRows(pages, rows);
  const [memoryStart, memoryLimit, fileOffset] = [0, 1, 2].map(
    (index) => new BigUint64Array(readInt64s(pages, index, (reader, count) => reader.varints64(count)).buffer),
  ) as [BigUint64Array, BigUint64Array, BigUint64Array];
  const [filename, buildId] = [3, 4].map((index) =>
    readUint32s(pages, index, (reader, count) => reader.varints(count, stringCount)),
  ) as [Uint32Array, Uint32Array];
  const flags = Uint8Array.from(readUint32s(pages, 5, (reader, count) => reader.varints(count, 256)));
  return { count: rows, memoryStart, memoryLimit, fileOffset, filename, buildId, flags };
}
