/**
 * The tables that all profiles of an OTLP request share, as the places of their entries: an entry is read when a profile uses it,
 * so that what nobody uses costs two numbers, and what is wrong concerns nobody but its users.
 */
import { FlamelakeError } from '@flamelake/model';
import { GrowingUint32 } from '../growing-columns.ts';
import { malformed, type ProtobufReader, WIRE } from '../protobuf-reader.ts';

/** Fields of ProfilesDictionary, which name the tables. */
export const TABLE = {
  mappings: 1,
  locations: 2,
  functions: 3,
  links: 4,
  strings: 5,
  attributes: 6,
  stacks: 7,
} as const;

export type TableName = keyof typeof TABLE;

/** Most entries of all tables. */
const ENTRIES_MAX = 4_000_000;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class OtlpDictionary {
  readonly reader: ProtobufReader;
  /** Messages of the dictionary as sent: views; mostly one. */
  readonly parts: Uint8Array[] = [];
  /** By field number: start and end of each entry by turns. */
  readonly #places: readonly GrowingUint32[];
  #entries = 0;

  constructor(reader: ProtobufReader) {
    this.reader = reader;
    this.#places = Array.from({ length: TABLE.stacks + 1 }, () => new GrowingUint32());
  }

  /** Takes in the dictionary at `[start, end)`; of several the tables follow one another, as protobuf merges them. */
  read(start: number, end: number): void {
    const { reader } = this;
    this.parts.push(reader.bytes.subarray(start, end));
    reader.at = start;
    while (reader.at < end) {
      const tag = reader.varint();
      const field = tag >>> 3;
      if (field > TABLE.stacks || field === 0) {
        reader.skip(tag, end);
        continue;
      }
      if ((tag & 7) !== WIRE.bytes) throw malformed('otlp dictionary has a table of the wrong wire type', reader.at);
      const entryEnd = reader.fieldEnd(end);
      const places = this.#places[field];
      places.push(reader.at);
      places.push(entryEnd);
      if (++this.#entries > ENTRIES_MAX) {
        throw new FlamelakeError('invalid_argument', 'otlp dictionary has too many entries', { limit: ENTRIES_MAX });
      }
      reader.at = entryEnd;
    }
    if (reader.at !== end) throw malformed('otlp dictionary is cut short', reader.at);
  }

  get isEmpty(): boolean {
    return this.#entries === 0;
  }

  count(table: TableName): number {
    return this.#places[TABLE[table]].length >>> 1;
  }

  /** Moves the reader to an entry; returns where that ends. @throws {FlamelakeError} `invalid_argument` when there is none */
  enter(table: TableName, index: number): number {
    const places = this.#places[TABLE[table]];
    if (!(index * 2 < places.length)) {
      throw new FlamelakeError('invalid_argument', 'profile refers to an entry its dictionary does not have', {
        table,
        index,
        entries: places.length >>> 1,
      });
    }
    this.reader.at = places.values[index * 2];
    return places.values[index * 2 + 1];
  }

  /** A string of the table; the first is empty, also where there is no table. */
  text(index: number): string {
    return index === 0 ? '' : this.decode(...this.placeOf(index));
  }

  /** Where the bytes of a string are. */
  placeOf(index: number): [start: number, end: number] {
    const end = this.enter('strings', index);
    return [this.reader.at, end];
  }

  /** @throws {FlamelakeError} `invalid_argument` when the bytes are not UTF-8 */
  decode(start: number, end: number): string {
    try {
      return UTF8.decode(this.reader.bytes.subarray(start, end));
    } catch (cause) {
      throw new FlamelakeError('invalid_argument', 'otlp string is not utf-8', { offset: start }, { cause });
    }
  }
}
