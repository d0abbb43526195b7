/**
 * Profiles this process: one CPU profile after another and a heap profile with each, pushed to our own distributor;
 * the same profiles on request, as `/debug/pprof` serves them.
 */
import { Session } from 'node:inspector/promises';
import type { Pprof } from '@flamelake/formats';
import type { Clock } from '@flamelake/model';
import { createCpuSampler } from './cpu-profile.ts';
import { startHeapSampling, takeHeapProfile } from './heap-profile.ts';

export interface SelfProfiler {
  /** Profiles and pushes until the signal aborts; a push that fails is reported and the profile dropped. */
  run(
    options: { intervalMs: number; push(name: string, profile: Pprof): Promise<void>; onError(error: unknown): void },
    signal: AbortSignal,
  ): Promise<void>;
  /** A CPU profile of the next `durationMs`. */
  cpu(durationMs: number, signal?: AbortSignal): Promise<Pprof>;
  heap(): Promise<Pprof>;
  close(): void;
}

export async function createSelfProfiler(clock: Clock): Promise<SelfProfiler> {
  const session = new Session();
  session.connect();
  await startHeapSampling(session);
  const sampler = await createCpuSampler(session);
  const begin = () => ({ startMs: clock.nowMs(), profile: sampler.begin() });
  const end = ({ startMs, profile }: ReturnType<typeof begin>) => profile.end(startMs, clock.nowMs() - startMs);
  const heap = (): Promise<Pprof> => takeHeapProfile(session, clock.nowMs());

  return {
    async cpu(durationMs, signal) {
      const begun = begin();
      await clock.sleep(durationMs, signal);
      return end(begun);
    },
    heap,
    async run({ intervalMs, push, onError }, signal) {
      let running = begin();
      while (!signal.aborted) {
        await clock.sleep(intervalMs, signal);
        const ending = running;
        running = begin();
        try {
          await push('process_cpu', await end(ending));
          await push('memory', await heap());
        } catch (error) {
          onError(error);
        }
      }
      await end(running);
    },
    close: () => session.disconnect(),
  };
}
