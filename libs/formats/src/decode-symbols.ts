/** Reads the symbol messages of a pprof profile: Mapping, Location, Line and Function. */
import { readId, skipField } from './decode-sample.ts';
import { checkCount, type PprofColumns } from './pprof-columns.ts';
import { malformed } from './protobuf-reader.ts';

/**
 * Reads a Mapping: id 1, memory_start 2, memory_limit 3, file_offset 4, filename 5, build_id 6,
 * has_functions 7, has_filenames 8, has_line_numbers 9, has_inline_frames 10.
 */
export function decodeMapping(columns: PprofColumns, start: number, end: number): void {
  const { reader } = columns;
  const { bytes } = reader;
  const row = columns.mappingIds.length;
  checkCount('mappings', row + 1);
  columns.mappingIds.push(0);
  for (const column of [columns.mappingStart, columns.mappingLimit, columns.mappingOffset]) {
    column.push(0);
    column.push(0);
  }
  let file = 0;
  let build = 0;
  let flags = 0;
  let at = start;
  while (at < end) {
    const tag = bytes[at];
    reader.at = at + 1;
    if (tag === 0x08) columns.mappingIds.values[row] = readId(columns);
    else if (tag === 0x10) setWide(columns, columns.mappingStart.values, row);
    else if (tag === 0x18) setWide(columns, columns.mappingLimit.values, row);
    else if (tag === 0x20) setWide(columns, columns.mappingOffset.values, row);
    else if (tag === 0x28) file = reader.index();
    else if (tag === 0x30) build = reader.index();
    else if (tag === 0x38 || tag === 0x40 || tag === 0x48 || tag === 0x50) {
      const bit = 1 << ((tag >>> 3) - 7);
      const isSet = reader.varint() !== 0 || reader.high !== 0;
      flags = isSet ? flags | bit : flags & ~bit;
    } else skipField(columns, at, end, 10);
    at = reader.at;
  }
  if (at !== end) throw malformed('profile mapping is cut short', at);
  columns.mappingFile.push(file);
  columns.mappingBuild.push(build);
  columns.mappingFlags.push(flags);
}

/** Reads a Location: id 1, mapping_id 2, address 3, line 4; is_folded 5 is not kept. */
export function decodeLocation(columns: PprofColumns, start: number, end: number): void {
  const { reader } = columns;
  const { bytes } = reader;
  checkCount('locations', columns.locationIds.length + 1);
  let id = 0;
  let mapping = 0;
  let addressLow = 0;
  let addressHigh = 0;
  let at = start;
  while (at < end) {
    const tag = bytes[at];
    reader.at = at + 1;
    if (tag === 0x22) {
      const lineEnd = reader.fieldEnd(end);
      decodeLine(columns, reader.at, lineEnd);
      reader.at = lineEnd;
    } else if (tag === 0x08) id = readId(columns);
    else if (tag === 0x10) mapping = readId(columns);
    else if (tag === 0x18) {
      addressLow = reader.varint();
      addressHigh = reader.high;
    } else if (tag === 0x28) reader.varint();
    else skipField(columns, at, end, 5);
    at = reader.at;
  }
  if (at !== end) throw malformed('profile location is cut short', at);
  columns.locationIds.push(id);
  columns.locationMapping.push(mapping);
  columns.locationAddress.push(addressLow);
  columns.locationAddress.push(addressHigh);
  columns.lineEnds.push(columns.lineFunction.length);
}

/** Reads a Line: function_id 1, line 2. */
function decodeLine(columns: PprofColumns, start: number, end: number): void {
  const { reader } = columns;
  const { bytes } = reader;
  let functionId = 0;
  let line = 0;
  let at = start;
  while (at < end) {
    const tag = bytes[at];
    reader.at = at + 1;
    if (tag === 0x08) functionId = readId(columns);
    else if (tag === 0x10) line = reader.clampedInt32();
    else skipField(columns, at, end, 2);
    at = reader.at;
  }
  if (at !== end) throw malformed('profile line is cut short', at);
  columns.lineFunction.push(functionId);
  columns.lineNumber.push(line);
  checkCount('lines', columns.lineFunction.length);
}

/** Reads a Function: id 1, name 2, system_name 3, filename 4, start_line 5. */
export function decodeFunction(columns: PprofColumns, start: number, end: number): void {
  const { reader } = columns;
  const { bytes } = reader;
  checkCount('functions', columns.functionIds.length + 1);
  let id = 0;
  let name = 0;
  let systemName = 0;
  let filename = 0;
  let startLine = 0;
  let at = start;
  while (at < end) {
    const tag = bytes[at];
    reader.at = at + 1;
    if (tag === 0x08) id = readId(columns);
    else if (tag === 0x10) name = reader.index();
    else if (tag === 0x18) systemName = reader.index();
    else if (tag === 0x20) filename = reader.index();
    else if (tag === 0x28) startLine = reader.clampedInt32();
    else skipField(columns, at, end, 5);
    at = reader.at;
  }
  if (at !== end) throw malformed('profile function is cut short', at);
  columns.functionIds.push(id);
  columns.functionName.push(name);
  columns.functionSystem.push(systemName);
  columns.functionFile.push(filename);
  columns.functionLine.push(startLine);
}

function setWide(columns: PprofColumns, halves: Uint32Array, row: number): void {
  halves[row * 2] = columns.reader.varint();
  halves[row * 2 + 1] = columns.reader.high;
}
