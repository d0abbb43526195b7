/**
 * Columns of merged trees as bytes. Numbers are varints unless said otherwise; `zigzag` ones are signed.
 *
 *     names      count · length of each · their bytes
 *     stacks     nodes besides the root · for each: own number - parent - 1 · for each: frame · self value of each node and the root, zigzag 64
 *     tuples     count · length of each · their numbers, zigzag
 *
 *     function tree   names, stacks (frames are names)
 *     location tree   names, functions, mappings, locations (tuples), stacks (frames are locations)
 *
 * Names and nodes are read as columns and looked up by nobody until something is added to them, as most of what is read is only added to
 * others. Equal ones, which no writer writes, are added up.
 */
import type { ByteReader, ByteWriter } from '@flamelake/formats';
import type { Memory } from '@flamelake/model';
import type { FunctionTree } from './function-tree.ts';
import { LOCATION_HEAD, type LocationTree } from './location-tree.ts';
import { type NameTable, nameTableOf } from './name-table.ts';
import { NODE_BYTES, type StackTree, stackTreeOf } from './stack-tree.ts';
import { createTupleTable, internTuple, type TupleTable } from './tuple-table.ts';
import { sumValues } from './value.ts';
import { malformed } from './wire-message.ts';

const FUNCTION_NUMBERS = 4;
const MAPPING_NUMBERS = 9;

export function writeFunctionTree(writer: ByteWriter, { names, stacks }: FunctionTree): void {
  writeNames(writer, names);
  writeStacks(writer, stacks);
}

export function writeLocationTree(writer: ByteWriter, tree: LocationTree): void {
  writeNames(writer, tree.names);
  for (const table of [tree.functions, tree.mappings, tree.locations]) writeTuples(writer, table);
  writeStacks(writer, tree.stacks);
}

/**
 * @param memory - the tree is taken from it as it grows
 * @throws {FlamelakeError} `data_loss` on what no writer writes, `out_of_range` when the total leaves int64
 */
export function readFunctionTree(reader: ByteReader, memory: Memory): FunctionTree {
  const names = readNames(reader, memory);
  return { names, stacks: readStacks(reader, names.count, memory) };
}

/**
 * @param memory - the tree is taken from it as it grows
 * @throws {FlamelakeError} `data_loss` on what no writer writes, `out_of_range` when the total leaves int64
 */
export function readLocationTree(reader: ByteReader, memory: Memory): LocationTree {
  const names = readNames(reader, memory);
  const [functions, mappings, locations] = [
    createTupleTable(memory),
    createTupleTable(memory),
    createTupleTable(memory),
  ];
  if (names.offsets[1] !== 0) throw malformed('name');
  readTuples(reader, functions, (tuple, length) => {
    if (length !== FUNCTION_NUMBERS) throw malformed('function');
    for (let i = 0; i < 3; i++) expectBelow(tuple[i], names.count);
  });
  readTuples(reader, mappings, (tuple, length) => {
    if (length !== MAPPING_NUMBERS) throw malformed('mapping');
    for (let i = 0; i < 2; i++) expectBelow(tuple[i], names.count);
  });
  readTuples(reader, locations, (tuple, length) => {
    if (length < LOCATION_HEAD || (length - LOCATION_HEAD) % 2 !== 0) throw malformed('location');
    expectBelow(tuple[0], mappings.count + 1);
    for (let i = LOCATION_HEAD; i < length; i += 2) expectBelow(tuple[i], functions.count);
  });
  return { names, functions, mappings, locations, stacks: readStacks(reader, locations.count, memory) };
}

function writeNames(writer: ByteWriter, { count, bytes, offsets }: NameTable): void {
  writer.varint(count);
  for (let name = 0; name < count; name++) writer.varint(offsets[name + 1] - offsets[name]);
  writer.bytes(bytes.subarray(0, offsets[count]));
}

function readNames(reader: ByteReader, memory: Memory): NameTable {
  const lengths = reader.varints(reader.count());
  const bytes = reader.bytes(sum(lengths));
  memory.take(bytes.length + lengths.byteLength);
  const offsets = new Uint32Array(lengths.length + 1);
  for (let name = 0; name < lengths.length; name++) offsets[name + 1] = offsets[name] + lengths[name];
  return nameTableOf(Buffer.from(bytes), offsets, memory);
}

function writeTuples(writer: ByteWriter, { count, values, offsets }: TupleTable): void {
  writer.varint(count);
  for (let tuple = 0; tuple < count; tuple++) writer.varint(offsets[tuple + 1] - offsets[tuple]);
  writer.signedVarints(values.subarray(0, offsets[count]));
}

function readTuples(reader: ByteReader, table: TupleTable, check: (tuple: Int32Array, length: number) => void): void {
  const lengths = reader.varints(reader.count());
  const values = reader.signedVarints(sum(lengths));
  let offset = 0;
  lengths.forEach((length, number) => {
    const tuple = values.subarray(offset, offset + length);
    check(tuple, length);
    if (internTuple(table, tuple, length) !== number) throw malformed('tuple');
    offset += length;
  });
}

function writeStacks(writer: ByteWriter, { count, parent, frame, self }: StackTree): void {
  writer.varint(count - 1);
  const above = new Uint32Array(count - 1);
  for (let node = 1; node < count; node++) above[node - 1] = node - parent[node] - 1;
  writer.varints(above);
  writer.varints(new Uint32Array(frame.buffer, frame.byteOffset + 4, count - 1));
  writer.signedVarints64(self.subarray(0, count));
}

function readStacks(reader: ByteReader, frameCount: number, memory: Memory): StackTree {
  const count = reader.count(3);
  const above = reader.varints(count);
  const frames = reader.varints(count, frameCount);
  memory.take((count + 1) * NODE_BYTES);
  const self = reader.signedVarints64(count + 1);
  const parent = new Int32Array(count + 1);
  for (let node = 1; node <= count; node++) {
    // Before it is stored: beyond 2^31 it would come out as a node.
    if (above[node - 1] >= node) throw malformed('stack');
    parent[node] = node - above[node - 1] - 1;
  }
  const frame = new Int32Array(count + 1);
  frame.set(frames, 1);
  return stackTreeOf({ parent, frame, self, total: sumValues(self, 0, self.length) }, memory);
}

function sum(lengths: Uint32Array): number {
  return lengths.reduce((total, length) => total + length, 0);
}

function expectBelow(number: number, count: number): void {
  if (number < 0 || number >= count) throw malformed('reference');
}
