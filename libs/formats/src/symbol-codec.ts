/**
 * Symbols inside a log record; columns are described in byte-writer.ts.
 *
 *     strings     varint count; lengths as varints; the bytes
 *     functions   varint count; name, system name and filename as deltas; start line as signed varints
 *     mappings    varint count; memory start, memory limit, file offset as varints64; filename and build id as varints; flags as varints
 *     locations   varint count; mapping as varints; address as varints64; numbers of lines as varints;
 *                 function of each line as deltas; line numbers as signed varints
 */
import { FlamelakeError } from '@flamelake/model';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { StringColumn, Symbols } from './symbols.ts';

export function writeSymbols(out: ByteWriter, { strings, functions, mappings, locations }: Symbols): void {
  out.varint(strings.count);
  out.varints(lengthsOf(strings.offsets));
  out.bytes(strings.bytes);
  out.varint(functions.count);
  out.deltas(functions.name);
  out.deltas(functions.systemName);
  out.deltas(functions.filename);
  out.signedVarints(functions.startLine);
  out.varint(mappings.count);
  out.varints64(mappings.memoryStart);
  out.varints64(mappings.memoryLimit);
  out.varints64(mappings.fileOffset);
  out.varints(mappings.filename);
  out.varints(mappings.buildId);
  out.varints(mappings.flags);
  out.varint(locations.count);
  out.varints(locations.mapping);
  out.varints64(locations.address);
  out.varints(lengthsOf(locations.lineStart));
  out.deltas(locations.lineFunction);
  out.signedVarints(locations.lineNumber);
}

/** @throws {FlamelakeError} `data_loss` when an index is past its table */
export function readSymbols(reader: ByteReader): Symbols {
  const strings = readStrings(reader);
  const functionCount = reader.count();
  const functions = {
    count: functionCount,
    name: reader.deltas(functionCount, strings.count),
    systemName: reader.deltas(functionCount, strings.count),
    filename: reader.deltas(functionCount, strings.count),
    startLine: reader.signedVarints(functionCount),
  };
  const mappingCount = reader.count();
  const mappings = {
    count: mappingCount,
    memoryStart: unsigned(reader.varints64(mappingCount)),
    memoryLimit: unsigned(reader.varints64(mappingCount)),
    fileOffset: unsigned(reader.varints64(mappingCount)),
    filename: reader.varints(mappingCount, strings.count),
    buildId: reader.varints(mappingCount, strings.count),
    flags: Uint8Array.from(reader.varints(mappingCount, 256)),
  };
  const count = reader.count();
  const mapping = reader.varints(count, mappingCount + 1);
  const address = unsigned(reader.varints64(count));
  const lineStart = startsOf(reader.varints(count), reader.remaining);
  const lineCount = lineStart[count];
  const lineFunction = reader.deltas(lineCount, functionCount);
  const lineNumber = reader.signedVarints(lineCount);
  return { strings, functions, mappings, locations: { count, mapping, address, lineStart, lineFunction, lineNumber } };
}

function readStrings(reader: ByteReader): StringColumn {
  const count = reader.count();
  const offsets = startsOf(reader.varints(count), reader.remaining);
  if (count === 0 || offsets[1] !== 0) throw new FlamelakeError('data_loss', 'stored string 0 is not the empty string');
  return { count, bytes: reader.bytes(offsets[count]), offsets };
}

function lengthsOf(starts: Uint32Array): Uint32Array {
  const lengths = new Uint32Array(starts.length - 1);
  for (let i = 0; i < lengths.length; i++) lengths[i] = starts[i + 1] - starts[i];
  return lengths;
}

/** @param limit - what the lengths may sum to */
function startsOf(lengths: Uint32Array, limit: number): Uint32Array {
  const starts = new Uint32Array(lengths.length + 1);
  let total = 0;
  for (let i = 0; i < lengths.length; i++) {
    total += lengths[i];
    if (total > limit)
      throw new FlamelakeError('data_loss', 'stored lengths exceed the bytes that follow', { total, limit });
    starts[i + 1] = total;
  }
  return starts;
}

function unsigned(column: BigInt64Array): BigUint64Array {
  return new BigUint64Array(column.buffer, column.byteOffset, column.length);
}
