/** Texts of a message, each written once: a count, then each text; the rest of the message says them by number. */
import type { ByteReader, ByteWriter } from '@flamelake/formats';

export interface TextTable {
  readonly texts: string[];
  readonly numberOf: Map<string, number>;
}

export function createTextTable(): TextTable {
  return { texts: [], numberOf: new Map() };
}

/** Number of a text; the first one is 0. */
export function textNumber({ texts, numberOf }: TextTable, text: string): number {
  const known = numberOf.get(text);
  if (known !== undefined) return known;
  numberOf.set(text, texts.length);
  return texts.push(text) - 1;
}

export function writeTexts(writer: ByteWriter, { texts }: TextTable): void {
  writer.varint(texts.length);
  for (const text of texts) writer.text(text);
}

export function readTexts(reader: ByteReader): readonly string[] {
  return Array.from({ length: reader.count() }, () => reader.text());
}
