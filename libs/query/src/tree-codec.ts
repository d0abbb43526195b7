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
 * Reading makes the trees anew through their own tables, so that what was read can be merged either way; equal entries are refused.
 */
import type { ByteReader, ByteWriter } from '@flamelake/formats';
import type { Memory } from '@flamelake/model';
import { createFunctionTree, type FunctionTree } from './function-tree.ts';
import { createLocationTree, LOCATION_HEAD, type LocationTree } from './location-tree.ts';
import { internName, type NameTable, viewOf } from './name-table.ts';
import { addSelf, childOf, type StackTree } from './stack-tree.ts';
import { internTuple, type TupleTable } from './tuple-table.ts';
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
export function readFunctionTree(reader: ByteReader, memory?: Memory): FunctionTree {
  const tree = createFunctionTree(memory);
  readNames(reader, tree.names);
  readStacks(reader, tree.stacks, tree.names.count);
  return tree;
}

/**
 * @param memory - the tree is taken from it as it grows
 * @throws {FlamelakeError} `data_loss` on what no writer writes, `out_of_range` when the total leaves int64
 */
export function readLocationTree(reader: ByteReader, memory?: Memory): LocationTree {
  const tree = createLocationTree(memory);
  readNames(reader, tree.names);
  const { names, functions, mappings, locations } = tree;
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
  readStacks(reader, tree.stacks, locations.count);
  return tree;
}

function writeNames(writer: ByteWriter, { count, bytes, offsets }: NameTable): void {
  writer.varint(count);
  for (let name = 0; name < count; name++) writer.varint(offsets[name + 1] - offsets[name]);
  writer.bytes(bytes.subarray(0, offsets[count]));
}

/** @param table - may hold the first of the names already */
function readNames(reader: ByteReader, table: NameTable): void {
  const lengths = reader.varints(reader.count());
  const bytes = reader.bytes(sum(lengths));
  const view = viewOf(bytes);
  let offset = 0;
  lengths.forEach((length, name) => {
    if (internName(table, view, offset, offset + length) !== name) throw malformed('name');
    offset += length;
  });
  if (table.count !== lengths.length) throw malformed('names');
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

function readStacks(reader: ByteReader, stacks: StackTree, frameCount: number): void {
  const count = reader.count(3);
  const above = reader.varints(count);
  const frames = reader.varints(count, frameCount);
  const self = reader.signedVarints64(count + 1);
  addSelf(stacks, 0, self[0]);
  for (let node = 1; node <= count; node++) {
    const parent = node - above[node - 1] - 1;
    if (parent < 0 || childOf(stacks, parent, frames[node - 1]) !== node) throw malformed('stack');
    addSelf(stacks, node, self[node]);
  }
  stacks.total = sumValues(self, 0, self.length);
}

function sum(lengths: Uint32Array): number {
  return lengths.reduce((total, length) => total + length, 0);
}

function expectBelow(number: number, count: number): void {
  if (number < 0 || number >= count) throw malformed('reference');
}
