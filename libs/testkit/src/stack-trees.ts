/** Stacks of records as lists and back, the plain way. */
import type { StackTreeColumns } from '@flamelake/formats';

/**
 * @param stacks - locations of each, leaf first
 * @returns a tree of them, and the node of each
 */
export function stackTreeOf(stacks: Iterable<readonly number[]>): { stacks: StackTreeColumns; stack: Uint32Array } {
  const parent = [0];
  const location = [0];
  const children = new Map<string, number>();
  const childOf = (node: number, frame: number): number => {
    const key = `${node} ${frame}`;
    const known = children.get(key);
    if (known !== undefined) return known;
    children.set(key, parent.length);
    location.push(frame);
    return parent.push(node) - 1;
  };
  const stack = Array.from(stacks, (frames) => frames.reduceRight(childOf, 0));
  return {
    stacks: { count: parent.length, parent: Uint32Array.from(parent), location: Uint32Array.from(location) },
    stack: Uint32Array.from(stack),
  };
}

/** Locations of the stack that a node stands for, leaf first. */
export function stackAt({ parent, location }: StackTreeColumns, node: number): number[] {
  const frames: number[] = [];
  for (let at = node; at !== 0; at = parent[at] ?? 0) frames.push(location[at] ?? 0);
  return frames;
}
