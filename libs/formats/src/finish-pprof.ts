/** Turns the columns as read into a `Pprof`: ids become indexes, and every reference is checked. */
import { FlamelakeError } from '@flamelake/model';
import { asBigInt64, asBigUint64, type GrowingUint32 } from './growing-columns.ts';
import { resolveIds } from './id-table.ts';
import type { Pprof, ValueType } from './pprof.ts';
import type { PprofColumns } from './pprof-columns.ts';
import { stringAt } from './string-column.ts';
import type { StringColumn, Symbols } from './symbols.ts';

/** @throws {FlamelakeError} `invalid_argument` when something the profile refers to is not there, or its text is not UTF-8 */
export function finishPprof(columns: PprofColumns, options: { repairFunctionIds: boolean }): Pprof {
  const strings = finishStrings(columns);
  const sampleTypes = valueTypes(strings, columns.sampleTypes, 'sample type');
  const sampleCount = columns.stackEnds.length;
  if (sampleTypes.length === 0) throw invalid('profile has no sample types');
  if (columns.values.length !== sampleCount * sampleTypes.length * 2) {
    throw invalid('profile sample has another number of values than there are sample types');
  }
  if (options.repairFunctionIds) repairFunctionIds(columns);

  const locationIds = columns.locationIds.take();
  const stackLocations = columns.stackLocations.take();
  resolveIds('location', locationIds, stackLocations, { zeroIsNone: false });
  const symbols = finishSymbols(columns, strings, locationIds.length);
  return {
    symbols,
    sampleTypes,
    periodType: valueTypes(strings, columns.periodType, 'period type')[0],
    period: columns.period,
    timeNanos: columns.timeNanos,
    durationNanos: columns.durationNanos,
    stacks: { count: sampleCount, start: startsOf(columns.stackEnds), locations: stackLocations },
    sampleCount,
    values: asBigInt64(columns.values.take()),
    labels: {
      start: startsOf(columns.labelEnds),
      key: stringIndexes(strings, columns.labelKey, 'label key'),
      text: stringIndexes(strings, columns.labelText, 'label value'),
      number: asBigInt64(columns.labelNumber.take()),
      numberUnit: stringIndexes(strings, columns.labelUnit, 'label unit'),
    },
    comments: texts(strings, columns.comments, 'comment'),
    defaultSampleType: checkedText(strings, columns.defaultSampleType, 'default sample type'),
  };
}

function finishSymbols(columns: PprofColumns, strings: StringColumn, locationCount: number): Symbols {
  const functionIds = columns.functionIds.take();
  const lineFunction = columns.lineFunction.take();
  resolveIds('function', functionIds, lineFunction, { zeroIsNone: false });
  const mappingIds = columns.mappingIds.take();
  const locationMapping = columns.locationMapping.take();
  resolveIds('mapping', mappingIds, locationMapping, { zeroIsNone: true });
  return {
    strings,
    functions: {
      count: functionIds.length,
      name: stringIndexes(strings, columns.functionName, 'function name'),
      systemName: stringIndexes(strings, columns.functionSystem, 'function system name'),
      filename: stringIndexes(strings, columns.functionFile, 'function filename'),
      startLine: asInt32(columns.functionLine.take()),
    },
    mappings: {
      count: mappingIds.length,
      memoryStart: asBigUint64(columns.mappingStart.take()),
      memoryLimit: asBigUint64(columns.mappingLimit.take()),
      fileOffset: asBigUint64(columns.mappingOffset.take()),
      filename: stringIndexes(strings, columns.mappingFile, 'mapping filename'),
      buildId: stringIndexes(strings, columns.mappingBuild, 'mapping build id'),
      flags: Uint8Array.from(columns.mappingFlags.take()),
    },
    locations: {
      count: locationCount,
      mapping: locationMapping,
      address: asBigUint64(columns.locationAddress.take()),
      lineStart: startsOf(columns.lineEnds),
      lineFunction,
      lineNumber: asInt32(columns.lineNumber.take()),
    },
  };
}

function finishStrings(columns: PprofColumns): StringColumn {
  const { stringEnds, stringBytes } = columns;
  const strings = { count: stringEnds.length, bytes: stringBytes.take(), offsets: startsOf(stringEnds) };
  if (strings.count === 0 || strings.offsets[1] !== 0) {
    throw invalid('profile string table does not begin with the empty string');
  }
  checkUtf8(strings);
  return strings;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Each string is UTF-8 when their concatenation is and none begins in the middle of a character. */
function checkUtf8({ bytes, offsets, count }: StringColumn): void {
  let seen = 0;
  for (let i = 0; i < bytes.length; i++) seen |= bytes[i];
  if (seen < 0x80) return;
  for (let i = 0; i < count; i++) {
    const start = offsets[i];
    if (start < bytes.length && (bytes[start] & 0xc0) === 0x80) {
      throw invalid('profile string is not utf-8', { string: i });
    }
  }
  try {
    UTF8.decode(bytes);
  } catch (cause) {
    throw new FlamelakeError('invalid_argument', 'profile string is not utf-8', {}, { cause });
  }
}

/** Where runs start, from where they end: one element longer. */
function startsOf(ends: GrowingUint32): Uint32Array {
  const starts = new Uint32Array(ends.length + 1);
  starts.set(ends.values.subarray(0, ends.length), 1);
  return starts;
}

function stringIndexes(strings: StringColumn, column: GrowingUint32, what: string): Uint32Array {
  const indexes = column.take();
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
  return Array.from(column.take(), (index) => {
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

function repairFunctionIds(columns: PprofColumns): void {
  const { functionIds, locationIds, lineFunction, lineEnds } = columns;
  const { length } = functionIds;
  if (length === 0 || locationIds.length !== length || lineFunction.length !== length) return;
  for (let i = 0; i < length; i++) {
    if (functionIds.values[i] !== 0 || lineFunction.values[i] !== 0 || lineEnds.values[i] !== i + 1) return;
  }
  for (let i = 0; i < length; i++) {
    functionIds.values[i] = i + 1;
    lineFunction.values[i] = i + 1;
  }
}

function asInt32(column: Uint32Array<ArrayBuffer>): Int32Array {
  return new Int32Array(column.buffer, column.byteOffset, column.length);
}

function noString(what: string, index: number): FlamelakeError {
  return invalid('profile refers to a string it does not have', { what, index });
}

function invalid(message: string, details: Record<string, string | number> = {}): FlamelakeError {
  return new FlamelakeError('invalid_argument', message, details);
}
