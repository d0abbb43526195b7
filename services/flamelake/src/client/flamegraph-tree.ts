/** A flame graph as the wire carries it (levels of delta-coded bars), read back into a tree of frames. */

export interface WireFlamegraph {
  readonly names?: readonly string[];
  readonly levels?: readonly { readonly values?: readonly (string | number)[] }[];
  readonly total?: string | number;
}

export interface Frame {
  readonly name: string;
  readonly total: bigint;
  readonly self: bigint;
  readonly children: Frame[];
}

interface PlacedFrame extends Frame {
  readonly start: bigint;
}

/** The root frame, named `total`. Bars of a level follow the order of their parents (api: querier.v1 flame graph). */
export function flamegraphTree(graph: WireFlamegraph): Frame {
  const names = graph.names ?? [];
  let above: PlacedFrame[] = [];
  let root: PlacedFrame = { name: 'total', total: 0n, self: 0n, children: [], start: 0n };
  for (const [depth, level] of (graph.levels ?? []).entries()) {
    const values = (level.values ?? []).map(BigInt);
    const here: PlacedFrame[] = [];
    let end = 0n;
    let parent = 0;
    for (let i = 0; i + 3 < values.length; i += 4) {
      const [offset, total, self, name] = values.slice(i, i + 4) as [bigint, bigint, bigint, bigint];
      const frame: PlacedFrame = { name: names[Number(name)] ?? '', total, self, children: [], start: end + offset };
      end = frame.start + total;
      here.push(frame);
      if (depth === 0) root = frame;
      else {
        while (parent < above.length - 1 && frame.start >= endOf(above[parent])) parent++;
        above[parent]?.children.push(frame);
      }
    }
    above = here;
  }
  return root;
}

function endOf(frame: PlacedFrame | undefined): bigint {
  return frame === undefined ? 0n : frame.start + frame.total;
}

export interface FunctionSums {
  readonly name: string;
  self: bigint;
  /** Counted once a stack, however often the function is on it. */
  total: bigint;
}

/** Self and total of every function, largest self first. */
export function topFunctions(root: Frame): FunctionSums[] {
  const sums = new Map<string, FunctionSums>();
  const onStack = new Map<string, number>();
  const enter = (frame: Frame): void => {
    const sum = sums.get(frame.name) ?? { name: frame.name, self: 0n, total: 0n };
    sums.set(frame.name, sum);
    sum.self += frame.self;
    const depth = onStack.get(frame.name) ?? 0;
    if (depth === 0) sum.total += frame.total;
    onStack.set(frame.name, depth + 1);
  };
  // An explicit stack: a thousand frames deep is ordinary.
  const pending: { frame: Frame; isLeaving: boolean }[] = root.children.map((frame) => ({ frame, isLeaving: false }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { frame, isLeaving } = next;
    if (isLeaving) {
      onStack.set(frame.name, (onStack.get(frame.name) ?? 1) - 1);
      continue;
    }
    enter(frame);
    pending.push({ frame, isLeaving: true });
    for (const child of frame.children) pending.push({ frame: child, isLeaving: false });
  }
  return [...sums.values()].sort(
    (a, b) => compareBigInt(b.self, a.self) || compareBigInt(b.total, a.total) || (a.name < b.name ? -1 : 1),
  );
}

function compareBigInt(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Percent with one decimal, exact to the last shown digit whatever the size of the numbers. */
export function percent(part: bigint, whole: bigint): string {
  if (whole === 0n) return '0.0 %';
  return `${(Number((part * 10_000n) / whole) / 100).toFixed(1)} %`;
}
