/**
 * The labels that the Java agent sends beside a recording: LabelsSnapshot{contexts=1 map<int64, Context>, strings=2 map<int64, string>},
 * Context{labels=1 map<int64, int64>}, of which keys and values are ids of strings. Events name a context.
 */
import { FlamelakeError, type Label, labelsKey, sortLabels } from '@flamelake/model';
import { ProtobufReader, WIRE } from '../protobuf-reader.ts';

const ENTRIES_MAX = 1_000_000;
const LABELS_MAX = 100;

export interface LabelContexts {
  /** Distinct label sets; set 0 is empty. */
  readonly sets: readonly (readonly Label[])[];
  /** Number of the label set of a context; 0 for a context that is not known. */
  set(context: number): number;
  /** String by id. */
  string(id: number): string | undefined;
}

export const NO_CONTEXTS: LabelContexts = { sets: [[]], set: () => 0, string: () => undefined };

/** @throws {FlamelakeError} `invalid_argument` when the bytes are no such message */
export function decodeLabelsSnapshot(bytes: Uint8Array): LabelContexts {
  const reader = new ProtobufReader(bytes);
  const strings = new Map<number, string>();
  const contexts = new Map<number, readonly number[]>();
  while (reader.at < bytes.length) {
    const tag = reader.varint();
    if (tag === 0x0a)
      readEntry(reader, bytes.length, (key, start, end) => contexts.set(key, readContext(reader, start, end)));
    else if (tag === 0x12)
      readEntry(reader, bytes.length, (key, start, end) => strings.set(key, text(bytes, start, end)));
    else reader.skip(tag, bytes.length);
    if (contexts.size + strings.size > ENTRIES_MAX) {
      throw new FlamelakeError('invalid_argument', 'labels of a recording are too many', { limit: ENTRIES_MAX });
    }
  }
  return resolve(strings, contexts);
}

function resolve(
  strings: ReadonlyMap<number, string>,
  contexts: ReadonlyMap<number, readonly number[]>,
): LabelContexts {
  const sets: (readonly Label[])[] = [[]];
  const numbers = new Map<string, number>([[labelsKey([]), 0]]);
  const byContext = new Map<number, number>();
  for (const [context, ids] of contexts) {
    const labels: Label[] = [];
    for (let i = 0; i < ids.length; i += 2) {
      const name = strings.get(ids[i]);
      const value = strings.get(ids[i + 1]);
      if (name !== undefined && value !== undefined) labels.push({ name, value });
    }
    const set = sortLabels(labels);
    const key = labelsKey(set);
    let number = numbers.get(key);
    if (number === undefined) {
      number = sets.push(set) - 1;
      numbers.set(key, number);
    }
    byContext.set(context, number);
  }
  return { sets, set: (context) => byContext.get(context) ?? 0, string: (id) => strings.get(id) };
}

/** Reads a map entry: key 1 a number, value 2 bytes. */
function readEntry(reader: ProtobufReader, end: number, take: (key: number, start: number, end: number) => void): void {
  const entryEnd = reader.fieldEnd(end);
  let key = 0;
  let valueStart = reader.at;
  let valueEnd = valueStart;
  while (reader.at < entryEnd) {
    const tag = reader.varint();
    if (tag === 0x08) key = wide(reader);
    else if (tag === 0x12) {
      valueEnd = reader.fieldEnd(entryEnd);
      valueStart = reader.at;
      reader.at = valueEnd;
    } else reader.skip(tag, entryEnd);
  }
  if (reader.at !== entryEnd) throw cutShort();
  take(key, valueStart, valueEnd);
  reader.at = entryEnd;
}

/** Ids of names and values in turn. */
function readContext(reader: ProtobufReader, start: number, end: number): number[] {
  reader.at = start;
  const ids: number[] = [];
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag !== 0x0a) {
      reader.skip(tag, end);
      continue;
    }
    const entryEnd = reader.fieldEnd(end);
    let name = 0;
    let value = 0;
    while (reader.at < entryEnd) {
      const inner = reader.varint();
      if (inner === ((1 << 3) | WIRE.varint)) name = wide(reader);
      else if (inner === ((2 << 3) | WIRE.varint)) value = wide(reader);
      else reader.skip(inner, entryEnd);
    }
    if (reader.at !== entryEnd) throw cutShort();
    ids.push(name, value);
    if (ids.length > LABELS_MAX * 2) {
      throw new FlamelakeError('invalid_argument', 'labels of a context are too many', { limit: LABELS_MAX });
    }
  }
  if (reader.at !== end) throw cutShort();
  return ids;
}

function wide(reader: ProtobufReader): number {
  const low = reader.varint();
  return reader.high * 0x1_0000_0000 + low;
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

function cutShort(): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'labels of a recording are cut short');
}
