/**
 * Picks what one profile uses out of the tables of an OTLP request.
 *
 *     Location  1 mapping_index, 2 address, 3 lines (4 attribute_indices)
 *     Line      1 function_index, 2 line (3 column)
 *     Function  1 name_strindex, 2 system_name_strindex, 3 filename_strindex, 4 start_line
 *     Mapping   1 memory_start, 2 memory_limit, 3 file_offset, 4 filename_strindex, 5 attribute_indices
 *
 * The first entry of each table means "not set" and is taken for that only while it is empty: some senders have none there.
 */
import { asBigUint64, asInt32, GrowingBytes, GrowingUint32 } from '../growing-columns.ts';
import { malformed } from '../protobuf-reader.ts';
import type { Symbols } from '../symbols.ts';
import { checkUtf8 } from '../utf8.ts';
import { readAttribute } from './otlp-attributes.ts';
import type { OtlpDictionary } from './otlp-dictionary.ts';
import { Renumbering } from './renumbering.ts';
import type { WorkBudget } from './work-budget.ts';

const BUILD_ID = 'process.executable.build_id.gnu';
/** Longer strings are copied as one. */
const COPY_BYTES_MIN = 64;
/** Stands for an entry that is not set. */
export const NOT_SET = -1;
/** Numbers in a record of each column. */
const MAPPING = { size: 8, filename: 6, buildId: 7 } as const;
const FUNCTION_SIZE = 4;
const LOCATION_SIZE = 3;

export class OtlpSymbols {
  readonly #dictionary: OtlpDictionary;
  readonly #work: WorkBudget;
  readonly #stringNumbers: Renumbering;
  readonly #functionNumbers: Renumbering;
  readonly #mappingNumbers: Renumbering;
  readonly #locationNumbers: Renumbering;
  readonly #bytes = new GrowingBytes();
  readonly #stringEnds = new GrowingUint32();
  readonly #functions = new GrowingUint32();
  readonly #mappings = new GrowingUint32();
  readonly #locations = new GrowingUint32();
  readonly #lineEnds = new GrowingUint32();
  readonly #lineFunctions = new GrowingUint32();
  readonly #lineNumbers = new GrowingUint32();
  /** Index of a picked string by its number: added texts lie between them. */
  readonly #stringIndex: number[] = [];
  /** Build id by mapping attribute, '' for none: mappings share few. */
  readonly #buildIds = new Map<number, string>();

  constructor(dictionary: OtlpDictionary, work: WorkBudget) {
    this.#dictionary = dictionary;
    this.#work = work;
    this.#stringNumbers = new Renumbering(dictionary.count('strings'));
    this.#functionNumbers = new Renumbering(dictionary.count('functions'));
    this.#mappingNumbers = new Renumbering(dictionary.count('mappings'));
    this.#locationNumbers = new Renumbering(dictionary.count('locations'));
  }

  /** Starts a profile, with nothing picked but the empty string. */
  begin(): void {
    const numbers = [this.#stringNumbers, this.#functionNumbers, this.#mappingNumbers, this.#locationNumbers];
    for (const numbering of numbers) numbering.begin();
    for (const column of [this.#bytes, this.#stringEnds, this.#functions, this.#mappings]) column.clear();
    for (const column of [this.#locations, this.#lineEnds, this.#lineFunctions, this.#lineNumbers]) column.clear();
    this.#stringEnds.push(0);
  }

  /** Picks a location; NOT_SET when it is the empty first entry. */
  location(index: number): number {
    const known = this.#locationNumbers.known(index);
    return known >= 0 ? known : this.#readLocation(index);
  }

  /** Picks a string. */
  string(index: number): number {
    if (index === 0) return 0;
    const known = this.#stringNumbers.known(index);
    // String 0 is the empty one, which has no number.
    if (known >= 0) return this.#stringIndex[known];
    const { reader } = this.#dictionary;
    const { at } = reader;
    const [start, end] = this.#dictionary.placeOf(index);
    reader.at = at;
    this.#stringIndex[this.#stringNumbers.add(index)] = this.#stringEnds.length;
    return this.#append(reader.bytes, start, end);
  }

  /** Adds a text of its own. */
  addText(text: string): number {
    if (text === '') return 0;
    const bytes = Buffer.from(text, 'utf8');
    return this.#append(bytes, 0, bytes.length);
  }

  /** What was picked, in memory of its own. @throws {FlamelakeError} `invalid_argument` when a string is not UTF-8 */
  finish(): Symbols {
    const strings = {
      count: this.#stringEnds.length,
      bytes: this.#bytes.values.slice(0, this.#bytes.length),
      offsets: startsOf(this.#stringEnds),
    };
    checkUtf8(strings);
    const functions = fields(this.#functions, FUNCTION_SIZE);
    const locations = fields(this.#locations, LOCATION_SIZE);
    const mappings = fields(this.#mappings, MAPPING.size);
    const mappingCount = this.#mappings.length / MAPPING.size;
    return {
      strings,
      functions: {
        count: this.#functions.length / FUNCTION_SIZE,
        name: functions(0),
        systemName: functions(1),
        filename: functions(2),
        startLine: asInt32(functions(3)),
      },
      mappings: {
        count: mappingCount,
        memoryStart: asBigUint64(mappings(0, 1)),
        memoryLimit: asBigUint64(mappings(2, 3)),
        fileOffset: asBigUint64(mappings(4, 5)),
        filename: mappings(MAPPING.filename),
        buildId: mappings(MAPPING.buildId),
        flags: new Uint8Array(mappingCount),
      },
      locations: {
        count: this.#locations.length / LOCATION_SIZE,
        mapping: locations(0),
        address: asBigUint64(locations(1, 2)),
        lineStart: startsOf(this.#lineEnds),
        lineFunction: this.#lineFunctions.values.slice(0, this.#lineFunctions.length),
        lineNumber: asInt32(this.#lineNumbers.values.slice(0, this.#lineNumbers.length)),
      },
    };
  }

  #append(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    this.#work.spend(1 + (length >>> 3));
    const target = this.#bytes.reserve(length);
    let to = this.#bytes.length;
    // Most are too short for the engine's own copying to pay.
    if (length > COPY_BYTES_MIN) target.set(bytes.subarray(start, end), to);
    else for (let from = start; from < end; from++) target[to++] = bytes[from];
    this.#bytes.length += length;
    this.#stringEnds.push(this.#bytes.length);
    return this.#stringEnds.length - 1;
  }

  #readLocation(index: number): number {
    const { reader } = this.#dictionary;
    const end = this.#dictionary.enter('locations', index);
    if (index === 0 && reader.at === end) return NOT_SET;
    let mapping = 0;
    let low = 0;
    let high = 0;
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === 0x08) mapping = reader.index();
      else if (tag === 0x10) {
        low = reader.varint();
        high = reader.high;
      } else if (tag === 0x1a) {
        const lineEnd = reader.fieldEnd(end);
        this.#readLine(lineEnd);
        reader.at = lineEnd;
      } else reader.skip(tag, end);
    }
    if (reader.at !== end) throw malformed('otlp location is cut short', reader.at);
    const ownMapping = this.#mapping(mapping);
    const record = this.#locations.begin(LOCATION_SIZE);
    const { values } = this.#locations;
    values[record] = ownMapping;
    values[record + 1] = low;
    values[record + 2] = high;
    this.#lineEnds.push(this.#lineFunctions.length);
    return this.#locationNumbers.add(index);
  }

  #readLine(end: number): void {
    const { reader } = this.#dictionary;
    let functionIndex = 0;
    let line = 0;
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === 0x08) functionIndex = reader.index();
      else if (tag === 0x10) line = reader.clampedInt32();
      else reader.skip(tag, end);
    }
    if (reader.at !== end) throw malformed('otlp line is cut short', reader.at);
    this.#work.spend(1);
    const picked = this.#function(functionIndex);
    if (picked === NOT_SET) return;
    this.#lineFunctions.push(picked);
    this.#lineNumbers.push(line);
  }

  #function(index: number): number {
    const known = this.#functionNumbers.known(index);
    if (known >= 0) return known;
    const { reader } = this.#dictionary;
    if (index === 0 && this.#dictionary.count('functions') === 0) return NOT_SET;
    const end = this.#dictionary.enter('functions', index);
    if (index === 0 && reader.at === end) return NOT_SET;
    const record = this.#functions.begin(FUNCTION_SIZE);
    while (reader.at < end) {
      const tag = reader.varint();
      const field = tag >>> 3;
      if ((tag & 7) === 0 && field >= 1 && field <= FUNCTION_SIZE) {
        const value = field === 4 ? reader.clampedInt32() : this.string(reader.index());
        this.#functions.values[record + field - 1] = value;
      } else reader.skip(tag, end);
    }
    if (reader.at !== end) throw malformed('otlp function is cut short', reader.at);
    return this.#functionNumbers.add(index);
  }

  /** Number of a mapping + 1; 0 for none. */
  #mapping(index: number): number {
    const known = this.#mappingNumbers.known(index);
    if (known >= 0) return known + 1;
    const { reader } = this.#dictionary;
    if (index === 0 && this.#dictionary.count('mappings') === 0) return 0;
    const end = this.#dictionary.enter('mappings', index);
    if (index === 0 && reader.at === end) return 0;
    const record = this.#mappings.begin(MAPPING.size);
    const { values } = this.#mappings;
    while (reader.at < end) {
      const tag = reader.varint();
      const field = tag >>> 3;
      if (tag === 0x08 || tag === 0x10 || tag === 0x18) {
        values[record + field * 2 - 2] = reader.varint();
        values[record + field * 2 - 1] = reader.high;
      } else if (tag === 0x20) values[record + MAPPING.filename] = this.string(reader.index());
      else if (tag === 0x28) this.#buildId(record, reader.index());
      else if (tag === 0x2a) {
        const fieldEnd = reader.fieldEnd(end);
        while (reader.at < fieldEnd) this.#buildId(record, reader.index());
        if (reader.at !== fieldEnd) throw malformed('otlp mapping is cut short', reader.at);
      } else reader.skip(tag, end);
    }
    if (reader.at !== end) throw malformed('otlp mapping is cut short', reader.at);
    return this.#mappingNumbers.add(index) + 1;
  }

  /** Takes the build id from a mapping's attribute, if it is that one. */
  #buildId(record: number, attribute: number): void {
    const { reader } = this.#dictionary;
    const { at } = reader;
    let id = this.#buildIds.get(attribute);
    if (id === undefined) {
      const { key, value } = readAttribute(this.#dictionary, attribute);
      id = key === BUILD_ID ? (value ?? '') : '';
      this.#buildIds.set(attribute, id);
    }
    reader.at = at;
    if (id !== '') this.#mappings.values[record + MAPPING.buildId] = this.addText(id);
  }
}

/** Where runs start, from where they end. */
function startsOf(ends: GrowingUint32): Uint32Array {
  const starts = new Uint32Array(ends.length + 1);
  starts.set(ends.values.subarray(0, ends.length), 1);
  return starts;
}

/** Takes single fields, or the two halves of one, out of records. */
function fields({ values, length }: GrowingUint32, size: number) {
  return (low: number, high?: number): Uint32Array<ArrayBuffer> => {
    const width = high === undefined ? 1 : 2;
    const column = new Uint32Array((length / size) * width);
    for (let row = 0, at = 0; at < length; row += width, at += size) {
      column[row] = values[at + low];
      if (high !== undefined) column[row + 1] = values[at + high];
    }
    return column;
  };
}
