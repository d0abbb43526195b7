/**
 * Section of a dataset's mappings, one part. By column, all varints:
 *
 *     0 memory start     1 memory limit     2 file offset     3 filename     4 build id     5 flags
 */
import type { MappingColumns } from '@flamelake/formats';
import { readInt64s, readUint32s, totalRows } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { Numbering } from './numbering.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, type PageWriter } from './page-writer.ts';
import { wordColumn } from './word-column.ts';

export function writeMappings(writer: PageWriter, state: DatasetState, numbering: Numbering): void {
  const { mappings, strings } = numbering;
  for (let word = 0; word < 6; word += 2) {
    const values = new BigUint64Array(mappings.count);
    const halves = new Uint32Array(values.buffer);
    const low = wordColumn(state.mappings, mappings, word, 0, mappings.count);
    const high = wordColumn(state.mappings, mappings, word + 1, 0, mappings.count);
    for (let i = 0; i < mappings.count; i++) {
      halves[2 * i] = low[i];
      halves[2 * i + 1] = high[i];
    }
    writer.raw.varints64(values);
    endColumn(writer);
  }
  writer.raw.varints(wordColumn(state.mappings, mappings, 6, 0, mappings.count, strings));
  endColumn(writer);
  writer.raw.varints(wordColumn(state.mappings, mappings, 7, 0, mappings.count, strings));
  endColumn(writer);
  writer.raw.varints(wordColumn(state.mappings, mappings, 8, 0, mappings.count));
  endColumn(writer);
  endPart(writer, 'mappings', mappings.count);
}

export function readMappings(parts: readonly Part[], stringCount: number): MappingColumns {
  const [memoryStart, memoryLimit, fileOffset] = [0, 1, 2].map(
    (index) => new BigUint64Array(readInt64s(parts, index, (reader, count) => reader.varints64(count)).buffer),
  ) as [BigUint64Array, BigUint64Array, BigUint64Array];
  const [filename, buildId] = [3, 4].map((index) =>
    readUint32s(parts, index, (reader, count) => reader.varints(count, stringCount)),
  ) as [Uint32Array, Uint32Array];
  const flags = Uint8Array.from(readUint32s(parts, 5, (reader, count) => reader.varints(count, 256)));
  return { count: totalRows(parts), memoryStart, memoryLimit, fileOffset, filename, buildId, flags };
}
