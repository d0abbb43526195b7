/** Enters the symbols of a record or of another block's dataset into a dataset; answers by what numbers they are known there. */
import type { FunctionColumns, LocationColumns, MappingColumns, StringColumn, Symbols } from '@flamelake/formats';
import type { DatasetState } from './dataset-state.ts';
import { halvesOf } from './int64.ts';
import { internRun, LOCATION_HEAD_WORDS } from './run-table.ts';
import { internString } from './string-table.ts';

const FUNCTION_WORDS = 4;
const MAPPING_WORDS = 9;

/** By location of `symbols`: its number in `state`. */
export function addSymbols(state: DatasetState, symbols: Symbols): Uint32Array {
  const strings = new Uint32Array(symbols.strings.count);
  const functions = addFunctions(state, symbols.functions, symbols.strings, strings);
  const mappings = addMappings(state, symbols.mappings, symbols.strings, strings);
  return addLocations(state, symbols.locations, functions, mappings);
}

/** Number of string `index`. @param known - by string, its number + 1 once it was entered */
function addString(
  state: DatasetState,
  column: StringColumn,
  view: DataView,
  known: Uint32Array,
  index: number,
): number {
  const seen = known[index];
  if (seen !== 0) return seen - 1;
  const { bytes, offsets } = column;
  const number = internString(state.strings, bytes, view, offsets[index], offsets[index + 1]);
  known[index] = number + 1;
  return number;
}

function addFunctions(
  state: DatasetState,
  functions: FunctionColumns,
  column: StringColumn,
  known: Uint32Array,
): Uint32Array {
  const view = viewOf(column.bytes);
  const run = new Uint32Array(FUNCTION_WORDS);
  const numbers = new Uint32Array(functions.count);
  for (let i = 0; i < functions.count; i++) {
    run[0] = addString(state, column, view, known, functions.name[i]);
    run[1] = addString(state, column, view, known, functions.systemName[i]);
    run[2] = addString(state, column, view, known, functions.filename[i]);
    run[3] = functions.startLine[i];
    numbers[i] = internRun(state.functions, run, FUNCTION_WORDS);
  }
  return numbers;
}

function addMappings(
  state: DatasetState,
  mappings: MappingColumns,
  column: StringColumn,
  known: Uint32Array,
): Uint32Array {
  const view = viewOf(column.bytes);
  const run = new Uint32Array(MAPPING_WORDS);
  const [start, limit, offset] = [mappings.memoryStart, mappings.memoryLimit, mappings.fileOffset].map(halvesOf);
  const numbers = new Uint32Array(mappings.count);
  for (let i = 0; i < mappings.count; i++) {
    run.set(start.subarray(2 * i, 2 * i + 2), 0);
    run.set(limit.subarray(2 * i, 2 * i + 2), 2);
    run.set(offset.subarray(2 * i, 2 * i + 2), 4);
    run[6] = addString(state, column, view, known, mappings.filename[i]);
    run[7] = addString(state, column, view, known, mappings.buildId[i]);
    run[8] = mappings.flags[i];
    numbers[i] = internRun(state.mappings, run, MAPPING_WORDS);
  }
  return numbers;
}

function addLocations(
  state: DatasetState,
  locations: LocationColumns,
  functions: Uint32Array,
  mappings: Uint32Array,
): Uint32Array {
  const { count, mapping, lineStart, lineFunction, lineNumber } = locations;
  const address = halvesOf(locations.address);
  let run = new Uint32Array(64);
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const from = lineStart[i];
    const until = lineStart[i + 1];
    const length = LOCATION_HEAD_WORDS + 2 * (until - from);
    if (length > run.length) run = new Uint32Array(length * 2);
    const mapped = mapping[i];
    run[0] = mapped === 0 ? 0 : mappings[mapped - 1] + 1;
    run[1] = address[2 * i];
    run[2] = address[2 * i + 1];
    for (let line = from, at = LOCATION_HEAD_WORDS; line < until; line++) {
      run[at++] = functions[lineFunction[line]];
      run[at++] = lineNumber[line];
    }
    numbers[i] = internRun(state.locations, run, length);
  }
  return numbers;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
