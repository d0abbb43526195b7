/**
 * Section of a dataset's functions. By column:
 *
 *     0 name, delta     1 system name - name, zigzag     2 filename, delta     3 start line, zigzag
 *
 * A delta is the zigzag varint of the difference from the element before it in the part; the first counts from 0.
 */
import type { FunctionColumns } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { readUint32s, totalRows } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { Numbering } from './numbering.ts';
import type { Part } from './page.ts';
import { endColumn, endPart, PART_ROWS, type PageWriter } from './page-writer.ts';
import { wordColumn } from './word-column.ts';

export function writeFunctions(writer: PageWriter, state: DatasetState, numbering: Numbering): void {
  const { functions, strings } = numbering;
  for (let from = 0; from < functions.count; from += PART_ROWS) {
    const until = Math.min(from + PART_ROWS, functions.count);
    const name = wordColumn(state.functions, functions, 0, from, until, strings);
    const system = wordColumn(state.functions, functions, 1, from, until, strings);
    for (let i = 0; i < system.length; i++) system[i] = system[i] - name[i];
    writer.raw.deltas(name);
    endColumn(writer);
    writer.raw.signedVarints(asInt32(system));
    endColumn(writer);
    writer.raw.deltas(wordColumn(state.functions, functions, 2, from, until, strings));
    endColumn(writer);
    writer.raw.signedVarints(asInt32(wordColumn(state.functions, functions, 3, from, until)));
    endColumn(writer);
    endPart(writer, 'functions', until - from);
  }
}

export function readFunctions(parts: readonly Part[], stringCount: number): FunctionColumns {
  const rows = totalRows(parts);
  const name = readUint32s(parts, 0, (reader, count) => reader.deltas(count, stringCount));
  const systemName = readUint32s(parts, 1, (reader, count) => new Uint32Array(reader.signedVarints(count).buffer));
  for (let i = 0; i < rows; i++) {
    systemName[i] = systemName[i] + name[i];
    if (systemName[i] >= stringCount) throw new FlamelakeError('data_loss', 'stored number is out of range');
  }
  const filename = readUint32s(parts, 2, (reader, count) => reader.deltas(count, stringCount));
  const startLine = readUint32s(parts, 3, (reader, count) => new Uint32Array(reader.signedVarints(count).buffer));
  return { count: rows, name, systemName, filename, startLine: asInt32(startLine) };
}

function asInt32(column: Uint32Array): Int32Array {
  return new Int32Array(column.buffer, column.byteOffset, column.length);
}
