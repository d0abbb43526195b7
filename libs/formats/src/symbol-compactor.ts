/**
 * Takes over what a profile's stacks use of its symbols, once each: equal functions and equal locations become one, the rest is
 * left behind. On the way names are cleaned up and addresses cleared that symbols have made useless.
 */
import { ColumnArena } from './column-arena.ts';
import { type FunctionNames, namesOf } from './function-names.ts';
import { asBigUint64, asInt32 } from './growing-columns.ts';
import { createStringPicker, type StringPicker } from './string-picker.ts';
import type { MappingColumns, Symbols } from './symbols.ts';

const HASH_MULTIPLIER = 0x9e37_79b1;
/** Name of the frame that stands for what was cut off a stack. */
const TRUNCATED_NAME = '[truncated]';

/** How names and strings are to come out. */
export interface SymbolOptions {
  readonly stringBytesMax: number;
  readonly filenamesInNames: 'none' | 'relative' | 'all';
}

export class SymbolCompactor {
  readonly #from: Symbols;
  readonly #strings: StringPicker;
  readonly #names: FunctionNames;

  /** New index by old one, + 1; 0 is not yet taken over. */
  readonly #newFunction: Uint32Array;
  readonly #newLocation: Uint32Array;
  readonly #newMapping: Uint32Array;
  readonly #mappingSource: Uint32Array;
  /** By new mapping: some frame is known by nothing but its address. */
  readonly #needsAddresses: Uint32Array;
  #mappingCount = 0;

  /** Open addressing over what was taken over; index + 1. */
  readonly #functionTable: Uint32Array;
  readonly #locationTable: Uint32Array;

  #functionCount = 0;
  readonly #functionName: Uint32Array;
  readonly #functionSystem: Uint32Array;
  readonly #functionFile: Uint32Array;
  readonly #functionLine: Int32Array;

  #locationCount = 0;
  #lineCount = 0;
  readonly #locationMapping: Uint32Array;
  /** Low and high halves. */
  readonly #address: Uint32Array<ArrayBuffer>;
  readonly #oldAddress: Uint32Array;
  readonly #lineStart: Uint32Array;
  readonly #lineFunction: Uint32Array;
  readonly #lineNumber: Int32Array;
  #truncated = -1;

  constructor(from: Symbols, options: SymbolOptions) {
    this.#from = from;
    this.#strings = createStringPicker(from.strings, options.stringBytesMax);
    this.#names = namesOf(from, this.#strings, options.filenamesInNames);
    const { functions, locations, mappings } = from;
    const lineCount = locations.lineFunction.length;
    const functionSlots = tableSize(functions.count + 1);
    const locationSlots = tableSize(locations.count + 1);
    const lookUps = new ColumnArena(
      (functions.count + locations.count + mappings.count * 3 + functionSlots + locationSlots) * 4,
      8,
    );
    this.#newFunction = lookUps.zeros(functions.count);
    this.#newLocation = lookUps.zeros(locations.count);
    this.#newMapping = lookUps.zeros(mappings.count);
    this.#mappingSource = lookUps.zeros(mappings.count);
    this.#needsAddresses = lookUps.zeros(mappings.count);
    this.#functionTable = lookUps.zeros(functionSlots);
    this.#locationTable = lookUps.zeros(locationSlots);
    // One more of each than there were, for the frame of cut stacks.
    const columns = new ColumnArena((functions.count + 1) * 16 + (locations.count + 2) * 16 + (lineCount + 1) * 8, 10);
    this.#functionName = columns.uint32(functions.count + 1);
    this.#functionSystem = columns.uint32(functions.count + 1);
    this.#functionFile = columns.uint32(functions.count + 1);
    this.#functionLine = asInt32(columns.uint32(functions.count + 1));
    this.#locationMapping = columns.uint32(locations.count + 1);
    this.#address = columns.uint32((locations.count + 1) * 2);
    this.#oldAddress = new Uint32Array(locations.address.buffer, locations.address.byteOffset, locations.count * 2);
    this.#lineStart = columns.uint32(locations.count + 2);
    this.#lineStart[0] = 0;
    this.#lineFunction = columns.uint32(lineCount + 1);
    this.#lineNumber = asInt32(columns.uint32(lineCount + 1));
  }

  /** Takes over a location; returns its new index. */
  location(old: number): number {
    const known = this.#newLocation[old];
    if (known !== 0) return known - 1;
    const { locations } = this.#from;
    const start = locations.lineStart[old];
    const end = locations.lineStart[old + 1];
    const mapping = this.#mapping(locations.mapping[old], start === end);
    for (let line = start; line < end; line++) {
      const at = this.#lineCount + line - start;
      this.#lineFunction[at] = this.#function(locations.lineFunction[line]);
      this.#lineNumber[at] = locations.lineNumber[line];
    }
    // Symbols say all there is to know: without its address a frame is equal in every build and at every load address.
    const hasAddress = start === end;
    const low = hasAddress ? this.#oldAddress[old * 2] : 0;
    const high = hasAddress ? this.#oldAddress[old * 2 + 1] : 0;
    const made = this.#addLocation(mapping, low, high, end - start);
    this.#newLocation[old] = made + 1;
    return made;
  }

  /** The location that stands for frames cut off a stack. */
  truncatedLocation(): number {
    if (this.#truncated < 0) {
      const name = this.#strings.add(Buffer.from(TRUNCATED_NAME));
      this.#lineFunction[this.#lineCount] = this.#addFunction(name, name, 0, 0);
      this.#lineNumber[this.#lineCount] = 0;
      this.#truncated = this.#addLocation(0, 0, 0, 1);
    }
    return this.#truncated;
  }

  /** Everything taken over, and how many strings were cut. Ends the taking over. */
  finish(): { symbols: Symbols; truncatedStrings: number } {
    const functionCount = this.#functionCount;
    const pick = (column: Uint32Array) => {
      const picked = column.subarray(0, functionCount);
      for (let i = 0; i < functionCount; i++) this.#strings.use(picked[i]);
      return picked;
    };
    const name = pick(this.#functionName);
    const systemName = pick(this.#functionSystem);
    const filename = pick(this.#functionFile);
    const mappings = this.#finishMappings();
    const { strings, newIndex, truncatedStrings } = this.#strings.finish();
    for (const column of [name, systemName, filename, mappings.filename, mappings.buildId]) {
      for (let i = 0; i < column.length; i++) column[i] = newIndex[column[i]];
    }
    const locations = {
      count: this.#locationCount,
      mapping: this.#locationMapping.subarray(0, this.#locationCount),
      address: asBigUint64(this.#address.subarray(0, this.#locationCount * 2)),
      lineStart: this.#lineStart.subarray(0, this.#locationCount + 1),
      lineFunction: this.#lineFunction.subarray(0, this.#lineCount),
      lineNumber: this.#lineNumber.subarray(0, this.#lineCount),
    };
    const startLine = this.#functionLine.subarray(0, functionCount);
    const functions = { count: functionCount, name, systemName, filename, startLine };
    return { symbols: { strings, functions, mappings, locations }, truncatedStrings };
  }

  /** Takes over a function; returns its new index. */
  #function(old: number): number {
    const known = this.#newFunction[old];
    if (known !== 0) return known - 1;
    const { functions } = this.#from;
    const made = this.#addFunction(
      this.#names.name(old),
      this.#names.systemName(old),
      functions.filename[old],
      functions.startLine[old],
    );
    this.#newFunction[old] = made + 1;
    return made;
  }

  #addFunction(name: number, systemName: number, filename: number, startLine: number): number {
    const table = this.#functionTable;
    const mask = table.length - 1;
    let hash = Math.imul(name ^ Math.imul(filename, HASH_MULTIPLIER), HASH_MULTIPLIER) ^ startLine;
    hash = Math.imul(hash ^ (hash >>> 15), HASH_MULTIPLIER);
    for (let slot = (hash ^ (hash >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      const found = table[slot] - 1;
      if (found < 0) {
        const made = this.#functionCount++;
        this.#functionName[made] = name;
        this.#functionSystem[made] = systemName;
        this.#functionFile[made] = filename;
        this.#functionLine[made] = startLine;
        table[slot] = made + 1;
        return made;
      }
      if (
        this.#functionName[found] === name &&
        this.#functionSystem[found] === systemName &&
        this.#functionFile[found] === filename &&
        this.#functionLine[found] === startLine
      ) {
        return found;
      }
    }
  }

  /** Adds the location whose lines were written behind the last one's, or finds an equal one. */
  #addLocation(mapping: number, low: number, high: number, lines: number): number {
    const table = this.#locationTable;
    const mask = table.length - 1;
    const start = this.#lineCount;
    const made = this.#locationCount;
    let hash = Math.imul(mapping ^ Math.imul(low ^ Math.imul(high, HASH_MULTIPLIER), HASH_MULTIPLIER), HASH_MULTIPLIER);
    for (let line = start; line < start + lines; line++) {
      hash = Math.imul(hash ^ this.#lineFunction[line], HASH_MULTIPLIER) ^ this.#lineNumber[line];
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ (hash >>> 15), HASH_MULTIPLIER);
    for (let slot = (hash ^ (hash >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      const found = table[slot] - 1;
      if (found < 0) {
        this.#locationMapping[made] = mapping;
        this.#address[made * 2] = low;
        this.#address[made * 2 + 1] = high;
        this.#lineCount = start + lines;
        this.#lineStart[made + 1] = this.#lineCount;
        this.#locationCount = made + 1;
        table[slot] = made + 1;
        return made;
      }
      if (
        this.#locationMapping[found] === mapping &&
        this.#address[found * 2] === low &&
        this.#address[found * 2 + 1] === high &&
        this.#hasLines(found, start, lines)
      ) {
        return found;
      }
    }
  }

  #hasLines(location: number, start: number, lines: number): boolean {
    const own = this.#lineStart[location];
    if (this.#lineStart[location + 1] - own !== lines) return false;
    for (let i = 0; i < lines; i++) {
      if (this.#lineFunction[own + i] !== this.#lineFunction[start + i]) return false;
      if (this.#lineNumber[own + i] !== this.#lineNumber[start + i]) return false;
    }
    return true;
  }

  /** Takes over a mapping; old and new are index + 1, 0 is none. */
  #mapping(old: number, needsAddress: boolean): number {
    if (old === 0) return 0;
    let made = this.#newMapping[old - 1];
    if (made === 0) {
      this.#mappingSource[this.#mappingCount++] = old - 1;
      made = this.#mappingCount;
      this.#newMapping[old - 1] = made;
    }
    if (needsAddress) this.#needsAddresses[made - 1] = 1;
    return made;
  }

  #finishMappings(): MappingColumns {
    const from = this.#from.mappings;
    const count = this.#mappingCount;
    const sources = this.#mappingSource.subarray(0, count);
    const used = (column: Uint32Array) => {
      const picked = Uint32Array.from(sources, (old) => column[old]);
      for (const string of picked) this.#strings.use(string);
      return picked;
    };
    const place = (column: BigUint64Array) =>
      BigUint64Array.from(sources, (old, i) => (this.#needsAddresses[i] === 1 ? column[old] : 0n) as never);
    return {
      count,
      memoryStart: place(from.memoryStart),
      memoryLimit: place(from.memoryLimit),
      fileOffset: place(from.fileOffset),
      filename: used(from.filename),
      buildId: used(from.buildId),
      flags: Uint8Array.from(sources, (old) => from.flags[old]),
    };
  }
}

/** A power of two at least twice `count`. */
export function tableSize(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(8, count * 2)));
}
