/** How a compaction job writes a block. */
import type { BlockBuilder, LogRange } from '@flamelake/block';
import type { ObjectStore, Random } from '@flamelake/model';
import { blockKey } from './keys.ts';
import { randomId } from './random-id.ts';
import type { BlockEntry, PartitionRoot } from './types.ts';

/** Called between steps of a few milliseconds: lets others have their turn when there was none for a while. */
export type Pause = () => Promise<void>;

export const NO_PAUSE: Pause = () => Promise.resolve();

export interface PutBlockContext {
  readonly store: ObjectStore;
  readonly root: PartitionRoot;
  readonly random: Random;
  readonly pause: Pause;
}

export interface BlockPlace {
  /** Version the job started from. */
  readonly version: number;
  readonly level: number;
  readonly log: LogRange;
  /** Width of the windows that get totals, ms; none when it is left out. */
  readonly totalsMs?: number;
}

/** Builds a block a step at a time and puts it; it is live when it is committed. */
export async function putBlock(
  { store, root, random, pause }: PutBlockContext,
  builder: BlockBuilder,
  { version, level, log, totalsMs }: BlockPlace,
): Promise<BlockEntry> {
  const id = randomId(random);
  const steps = builder.buildInSteps({ id, level, log, ...(totalsMs !== undefined && { totalsMs }) });
  let step = steps.next();
  while (step.done !== true) {
    await pause();
    step = steps.next();
  }
  const { bytes, info, tailBytes } = step.value;
  const key = blockKey(root, version, id);
  await store.put(key, bytes);
  return { key, id, level, sizeBytes: bytes.length, tailBytes, log, datasets: info.datasets };
}
