/**
 * Section of a dataset's functions. By page column:
 *
 *     0 name, delta     1 system name - name, zigzag     2 filename, delta     3 start line, zigzag
 *
 * A delta is the zigzag varint of the difference from the element before it in the page; the first counts from 0.
 */
import type { ByteWriter, FunctionColumns } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';
import { checkRows, readUint32s } from './columns.ts';
import type { DatasetState } from './dataset-state.ts';
import type { Numbering } from './numbering.ts';
import { createPageDraft, endColumn, PAGE_ROWS, type Page, writePage } from './page.ts';
import { wordColumn } from './word-column.ts';

export function writeFunctions(out: ByteWriter, state: DatasetState, numbering: Numbering, level: number): void {
  const { functions, strings } = numbering;
  const draft = createPageDraft();
  for (let from = 0; from < functions.count; from += PAGE_ROWS) {
    const until = Math.min(from + PAGE_ROWS, functions.count);
    const name = wordColumn(state.functions, functions, 0, from, until, strings);
    const system = wordColumn(state.functions, functions, 1, from, until, strings);
    for (let i = 0; i < system.length; i++) system[i] = system[i] - name[i];
    draft.raw.deltas(name);
    endColumn(draft);
    draft.raw.signedVarints(asInt32(system));
    endColumn(draft);
    draft.raw.deltas(wordColumn(state.functions, functions, 2, from, until, strings));
    endColumn(draft);
    draft.raw.signedVarints(asInt32(wordColumn(state.functions, functions, 3, from, until)));
    endColumn(draft);
    writePage(out, draft, until - from, level);
  }
}

export function readFunctions(pages: readonly Page[], rows: number, stringCount: number): FunctionColumns {
  checkRows(pages, rows);
  const name = readUint32s(pages, 0, (reader, count) => reader.deltas(count, stringCount));
  const systemName = readUint32s(pages, 1, (reader, count) => new Uint32Array(reader.signedVarints(count).buffer));
  for (let i = 0; i < rows; i++) {
    systemName[i] = systemName[i] + name[i];
    if (systemName[i] >= stringCount) throw new FlamelakeError('data_loss', 'stored number is out of range');
  }
  const filename = readUint32s(pages, 2, (reader, count) => reader.deltas(count, stringCount));
  const startLine = readUint32s(pages, 3, (reader, count) => new Uint32Array(reader.signedVarints(count).buffer));
  return { count: rows, name, systemName, filename, startLine: asInt32(startLine) };
}

function asInt32(column: Uint32Array): Int32Array {
  return new Int32Array(column.buffer, column.byteOffset, column.length);
}
