/** A flame graph by source lines, made of a profile: inlined calls are told from others, lines of a function from each other. */
import { byName, childOf, createNode, layOut } from './call-tree.ts';
import type { FlameGraph } from './flame-graph.ts';

/** google.v1.Profile as JSON; int64 are texts, zeros are left out. */
export interface WireProfile {
  readonly sample?: readonly { readonly locationId?: readonly string[]; readonly value?: readonly string[] }[];
  readonly location?: readonly {
    readonly id?: string;
    readonly address?: string;
    readonly line?: readonly { readonly functionId?: string; readonly line?: string }[];
  }[];
  readonly function?: readonly { readonly id?: string; readonly name?: string }[];
  readonly stringTable?: readonly string[];
}

interface Call {
  readonly name: string;
  readonly isInlined: boolean;
}

/** @returns bars named `function:line`, or `function` where a line is not known */
export function graphOfProfile({ sample = [], location = [], stringTable = [], ...rest }: WireProfile): FlameGraph {
  const names = new Map((rest.function ?? []).map(({ id, name }) => [id, stringTable[Number(name ?? 0)] ?? '']));
  const calls = new Map<string, readonly Call[]>();
  for (const { id = '0', address = '0', line = [] } of location) {
    const own = line.map(({ functionId, line: number = '0' }, i): Call => {
      const name = names.get(functionId) ?? '';
      return { name: number === '0' ? name : `${name}:${number}`, isInlined: i < line.length - 1 };
    });
    // A place without symbols has its address for a name.
    const unknown: Call = { name: `0x${BigInt(address).toString(16)}`, isInlined: false };
    calls.set(id, own.length === 0 ? [unknown] : own.reverse());
  }
  const root = createNode('total');
  for (const { locationId = [], value = [] } of sample) {
    const amount = Number(value[0] ?? 0);
    let at = root;
    at.total += amount;
    for (let i = locationId.length - 1; i >= 0; i--) {
      for (const { name, isInlined } of calls.get(locationId[i] ?? '') ?? []) {
        at = childOf(at, name, isInlined);
        at.total += amount;
      }
    }
    at.self += amount;
  }
  return layOut(root, false, byName, true);
}
