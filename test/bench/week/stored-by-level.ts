/** What a profile takes in the blocks that are live, by level. */
import { type DatasetReader, objectSource, openBlock } from '@flamelake/block';
import { takeSnapshot } from '@flamelake/catalog';
import type { ObjectStore } from '@flamelake/model';
import type { ByKind } from './make-week.ts';
import { isCpuService } from './week-services.ts';

/** Mean bytes of a profile in live blocks of level 2, then of level 3; undefined where there is none. */
export async function storedByLevel(store: ObjectStore): Promise<readonly (ByKind | undefined)[]> {
  const sums = [2, 3].map(() => ({ bytes: { cpu: 0, mixed: 0 }, profiles: { cpu: 0, mixed: 0 } }));
  const { partitions } = await takeSnapshot(store);
  for (const entry of partitions.flatMap(({ manifest }) => manifest.blocks)) {
    const sum = sums[entry.level - 2];
    if (sum === undefined) continue;
    const block = await openBlock(objectSource(store, entry));
    const own = entry.datasets.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
    for (const [i, { service, sizeBytes }] of block.info.datasets.entries()) {
      const kind = isCpuService(service) ? 'cpu' : 'mixed';
      // What is of the whole block is shared out by bytes.
      sum.bytes[kind] += (sizeBytes * entry.sizeBytes) / own;
      sum.profiles[kind] += await pushesOf(block.openDataset(i));
    }
  }
  return sums.map(({ bytes, profiles }) =>
    profiles.cpu + profiles.mixed === 0
      ? undefined
      : { cpu: bytes.cpu / profiles.cpu, mixed: bytes.mixed / profiles.mixed },
  );
}

async function pushesOf(dataset: DatasetReader): Promise<number> {
  return new Set((await dataset.profiles()).identity).size;
}
