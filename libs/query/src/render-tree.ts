/**
 * A tree of function names as the bytes querier.v1 calls `tree`: depth first, a node is name length, name, self and number of children,
 * then the children. Numbers are unsigned varints; the first node is a root without a name.
 */
import type { FunctionTree } from './function-tree.ts';
import { layOutTree, OTHER_FRAME, OTHER_NAME, ROOT_FRAME } from './lay-out-tree.ts';

/** @returns no bytes when there is no data */
export function renderTree({ names, stacks }: FunctionTree, nodesMax: number): Uint8Array {
  if (stacks.total === 0n) return new Uint8Array(0);
  const { count, firstChild, frame, selfs } = layOutTree(names, stacks, [stacks.self], nodesMax);
  const self = selfs[0];
  const other = Buffer.from(OTHER_NAME);
  const nameOf = (i: number): Uint8Array => {
    const name = frame[i];
    if (name === ROOT_FRAME) return new Uint8Array(0);
    return name === OTHER_FRAME ? other : names.bytes.subarray(names.offsets[name], names.offsets[name + 1]);
  };
  let sizeMax = 0;
  for (let i = 0; i < count; i++) sizeMax += nameOf(i).length + 5 + 10 + 5;
  const bytes = new Uint8Array(sizeMax);
  let at = 0;
  const pending = [0];
  for (let i = pending.pop(); i !== undefined; i = pending.pop()) {
    const name = nameOf(i);
    const [from, until] = [firstChild[i], firstChild[i + 1]];
    at = putVarint(bytes, at, BigInt(name.length));
    bytes.set(name, at);
    at = putVarint(bytes, at + name.length, self[i]);
    at = putVarint(bytes, at, BigInt(until - from));
    for (let child = until - 1; child >= from; child--) pending.push(child);
  }
  return bytes.subarray(0, at);
}

function putVarint(bytes: Uint8Array, at: number, value: bigint): number {
  let rest = value;
  let to = at;
  for (; rest >= 0x80n; rest >>= 7n) bytes[to++] = Number(rest & 0x7fn) | 0x80;
  bytes[to++] = Number(rest);
  return to;
}
