/** A server behind a proxy: killed, frozen and started again without its clients being told. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningServer } from '../real/components/server.ts';

export interface Part {
  /** kill -9; started again after a while. */
  kill(downMs: number): Promise<void>;
  /** SIGSTOP, and SIGCONT after a while. */
  freeze(forMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param aim - tells the proxy where it is now */
export async function startPart(start: () => Promise<RunningServer>, aim: (port: number) => void): Promise<Part> {
  let server = await start();
  aim(server.port);
  return {
    async kill(downMs) {
      await server.stop();
      await sleep(downMs);
      server = await start();
      aim(server.port);
    },
    async freeze(forMs) {
      process.kill(server.pid, 'SIGSTOP');
      await sleep(forMs);
      process.kill(server.pid, 'SIGCONT');
    },
    stop: () => server.stop(),
  };
}
