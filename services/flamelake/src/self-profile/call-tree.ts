/** A tree of calls with values, as V8's profilers give it, turned into pprof columns. */
import { type Pprof, stackSymbols, type ValueType } from '@flamelake/formats';

export interface CallFrame {
  readonly functionName: string;
  /** URL or path of the script, '' for built-in code. */
  readonly filename: string;
  /** From 1; 0 when unknown. */
  readonly line: number;
}

/** Node 0 is the root and no frame of its own; `parent` is -1 there. Values are self values, whole numbers, by type and node. */
export interface CallTree {
  readonly frames: readonly CallFrame[];
  readonly parent: Int32Array;
  readonly values: readonly Float64Array[];
}

export interface ProfileFacts {
  readonly sampleTypes: readonly ValueType[];
  readonly periodType: ValueType;
  readonly period: bigint;
  readonly startMs: number;
  readonly durationMs: number;
}

/** Every node is a location with one function; nodes with a value are samples. */
export function pprofOfCallTree(tree: CallTree, facts: ProfileFacts): Pprof {
  const strings = createStrings();
  const count = tree.frames.length;
  const name = new Uint32Array(count);
  const filename = new Uint32Array(count);
  const line = new Int32Array(count);
  for (const [i, frame] of tree.frames.entries()) {
    name[i] = strings.index(frame.functionName === '' ? '(anonymous)' : frame.functionName);
    filename[i] = strings.index(frame.filename.replace(/^file:\/\//, ''));
    line[i] = Math.max(0, frame.line);
  }
  const samples: number[] = [];
  for (let node = 1; node < count; node++) if (tree.values.some((values) => values[node] > 0)) samples.push(node);
  const types = tree.values.length;
  const values = new BigInt64Array(samples.length * types);
  const start = new Uint32Array(samples.length + 1);
  const locations: number[] = [];
  for (const [s, node] of samples.entries()) {
    for (let at = node; at > 0; at = tree.parent[at]) locations.push(at);
    start[s + 1] = locations.length;
    for (const [t, column] of tree.values.entries()) values[s * types + t] = BigInt(Math.round(column[node]));
  }
  return {
    symbols: stackSymbols(strings.column(), { name, filename, line }),
    sampleTypes: facts.sampleTypes,
    periodType: facts.periodType,
    period: facts.period,
    timeNanos: BigInt(Math.round(facts.startMs)) * 1_000_000n,
    durationNanos: BigInt(Math.round(facts.durationMs)) * 1_000_000n,
    stacks: { count: samples.length, start, locations: Uint32Array.from(locations) },
    sampleCount: samples.length,
    values,
    labels: {
      start: new Uint32Array(samples.length + 1),
      key: new Uint32Array(0),
      text: new Uint32Array(0),
      number: new BigInt64Array(0),
      numberUnit: new Uint32Array(0),
    },
    comments: [],
    defaultSampleType: '',
  };
}

function createStrings() {
  const indexes = new Map<string, number>([['', 0]]);
  return {
    index(text: string): number {
      const known = indexes.get(text);
      if (known !== undefined) return known;
      indexes.set(text, indexes.size);
      return indexes.size - 1;
    },
    column() {
      const encoded = [...indexes.keys()].map((text) => new TextEncoder().encode(text));
      const offsets = new Uint32Array(encoded.length + 1);
      for (const [i, bytes] of encoded.entries()) offsets[i + 1] = offsets[i] + bytes.length;
      const bytes = new Uint8Array(offsets[encoded.length]);
      for (const [i, part] of encoded.entries()) bytes.set(part, offsets[i]);
      return { count: encoded.length, bytes, offsets };
    },
  };
}
