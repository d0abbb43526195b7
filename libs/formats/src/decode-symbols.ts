/** Reads the symbol messages of a pprof profile: Mapping, Location, Line and Function. */
import { isVarintField, readId, readIndex, readInt32, skipField } from './decode-field.ts';
import { checkCount, FUNCTION, LINE, LOCATION, MAPPING, type PprofColumns } from './pprof-columns.ts';
import { malformed } from './protobuf-reader.ts';

/**
 * Reads a Mapping: id 1, memory_start 2, memory_limit 3, file_offset 4, filename 5, build_id 6,
 * has_functions 7, has_filenames 8, has_line_numbers 9, has_inline_frames 10.
 */
export function decodeMapping(columns: PprofColumns, start: number, end: number): void {
  const { reader, mappings } = columns;
  const record = mappings.begin(MAPPING.size);
  checkCount('mappings', mappings.length / MAPPING.size);
  const { values } = mappings;
  let at = start;
  while (at < end) {
    const tag = reader.bytes[at];
    if (!isVarintField(tag, 10)) {
      at = skipField(columns, at, end, 10);
      continue;
    }
    reader.at = at + 1;
    const field = tag >>> 3;
    let value: number;
    if (field === 1) value = readId(columns);
    else if (field >= 7) value = reader.varint() !== 0 || reader.high !== 0 ? 1 : 0;
    else if (field >= 5) value = readIndex(columns);
    else {
      value = reader.varint();
      values[record + MAPPING.high + field - 2] = reader.high;
    }
    values[record + field - 1] = value;
    at = reader.at;
  }
  if (at !== end) throw malformed('profile mapping is cut short', at);
}

/** Reads a Location: id 1, mapping_id 2, address 3, line 4; is_folded 5 is not kept. */
export function decodeLocation(columns: PprofColumns, start: number, end: number): void {
  const { reader, locations, lines } = columns;
  const { bytes } = reader;
  const record = locations.begin(LOCATION.size);
  checkCount('locations', locations.length / LOCATION.size);
  const { values } = locations;
  let at = start;
  while (at < end) {
    const tag = bytes[at];
    if (tag === 0x22) {
      reader.at = at + 1;
      const lineEnd = reader.fieldEnd(end);
      decodeLine(columns, reader.at, lineEnd);
      at = lineEnd;
      continue;
    }
    if (!isVarintField(tag, 3)) {
      at = tag === 0x28 ? skipField(columns, at, end, 4) : skipField(columns, at, end, 5);
      continue;
    }
    const slot = record + (tag >>> 3) - 1;
    const value = bytes[at + 1];
    if (value < 0x80) {
      values[slot] = value;
      at += 2;
    } else if (bytes[at + 2] < 0x80) {
      values[slot] = (value & 0x7f) | (bytes[at + 2] << 7);
      at += 3;
    } else {
      reader.at = at + 1;
      values[slot] = tag === 0x18 ? reader.varint() : readId(columns);
      if (tag === 0x18) values[record + LOCATION.addressHigh] = reader.high;
      at = reader.at;
    }
  }
  if (at !== end) throw malformed('profile location is cut short', at);
  values[record + LOCATION.linesEnd] = lines.length / LINE.size;
}

/** Reads a Line: function_id 1, line 2. */
function decodeLine(columns: PprofColumns, start: number, end: number): void {
  const { reader, lines } = columns;
  const { bytes } = reader;
  const record = lines.begin(LINE.size);
  checkCount('lines', lines.length / LINE.size);
  const { values } = lines;
  let at = start;
  while (at < end) {
    const tag = bytes[at];
    if (!isVarintField(tag, 2)) {
      at = skipField(columns, at, end, 2);
      continue;
    }
    const slot = record + (tag >>> 3) - 1;
    const value = bytes[at + 1];
    if (value < 0x80) {
      values[slot] = value;
      at += 2;
    } else if (bytes[at + 2] < 0x80) {
      values[slot] = (value & 0x7f) | (bytes[at + 2] << 7);
      at += 3;
    } else {
      reader.at = at + 1;
      values[slot] = tag === 0x08 ? readId(columns) : readInt32(columns);
      at = reader.at;
    }
  }
  if (at !== end) throw malformed('profile line is cut short', at);
}

/** Reads a Function: id 1, name 2, system_name 3, filename 4, start_line 5. */
export function decodeFunction(columns: PprofColumns, start: number, end: number): void {
  const { reader, functions } = columns;
  const { bytes } = reader;
  const record = functions.begin(FUNCTION.size);
  checkCount('functions', functions.length / FUNCTION.size);
  const { values } = functions;
  let at = start;
  while (at < end) {
    const tag = bytes[at];
    if (!isVarintField(tag, 5)) {
      at = skipField(columns, at, end, 5);
      continue;
    }
    const slot = record + (tag >>> 3) - 1;
    const value = bytes[at + 1];
    if (value < 0x80) {
      values[slot] = value;
      at += 2;
    } else if (bytes[at + 2] < 0x80) {
      values[slot] = (value & 0x7f) | (bytes[at + 2] << 7);
      at += 3;
    } else {
      reader.at = at + 1;
      values[slot] = tag === 0x08 ? readId(columns) : tag === 0x28 ? readInt32(columns) : readIndex(columns);
      at = reader.at;
    }
  }
  if (at !== end) throw malformed('profile function is cut short', at);
}
