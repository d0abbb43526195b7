/**
 * The trie format of old agents: nodes in pre-order, each `varint suffix length, suffix, varint value, varint children`. The key of a
 * node is the suffixes on its path in a row: `root;child;leaf`.
 */
import { GrowingBytes, GrowingUint32 } from '../growing-columns.ts';
import { endNode } from './decode-tree.ts';
import { NodeReader } from './node-reader.ts';
import type { StackSamples } from './stack-samples.ts';
import type { StringTable } from './string-table.ts';
import { malformedText } from './text-lines.ts';

const SEMICOLON = 0x3b;
/** Most bytes of last frames: nodes that share a long beginning could spell it out without end. */
const SPELT_BYTES_MAX = 67_108_864;

/**
 * @param strings - gets the frames: frame `i` is string `i + 1`
 * @throws {FlamelakeError} `invalid_argument` when the bytes are no trie
 */
export function decodeTrie(bytes: Uint8Array, strings: StringTable, samples: StackSamples): void {
  if (bytes.length === 0) return;
  const reader = new NodeReader(bytes);
  const key = new GrowingBytes();
  /** Frames that a `;` ends, and where the last one, still open, begins in the key. */
  const frames = new GrowingUint32();
  let frameStart = 0;
  let spelt = 0;
  /** By depth: children still to come; key length, frames and start of the open frame of the node. */
  const left = new GrowingUint32();
  const keyLengths = new GrowingUint32();
  const depths = new GrowingUint32();
  const frameStarts = new GrowingUint32();
  do {
    const suffixLength = reader.varint('suffix length');
    const suffixStart = reader.skip(suffixLength);
    const parent = left.length - 1;
    key.length = parent < 0 ? 0 : keyLengths.values[parent];
    frames.length = parent < 0 ? 0 : depths.values[parent];
    frameStart = parent < 0 ? 0 : frameStarts.values[parent];
    const target = key.reserve(suffixLength);
    for (let i = suffixStart; i < suffixStart + suffixLength; i++) {
      if (bytes[i] === SEMICOLON) {
        if (key.length > frameStart) frames.push(strings.index(target, frameStart, key.length) - 1);
        spelt += key.length - frameStart;
        frameStart = key.length + 1;
      }
      target[key.length++] = bytes[i];
    }
    const value = reader.varint('value');
    if (value > 0) {
      const ended = frames.length;
      if (key.length > frameStart) frames.push(strings.index(target, frameStart, key.length) - 1);
      spelt += key.length - frameStart;
      samples.add(frames.values, frames.length, value);
      frames.length = ended;
    }
    if (spelt > SPELT_BYTES_MAX) throw malformedText('trie spells out too much', { limitBytes: SPELT_BYTES_MAX });
    const children = reader.varint('children');
    if (children > 0xffff_ffff) throw malformedText('tree ends too early', { offset: reader.at });
    if (children > 0) {
      left.push(children);
      keyLengths.push(key.length);
      depths.push(frames.length);
      frameStarts.push(frameStart);
    }
    endNode(children, left, depths);
    keyLengths.length = left.length;
    frameStarts.length = left.length;
  } while (left.length > 0);
  reader.end();
}
