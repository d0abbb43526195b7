/** Turns the columns as read into a `Pprof`: ids become indexes, and every reference is checked. */
import { FlamelakeError } from '@flamelake/model';
import { ColumnArena } from './column-arena.ts';
import { asBigInt64, asBigUint64, asInt32, type GrowingUint32 } from './growing-columns.ts';
import { resolveIds } from './id-table.ts';
import type { Pprof, ValueType } from './pprof.ts';
import { FUNCTION, LABEL, LINE, LOCATION, MAPPING, type PprofColumns } from './pprof-columns.ts';
import { stringAt } from './string-column.ts';
import type { StringColumn, Symbols } from './symbols.ts';
import { checkUtf8 } from './utf8.ts';

/** Columns of a `Pprof`, and room for some more. */
const COLUMNS_MAX = 48;

/** @throws {FlamelakeError} `invalid_argument` when something the profile refers to is not there, or its text is not UTF-8 */
export function finishPprof(columns: PprofColumns, options: { repairFunctionIds: boolean }): Pprof {
  // Starts are one longer than ends; nothing else outgrows what was read.
  const arena = new ColumnArena(columns.sizeBytes, COLUMNS_MAX);
  const strings = finishStrings(columns, arena);
  const sampleTypes = valueTypes(strings, columns.sampleTypes, 'sample type');
  const sampleCount = columns.stackEnds.length;
  if (sampleTypes.length === 0) throw invalid('profile has no sample types');
  if (columns.values.length !== sampleCount * sampleTypes.length * 2) {
    throw invalid('profile sample has another number of values than there are sample types');
  }
  if (options.repairFunctionIds) repairFunctionIds(columns);

  const { labels } = columns;
  const stackLocations = finishStacks(columns, arena);
  return {
    symbols: finishSymbols(columns, strings, arena),
    sampleTypes,
    periodType: valueTypes(strings, columns.periodType, 'period type')[0],
    period: columns.period,
    timeNanos: columns.timeNanos,
    durationNanos: columns.durationNanos,
    stacks: { count: sampleCount, start: startsOf(columns.stackEnds, arena), locations: stackLocations },
    sampleCount,
    values: asBigInt64(arena.copy(columns.values)),
    labels: {
      start: startsOf(columns.labelEnds, arena),
      key: checked(strings, arena.field(labels, LABEL.size, LABEL.key), 'label key'),
      text: checked(strings, arena.field(labels, LABEL.size, LABEL.text), 'label value'),
      number: asBigInt64(arena.wideField(labels, LABEL.size, LABEL.number, LABEL.numberHigh)),
      numberUnit: checked(strings, arena.field(labels, LABEL.size, LABEL.unit), 'label unit'),
    },
    comments: texts(strings, columns.comments, 'comment'),
    defaultSampleType: checkedText(strings, columns.defaultSampleType, 'default sample type'),
  };
}

function finishStacks({ locations, stackLocations }: PprofColumns, arena: ColumnArena): Uint32Array {
  const given = stackLocations.give();
  const ids = { values: given ?? stackLocations.values, size: 1, first: 0 };
  const indexes = given ?? arena.uint32(stackLocations.length);
  const locationIds = { records: locations, size: LOCATION.size, first: LOCATION.id };
  resolveIds('location', locationIds, ids, indexes, { zeroIsNone: false });
  return indexes;
}

function finishSymbols(columns: PprofColumns, strings: StringColumn, arena: ColumnArena): Symbols {
  const { functions, lines, locations, mappings } = columns;
  const lineFunction = arena.uint32(lines.length / LINE.size);
  const functionIds = { records: functions, size: FUNCTION.size, first: FUNCTION.id };
  const lineIds = { values: lines.values, size: LINE.size, first: LINE.functionId };
  resolveIds('function', functionIds, lineIds, lineFunction, { zeroIsNone: false });
  const locationMapping = arena.uint32(locations.length / LOCATION.size);
  const mappingIds = { records: mappings, size: MAPPING.size, first: MAPPING.id };
  const locationIds = { values: locations.values, size: LOCATION.size, first: LOCATION.mapping };
  resolveIds('mapping', mappingIds, locationIds, locationMapping, { zeroIsNone: true });
  const functionText = (field: number, what: string) =>
    checked(strings, arena.field(functions, FUNCTION.size, field), what);
  const mappingText = (field: number, what: string) =>
    checked(strings, arena.field(mappings, MAPPING.size, field), what);
  const mappingPlace = (field: number) =>
    asBigUint64(arena.wideField(mappings, MAPPING.size, field, MAPPING.high + field - MAPPING.start));
  return {
    strings,
    functions: {
      count: functions.length / FUNCTION.size,
      name: functionText(FUNCTION.name, 'function name'),
      systemName: functionText(FUNCTION.systemName, 'function system name'),
      filename: functionText(FUNCTION.filename, 'function filename'),
      startLine: asInt32(arena.field(functions, FUNCTION.size, FUNCTION.startLine)),
    },
    mappings: {
      count: mappings.length / MAPPING.size,
      memoryStart: mappingPlace(MAPPING.start),
      memoryLimit: mappingPlace(MAPPING.limit),
      fileOffset: mappingPlace(MAPPING.offset),
      filename: mappingText(MAPPING.filename, 'mapping filename'),
      buildId: mappingText(MAPPING.buildId, 'mapping build id'),
      flags: mappingFlags(mappings, arena),
    },
    locations: {
      count: locationMapping.length,
      mapping: locationMapping,
      address: asBigUint64(arena.wideField(locations, LOCATION.size, LOCATION.address, LOCATION.addressHigh)),
      lineStart: lineStarts(locations, arena),
      lineFunction,
      lineNumber: asInt32(arena.field(lines, LINE.size, LINE.number)),
    },
  };
}

function mappingFlags({ values, length }: GrowingUint32, arena: ColumnArena): Uint8Array {
  const flags = arena.uint8(length / MAPPING.size);
  for (let row = 0; row < flags.length; row++) {
    const at = row * MAPPING.size + MAPPING.flags;
    flags[row] = values[at] | (values[at + 1] << 1) | (values[at + 2] << 2) | (values[at + 3] << 3);
  }
  return flags;
}

function lineStarts({ values, length }: GrowingUint32, arena: ColumnArena): Uint32Array {
  const starts = arena.uint32(length / LOCATION.size + 1);
  starts[0] = 0;
  for (let row = 1; row < starts.length; row++) starts[row] = values[row * LOCATION.size - 1];
  return starts;
}

function finishStrings(columns: PprofColumns, arena: ColumnArena): StringColumn {
  const { stringEnds, stringBytes } = columns;
  const offsets = startsOf(stringEnds, arena);
  const strings = { count: stringEnds.length, bytes: arena.copyBytes(stringBytes), offsets };
  if (strings.count === 0 || strings.offsets[1] !== 0) {
    throw invalid('profile string table does not begin with the empty string');
  }
  if (columns.stringBits >= 0x80) checkUtf8(strings);
  return strings;
}

/** Where runs start, from where they end: one element longer. */
function startsOf(ends: GrowingUint32, arena: ColumnArena): Uint32Array {
  const starts = arena.uint32(ends.length + 1);
  starts[0] = 0;
  starts.set(ends.values.subarray(0, ends.length), 1);
  return starts;
}

/** The same indexes, each found to be in the table. */
function checked(strings: StringColumn, indexes: Uint32Array, what: string): Uint32Array {
  const { count } = strings;
  for (let i = 0; i < indexes.length; i++) if (indexes[i] >= count) throw noString(what, indexes[i]);
  return indexes;
}

function checkedText(strings: StringColumn, index: number, what: string): string {
  if (index >= strings.count) throw noString(what, index);
  return stringAt(strings, index);
}

/** Texts by index; one that is named often is made once. */
function texts(strings: StringColumn, column: GrowingUint32, what: string): string[] {
  const made = new Map<number, string>();
  return Array.from(column.values.subarray(0, column.length), (index) => {
    const text = made.get(index) ?? checkedText(strings, index, what);
    made.set(index, text);
    return text;
  });
}

function valueTypes(strings: StringColumn, column: GrowingUint32, what: string): ValueType[] {
  const names = texts(strings, column, what);
  return Array.from({ length: names.length / 2 }, (_, i) => ({
    type: names[i * 2],
    unit: names[i * 2 + 1],
  }));
}

function repairFunctionIds({ functions, locations, lines }: PprofColumns): void {
  const count = functions.length / FUNCTION.size;
  if (locations.length / LOCATION.size !== count || lines.length / LINE.size !== count) return;
  for (let i = 0; i < count; i++) {
    if (functions.values[i * FUNCTION.size + FUNCTION.id] !== 0) return;
    if (lines.values[i * LINE.size + LINE.functionId] !== 0) return;
    if (locations.values[i * LOCATION.size + LOCATION.linesEnd] !== i + 1) return;
  }
  for (let i = 0; i < count; i++) {
    functions.values[i * FUNCTION.size + FUNCTION.id] = i + 1;
    lines.values[i * LINE.size + LINE.functionId] = i + 1;
  }
}

function noString(what: string, index: number): FlamelakeError {
  return invalid('profile refers to a string it does not have', { what, index });
}

function invalid(message: string, details: Record<string, string | number> = {}): FlamelakeError {
  return new FlamelakeError('invalid_argument', message, details);
}
