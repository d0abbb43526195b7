/** Live-heap profiles of this process by V8's sampling heap profiler, as pprof. */
import type { Session } from 'node:inspector/promises';
import type { Pprof } from '@flamelake/formats';
import { type CallFrame, type CallTree, pprofOfCallTree } from './call-tree.ts';

/** Average bytes between two sampled allocations. */
const SAMPLING_INTERVAL_BYTES = 524_288;

interface V8HeapNode {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly selfSize: number;
  readonly id: number;
  readonly children: readonly V8HeapNode[];
}

interface V8HeapProfile {
  readonly head: V8HeapNode;
  readonly samples: readonly { readonly size: number; readonly nodeId: number }[];
}

/** Begins to sample allocations; costs little, and stays on. */
export async function startHeapSampling(session: Session): Promise<void> {
  await session.post('HeapProfiler.startSampling', { samplingInterval: SAMPLING_INTERVAL_BYTES });
}

/** What is alive now, by the stack that allocated it. */
export async function takeHeapProfile(session: Session, nowMs: number): Promise<Pprof> {
  const { profile }: { profile: object } = await session.post('HeapProfiler.getSamplingProfile');
  return pprofOfCallTree(heapCallTree(profile as V8HeapProfile), {
    sampleTypes: [
      { type: 'inuse_objects', unit: 'count' },
      { type: 'inuse_space', unit: 'bytes' },
    ],
    periodType: { type: 'space', unit: 'bytes' },
    period: BigInt(SAMPLING_INTERVAL_BYTES),
    startMs: nowMs,
    durationMs: 0,
  });
}

function heapCallTree(profile: V8HeapProfile): CallTree {
  const frames: CallFrame[] = [];
  const parents: number[] = [];
  const sizes: number[] = [];
  const indexById = new Map<number, number>();
  const pending: [V8HeapNode, number][] = [[profile.head, -1]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [node, parent] = next;
    const index = frames.length;
    indexById.set(node.id, index);
    frames.push({
      functionName: node.callFrame.functionName,
      filename: node.callFrame.url,
      line: node.callFrame.lineNumber + 1,
    });
    parents.push(parent);
    sizes.push(node.selfSize);
    for (const child of node.children) pending.push([child, index]);
  }
  const objects = new Float64Array(frames.length);
  const sampledBytes = new Float64Array(frames.length);
  for (const { nodeId, size } of profile.samples) {
    const index = indexById.get(nodeId);
    if (index === undefined) continue;
    objects[index] = objects[index] + 1;
    sampledBytes[index] = sampledBytes[index] + size;
  }
  // A node's size is scaled up from its samples; the count is scaled alike.
  for (let i = 0; i < objects.length; i++) {
    const sampled = sampledBytes[i];
    if (sampled > 0) objects[i] = Math.max(1, Math.round((objects[i] * sizes[i]) / sampled));
  }
  return { frames, parent: Int32Array.from(parents), values: [objects, Float64Array.from(sizes)] };
}
