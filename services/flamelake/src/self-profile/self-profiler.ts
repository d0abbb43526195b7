/**
 * Profiles this process: one CPU profile after another and a heap profile with each, pushed to our own distributor;
 * the same profiles on request, as `/debug/pprof` serves them.
 */
import { Session } from 'node:inspector/promises';
import type { Pprof } from '@flamelake/formats';
import type { Clock } from '@flamelake/model';
import { startCpuProfile } from './cpu-profile.ts';
import { startHeapSampling, takeHeapProfile } from './heap-profile.ts';

export interface SelfProfiler {
  /** Profiles and pushes until the signal aborts; a push that fails is reported and the profile dropped. */
  run(
    options: { intervalMs: number; push(name: string, profile: Pprof): Promise<void>; onError(error: unknown): void },
    signal: AbortSignal,
  ): Promise<void>;
  /** A CPU profile of the next `durationMs`. V8 has one profiler a session: this one has its own. */
  cpu(durationMs: number, signal?: AbortSignal): Promise<Pprof>;
  heap(): Promise<Pprof>;
  close(): void;
}

export async function createSelfProfiler(clock: Clock): Promise<SelfProfiler> {
  const heapSession = new Session();
  heapSession.connect();
  await startHeapSampling(heapSession);

  const cpu = async (durationMs: number, signal?: AbortSignal): Promise<Pprof> => {
    const session = new Session();
    session.connect();
    try {
      const startMs = clock.nowMs();
      const profile = await startCpuProfile(session);
      await clock.sleep(durationMs, signal);
      return await profile.stop(startMs, clock.nowMs() - startMs);
    } finally {
      session.disconnect();
    }
  };
  const heap = (): Promise<Pprof> => takeHeapProfile(heapSession, clock.nowMs());

  return {
    cpu,
    heap,
    async run({ intervalMs, push, onError }, signal) {
      while (!signal.aborted) {
        try {
          await push('process_cpu', await cpu(intervalMs, signal));
          await push('memory', await heap());
        } catch (error) {
          onError(error);
          await clock.sleep(intervalMs, signal);
        }
      }
    },
    close: () => heapSession.disconnect(),
  };
}
