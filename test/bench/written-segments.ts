/** Segments that a server writes to its directory, read from outside while it runs. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BlockReader, parseBlock } from '@flamelake/block';

const POLL_MS = 20;
const WAIT_MS_MAX = 60_000;

export interface WrittenSegments {
  /** Waits until the segments hold so many pushes to the benchmark's services. @throws {Error} after a minute */
  holds(pushes: number): Promise<void>;
  /** Bytes of all segments so far. */
  bytes(): number;
}

export function watchSegments(directory: string): WrittenSegments {
  const seen = new Set<string>();
  let pushes = 0;
  let bytes = 0;
  const look = async (): Promise<void> => {
    for (const path of globSync(`${directory}/store/objects/logs/*/partitions/*/segments/*`)) {
      if (seen.has(path) || !statSync(path).isFile()) continue;
      seen.add(path);
      const object = readFileSync(path);
      bytes += object.length;
      pushes += await countPushes(parseBlock(object));
    }
  };
  return {
    async holds(wanted) {
      const deadline = performance.now() + WAIT_MS_MAX;
      for (await look(); pushes < wanted; await look()) {
        if (performance.now() > deadline) throw new Error(`segments hold ${pushes} pushes of ${wanted}`);
        await sleep(POLL_MS);
      }
      if (pushes > wanted) throw new Error(`segments hold ${pushes} pushes, sent were ${wanted}`);
    },
    bytes: () => bytes,
  };
}

/** Pushed profiles: distinct identities in the datasets of the benchmark, not those of the server's own profiles. */
async function countPushes(block: BlockReader): Promise<number> {
  const identities = new Set<number>();
  for (const [index, { service }] of block.info.datasets.entries()) {
    if (!service.startsWith('bench-')) continue;
    for (const identity of (await block.dataset(index).profiles()).identity) identities.add(identity);
  }
  return identities.size;
}
