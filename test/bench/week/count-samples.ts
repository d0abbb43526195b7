/** How many samples a flame graph stands for, whether it is drawn from them or from their totals. */
import { objectSource, openBlock } from '@flamelake/block';
import { takeSnapshot } from '@flamelake/catalog';
import { type ObjectStore, profileTypeId } from '@flamelake/model';

/** @param type - profile type id. @param service - any when it is left out */
export async function countSamples(
  store: ObjectStore,
  tenant: string,
  type: string,
  service?: string,
): Promise<number> {
  let count = 0;
  const { partitions } = await takeSnapshot(store);
  for (const entry of partitions.flatMap(({ manifest, segments }) => [...manifest.blocks, ...segments])) {
    const block = await openBlock(objectSource(store, entry));
    for (const [i, info] of block.info.datasets.entries()) {
      if (info.tenant !== tenant || (service !== undefined && info.service !== service)) continue;
      const dataset = block.openDataset(i);
      const { start } = await dataset.samples();
      for (const one of await dataset.series()) {
        if (profileTypeId(one.type) === type) count += start[one.rows.until] - start[one.rows.from];
      }
    }
  }
  return count;
}
