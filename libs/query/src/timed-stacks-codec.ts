/**
 * Samples by profile as bytes; numbers are varints unless said otherwise.
 *
 *     tree      tree-codec.ts, a function tree
 *     rows      count · differences of times, zigzag 64 · samples of each
 *     samples   count · node of each · value of each, 64 bit
 */
import type { ByteReader, ByteWriter } from '@flamelake/formats';
import type { Memory } from '@flamelake/model';
import { TIMED_STACK_ROW_BYTES, TIMED_STACK_SAMPLE_BYTES, type TimedStacks } from './timed-stacks.ts';
import { differencesOf, sumsOf } from './timed-totals-codec.ts';
import { readFunctionTree, writeFunctionTree } from './tree-codec.ts';
import { malformed } from './wire-message.ts';

export function writeTimedStacks(
  writer: ByteWriter,
  { tree, rowCount, timeMs, start, node, value }: TimedStacks,
): void {
  writeFunctionTree(writer, tree);
  writer.varint(rowCount);
  writer.signedVarints64(differencesOf(timeMs, rowCount));
  const lengths = new Uint32Array(rowCount);
  for (let row = 0; row < rowCount; row++) lengths[row] = start[row + 1] - start[row];
  writer.varints(lengths);
  writer.varint(node.length);
  writer.varints(node);
  writer.varints64(value);
}

/**
 * @param memory - what is read is taken from it
 * @throws {FlamelakeError} `data_loss` on what no writer writes
 */
export function readTimedStacks(reader: ByteReader, memory: Memory): TimedStacks {
  const tree = readFunctionTree(reader, memory);
  const rowCount = reader.count(2);
  const timeMs = sumsOf(reader.signedVarints64(rowCount));
  const lengths = reader.varints(rowCount);
  const count = reader.count(2);
  const start = new Uint32Array(rowCount + 1);
  for (let row = 0, at = 0; row < rowCount; row++) {
    at += lengths[row];
    if (at > count) throw malformed('samples');
    start[row + 1] = at;
  }
  if (start[rowCount] !== count) throw malformed('samples');
  memory.take(rowCount * TIMED_STACK_ROW_BYTES + count * TIMED_STACK_SAMPLE_BYTES);
  const node = reader.varints(count, tree.stacks.count);
  return { tree, rowCount, timeMs, start, node, value: reader.varints64(count) };
}
