/** Blocks as compaction makes them: segments put into a store, folded and merged by the real code until nothing is due. */
import { type BlockReader, createBlockBuilder, parseBlock } from '@flamelake/block';
import { foldOnce, mergeOnce, segmentKey, takeSnapshot } from '@flamelake/catalog';
import type { ProfileRecord } from '@flamelake/formats';
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { createMemoryStore } from '@flamelake/object-store';
import type { SeededRandom } from '@flamelake/testkit';

const ROOT = { logId: 'log', partition: 0 };
/** More than any test has to merge. */
const MERGES_MAX = 100;

/**
 * Writes a segment a few records, folds and merges meanwhile and afterwards.
 * @param windowMs - width of a level 2 block; of level 3: three times that
 * @returns all live blocks, and segments if some were left
 */
export async function compactedBlocks(
  random: SeededRandom,
  records: readonly ProfileRecord[],
  windowMs: number,
): Promise<readonly BlockReader[]> {
  const store = createMemoryStore({ clock: { nowMs: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() } });
  const context = { store, root: ROOT, random };
  const rules = {
    blocksPerMerge: 2,
    hourMs: windowMs,
    dayMs: 3 * windowMs,
    spanHours: random.pick([1, 3]),
    smallSpanBytes: random.pick([1, 10_000, 1_000_000]),
    graceMs: 0,
    identityWindowMs: random.pick([0, 1_000]),
    windowsMax: 1 + random.integer(3),
    smallBlocksMax: 2,
    ownBlockBytes: random.pick([1, 3_000, 1_000_000]),
    memoryBytes: random.pick([1, 100_000, 10_000_000]),
  };
  const lastMs = Math.max(0, ...records.map(({ timeNanos }) => Number(timeNanos / 1_000_000n)));
  const mergeAll = async (nowMs: number) => {
    for (let i = 0; i < MERGES_MAX; i++) {
      if ((await mergeOnce({ ...context, rules }, nowMs)).outcome === 'nothing') return;
    }
    throw new RangeError(`merges find no end: ${JSON.stringify(rules)}`);
  };
  for (let position = 0; position < records.length; ) {
    const next = Math.min(records.length, position + 1 + random.integer(3));
    await store.put(segmentKey(ROOT, position), segment(records, position, next, lastMs));
    position = next;
    if (random.chance(0.5)) await foldOnce({ ...context, segmentsMax: 1 + random.integer(3) });
    if (random.chance(0.3)) await mergeAll(lastMs);
  }
  const foldsLeft = random.integer(4);
  for (let i = 0; i < foldsLeft; i++) await foldOnce({ ...context, segmentsMax: 2 });
  await mergeAll(lastMs + random.pick([0, 100, 100_000]));
  return readAll(store);
}

function segment(records: readonly ProfileRecord[], position: number, next: number, lastMs: number): Uint8Array {
  const builder = createBlockBuilder();
  for (let offset = position; offset < next; offset++) builder.addProfile(records[offset], offset);
  const log = { ...ROOT, position, next, lastAppendMs: lastMs, gaps: [] };
  return builder.build({ id: `${position}`.padStart(32, '0'), level: 0, log }).bytes;
}

async function readAll(store: ObjectStore): Promise<readonly BlockReader[]> {
  const { partitions } = await takeSnapshot(store);
  const keys = partitions.flatMap(({ manifest, segments }) => [...manifest.blocks, ...segments].map(({ key }) => key));
  return Promise.all(
    keys.map(async (key) => {
      const object = await store.get(key);
      if (object === undefined) throw new FlamelakeError('not_found', 'block is gone', { key });
      return parseBlock(object.bytes, key);
    }),
  );
}
