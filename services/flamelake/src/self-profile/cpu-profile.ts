/**
 * CPU profiles of this process by V8's own sampling profiler, as pprof.
 * V8 samples the main thread by wall clock; time in `(idle)` is left out, so what stays is CPU time of that thread.
 */
import type { Session } from 'node:inspector/promises';
import type { Pprof } from '@flamelake/formats';
import { type CallTree, pprofOfCallTree } from './call-tree.ts';

/** Sampling period, µs. */
const SAMPLING_INTERVAL_US = 10_000;

interface V8CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

/** Starts sampling; `stop` ends it and gives the profile of the time between. */
export async function startCpuProfile(
  session: Session,
): Promise<{ stop(startMs: number, durationMs: number): Promise<Pprof> }> {
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US });
  await session.post('Profiler.start');
  return {
    async stop(startMs, durationMs) {
      const { profile } = (await session.post('Profiler.stop')) as { profile: V8CpuProfile };
      return pprofOfCallTree(cpuCallTree(profile), {
        sampleTypes: [
          { type: 'samples', unit: 'count' },
          { type: 'cpu', unit: 'nanoseconds' },
        ],
        periodType: { type: 'cpu', unit: 'nanoseconds' },
        period: BigInt(SAMPLING_INTERVAL_US) * 1000n,
        startMs,
        durationMs,
      });
    },
  };
}

function cpuCallTree(profile: V8CpuProfile): CallTree {
  const indexById = new Map(profile.nodes.map((node, index) => [node.id, index]));
  const parent = new Int32Array(profile.nodes.length).fill(-1);
  for (const [index, node] of profile.nodes.entries()) {
    for (const child of node.children ?? []) parent[indexById.get(child) as number] = index;
  }
  const counts = new Float64Array(profile.nodes.length);
  const nanos = new Float64Array(profile.nodes.length);
  const deltas = profile.timeDeltas ?? [];
  for (const [i, id] of (profile.samples ?? []).entries()) {
    const node = indexById.get(id) as number;
    // The delta before a sample is the time since the one before it; clocks may step back.
    const us = Math.max(0, deltas[i] ?? 0);
    if (profile.nodes[node]?.callFrame.functionName === '(idle)') continue;
    counts[node] = (counts[node] as number) + 1;
    nanos[node] = (nanos[node] as number) + us * 1000;
  }
  return {
    frames: profile.nodes.map(({ callFrame }) => ({
      functionName: callFrame.functionName,
      filename: callFrame.url,
      line: callFrame.lineNumber + 1,
    })),
    parent,
    values: [counts, nanos],
  };
}
