/** Labels in messages: a count, then name and value of each by number in a table of texts. */
import type { ByteReader, ByteWriter } from '@flamelake/formats';
import type { Label, Labels } from '@flamelake/model';
import { type TextTable, textNumber } from './text-table.ts';
import { malformed } from './wire-message.ts';

export function writeLabels(writer: ByteWriter, table: TextTable, labels: Labels): void {
  writer.varint(labels.length);
  for (const { name, value } of labels) {
    writer.varint(textNumber(table, name));
    writer.varint(textNumber(table, value));
  }
}

export function readLabels(reader: ByteReader, texts: readonly string[]): Label[] {
  return Array.from({ length: reader.count(2) }, () => ({
    name: readText(reader, texts),
    value: readText(reader, texts),
  }));
}

export function readText(reader: ByteReader, texts: readonly string[]): string {
  const text = texts[reader.varint()];
  if (text === undefined) throw malformed('text');
  return text;
}
