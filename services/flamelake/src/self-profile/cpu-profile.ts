/**
 * CPU profiles of this process by V8's own sampling profiler, as pprof.
 * V8 samples the main thread by wall clock; time in `(idle)` is left out, so what stays is CPU time of that thread.
 */
import { console as inspectorConsole } from 'node:inspector';
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

/** Profiles of the main thread; any number may run at once. */
export interface CpuSampler {
  /** Begins a profile; `end` gives it. */
  begin(): { end(startMs: number, durationMs: number): Promise<Pprof> };
}

/**
 * V8 looks at all compiled code when its profiler starts, 100 ms and more, and forgets it when the last profile ends:
 * who profiles for long begins the next profile before ending the one before. Profiles are begun through the console,
 * because the protocol itself allows one at a time.
 */
export async function createCpuSampler(session: Session): Promise<CpuSampler> {
  const waiting = new Map<string, (profile: V8CpuProfile) => void>();
  session.on('Profiler.consoleProfileFinished', ({ params }: { params: { profile: V8CpuProfile; title?: string } }) => {
    const title = params.title ?? '';
    waiting.get(title)?.(params.profile);
    waiting.delete(title);
  });
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US });
  let count = 0;
  return {
    begin() {
      const title = `flamelake ${count++}`;
      inspectorConsole.profile(title);
      return {
        async end(startMs, durationMs) {
          const finished = new Promise<V8CpuProfile>((resolve) => waiting.set(title, resolve));
          inspectorConsole.profileEnd(title);
          return pprofOfCallTree(cpuCallTree(await finished), { ...FACTS, startMs, durationMs });
        },
      };
    },
  };
}

const FACTS = {
  sampleTypes: [
    { type: 'samples', unit: 'count' },
    { type: 'cpu', unit: 'nanoseconds' },
  ],
  periodType: { type: 'cpu', unit: 'nanoseconds' },
  period: BigInt(SAMPLING_INTERVAL_US) * 1000n,
};

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
    counts[node] = counts[node] + 1;
    nanos[node] = nanos[node] + us * 1000;
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
