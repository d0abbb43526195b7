/**
 * The tree format: nodes in pre-order, each `varint name length, name, varint self value, varint children`. The first node is the
 * root, which is mostly nameless and then no frame.
 */
import { GrowingUint32 } from '../growing-columns.ts';
import { NodeReader } from './node-reader.ts';
import type { StackSamples } from './stack-samples.ts';
import type { StringTable } from './string-table.ts';

const NAME_BYTES_MAX = 65_535;
const CHILDREN_MAX = 16_000;

/**
 * @param strings - gets the frames: frame `i` is string `i + 1`
 * @throws {FlamelakeError} `invalid_argument` when the bytes are no tree
 */
export function decodeTree(bytes: Uint8Array, strings: StringTable, samples: StackSamples): void {
  if (bytes.length === 0) return;
  const reader = new NodeReader(bytes);
  const frames = new GrowingUint32();
  /** By depth: children still to come, and frames of the node's stack. */
  const left = new GrowingUint32();
  const depths = new GrowingUint32();
  do {
    const nameLength = reader.varint('name length', NAME_BYTES_MAX);
    const nameStart = reader.skip(nameLength);
    frames.length = depths.length === 0 ? 0 : depths.values[depths.length - 1];
    if (nameLength > 0) frames.push(strings.index(bytes, nameStart, nameStart + nameLength) - 1);
    const self = reader.varint('self value');
    if (self > 0) samples.add(frames.values, frames.length, self);
    const children = reader.varint('children', CHILDREN_MAX);
    if (children > 0) {
      left.push(children);
      depths.push(frames.length);
    }
    endNode(children, left, depths);
  } while (left.length > 0);
  reader.end();
}

/** Counts a node read; leaves the parents whose last child it was. */
export function endNode(children: number, left: GrowingUint32, depths: GrowingUint32): void {
  if (children > 0) return;
  while (left.length > 0) {
    const rest = left.values[left.length - 1] - 1;
    left.values[left.length - 1] = rest;
    if (rest > 0) return;
    left.length--;
    depths.length--;
  }
}
