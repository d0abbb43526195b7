/**
 * Attributes as labels. Texts and whole numbers are kept, and lists of one such; what else there is has no form a label could take.
 *
 *     KeyValue           1 key, 2 value, 3 key_strindex            of resources and scopes
 *     KeyValueAndUnit    1 key_strindex, 2 value, 3 unit_strindex  of the dictionary
 *     AnyValue           1 string, 3 int, 5 array, 8 string_strindex (2 bool, 4 double, 6 key-value list, 7 bytes)
 *     ArrayValue         1 values
 */
import type { Label } from '@flamelake/model';
import { malformed, WIRE } from '../protobuf-reader.ts';
import type { OtlpDictionary } from './otlp-dictionary.ts';

/** Attribute that names the service. */
export const SERVICE = 'service.name';
/** A list in a list in a list is none of ours. */
const NESTING_MAX = 2;

/** Reads a KeyValue at `[start, end)`; undefined when its value can be no label. */
export function readKeyValue(dictionary: OtlpDictionary, start: number, end: number): Label | undefined {
  const { reader } = dictionary;
  let name = '';
  let value: string | undefined;
  reader.at = start;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === 0x0a || tag === 0x12) {
      const fieldEnd = reader.fieldEnd(end);
      if (tag === 0x0a) name = dictionary.decode(reader.at, fieldEnd);
      else value = readValue(dictionary, reader.at, fieldEnd, 0);
      reader.at = fieldEnd;
    } else if (tag === 0x18) name = textAt(dictionary, reader.index());
    else reader.skip(tag, end);
  }
  if (reader.at !== end) throw malformed('otlp attribute is cut short', reader.at);
  return value === undefined ? undefined : { name, value };
}

/** The key of entry `index` of the attribute table, and the text of its value unless that can be no label. */
export function readAttribute(dictionary: OtlpDictionary, index: number): { key: string; value: string | undefined } {
  const { reader } = dictionary;
  const end = dictionary.enter('attributes', index);
  let key = '';
  let value: string | undefined;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === 0x08) key = textAt(dictionary, reader.index());
    else if (tag === 0x12) {
      const fieldEnd = reader.fieldEnd(end);
      value = readValue(dictionary, reader.at, fieldEnd, 0);
      reader.at = fieldEnd;
    } else reader.skip(tag, end);
  }
  if (reader.at !== end) throw malformed('otlp attribute is cut short', reader.at);
  return { key, value };
}

function readValue(dictionary: OtlpDictionary, start: number, end: number, depth: number): string | undefined {
  const { reader } = dictionary;
  let text: string | undefined;
  reader.at = start;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === 0x0a || tag === 0x2a) {
      const fieldEnd = reader.fieldEnd(end);
      if (tag === 0x0a) text = dictionary.decode(reader.at, fieldEnd);
      else if (depth < NESTING_MAX) text = readOnly(dictionary, fieldEnd, depth + 1);
      reader.at = fieldEnd;
    } else if (tag === 0x18) text = reader.int64().toString();
    else if (tag === 0x40) text = textAt(dictionary, reader.index());
    else reader.skip(tag, end);
  }
  if (reader.at !== end) throw malformed('otlp attribute value is cut short', reader.at);
  return text;
}

/** The one value of a list; undefined when there are more, or none. */
function readOnly(dictionary: OtlpDictionary, end: number, depth: number): string | undefined {
  const { reader } = dictionary;
  let text: string | undefined;
  let count = 0;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === ((1 << 3) | WIRE.bytes)) {
      const fieldEnd = reader.fieldEnd(end);
      text = readValue(dictionary, reader.at, fieldEnd, depth);
      count++;
      reader.at = fieldEnd;
    } else reader.skip(tag, end);
  }
  return count === 1 ? text : undefined;
}

/** A string of the dictionary; the reader stays where it is. */
function textAt(dictionary: OtlpDictionary, index: number): string {
  const { at } = dictionary.reader;
  const text = dictionary.text(index);
  dictionary.reader.at = at;
  return text;
}

/** Attributes of the table, each read once a request. */
export class OtlpAttributes {
  readonly #dictionary: OtlpDictionary;
  readonly #known = new Map<number, { readonly key: string; readonly value: string | undefined }>();

  constructor(dictionary: OtlpDictionary) {
    this.#dictionary = dictionary;
  }

  /** @throws {FlamelakeError} `invalid_argument` when there is none, or it cannot be read */
  read(index: number): { readonly key: string; readonly value: string | undefined } {
    let attribute = this.#known.get(index);
    if (attribute === undefined) {
      attribute = readAttribute(this.#dictionary, index);
      this.#known.set(index, attribute);
    }
    return attribute;
  }
}
