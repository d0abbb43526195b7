/** A record that refers to what it does not hold must be refused before any of it is taken in. */
import type { ProfileRecord, StackTreeColumns } from '@flamelake/formats';
import { FlamelakeError } from '@flamelake/model';

/**
 * Checks every reference of a record.
 * @throws {FlamelakeError} `invalid_argument`
 */
export function checkRecord(record: ProfileRecord): void {
  const { strings, functions, mappings, locations } = record.symbols;
  checkStarts('string', strings.offsets, strings.count, strings.bytes.length);
  checkBelow('function name', functions.name, functions.count, strings.count);
  checkBelow('function system name', functions.systemName, functions.count, strings.count);
  checkBelow('function filename', functions.filename, functions.count, strings.count);
  checkLength('function start line', functions.startLine.length, functions.count);
  checkBelow('mapping filename', mappings.filename, mappings.count, strings.count);
  checkBelow('mapping build id', mappings.buildId, mappings.count, strings.count);
  for (const column of [mappings.memoryStart, mappings.memoryLimit, mappings.fileOffset, mappings.flags]) {
    checkLength('mapping', column.length, mappings.count);
  }
  checkBelow('location mapping', locations.mapping, locations.count, mappings.count + 1);
  checkLength('location address', locations.address.length, locations.count);
  const lineCount = Math.min(locations.lineFunction.length, locations.lineNumber.length);
  checkStarts('location line', locations.lineStart, locations.count, lineCount);
  checkBelow('line function', locations.lineFunction, lineCount, functions.count);
  checkTree(record.stacks, locations.count);
  checkLength('identity', record.identity.length, 16);
  for (const group of record.groups) {
    checkBelow('sample stack', group.stack, group.sampleCount, record.stacks.count);
    checkLength('sample values', group.values.length, group.sampleCount * record.types.length);
    if (group.spanIds !== undefined) checkLength('span ids', group.spanIds.length, group.sampleCount);
    if (group.traceIds !== undefined) checkLength('trace ids', group.traceIds.length, group.sampleCount * 16);
    if (group.times !== undefined) {
      checkStarts('sample time', group.times.start, group.sampleCount, group.times.offsetMs.length);
    }
  }
}

function checkLength(part: string, length: number, expected: number): void {
  if (length < expected) throw broken(part, length);
}

function checkBelow(part: string, column: Uint32Array, count: number, limit: number): void {
  checkLength(part, column.length, count);
  for (let i = 0; i < count; i++) if (column[i] >= limit) throw broken(part, i);
}

function checkTree({ count, parent, location }: StackTreeColumns, locationCount: number): void {
  if (count < 1) throw broken('stack', 0);
  checkLength('stack parent', parent.length, count);
  checkLength('stack location', location.length, count);
  for (let node = 1; node < count; node++) {
    if (parent[node] >= node) throw broken('stack parent', node);
    if (location[node] >= locationCount) throw broken('stack location', node);
  }
}

function checkStarts(part: string, starts: Uint32Array, count: number, limit: number): void {
  checkLength(part, starts.length, count + 1);
  let previous = 0;
  for (let i = 0; i <= count; i++) {
    const start = starts[i];
    if (start < previous) throw broken(part, i);
    previous = start;
  }
  if (previous > limit) throw broken(part, count);
}

function broken(part: string, at: number): FlamelakeError {
  return new FlamelakeError('invalid_argument', 'profile record refers to what it does not hold', { part, at });
}
