/** Finds texts in a string column, and gives numbers past its end to those it lacks. */
import { FlamelakeError } from '@flamelake/model';
import type { StringColumn } from './symbols.ts';

export interface TextIndex {
  /** Index of one of the texts asked for. */
  index(text: string): number;
  /** Texts the column lacks, in the order of their indexes, from the column's count on. */
  readonly added: readonly string[];
}

/** @param wanted - all texts that will be asked for; a few */
export function createTextIndex(strings: StringColumn, wanted: readonly string[]): TextIndex {
  const indexes = new Map<string, number>();
  const byBytes = new Map<string, string>();
  const lengths = new Set<number>();
  for (const text of wanted) {
    const bytes = Buffer.from(text, 'utf8');
    byBytes.set(bytes.toString('latin1'), text);
    lengths.add(bytes.length);
  }
  const all = Buffer.from(strings.bytes.buffer, strings.bytes.byteOffset, strings.bytes.length);
  for (let i = 0; i < strings.count; i++) {
    const [start, end] = [strings.offsets[i], strings.offsets[i + 1]];
    if (!lengths.has(end - start)) continue;
    const text = byBytes.get(all.toString('latin1', start, end));
    if (text !== undefined && !indexes.has(text)) indexes.set(text, i);
  }
  const added: string[] = [];
  for (const text of wanted) if (!indexes.has(text)) indexes.set(text, strings.count + added.push(text) - 1);
  return {
    added,
    index(text) {
      const index = indexes.get(text);
      if (index === undefined) throw new FlamelakeError('internal', 'text was not asked for');
      return index;
    },
  };
}
