/** Whether a block's labels say what its datasets say. */
import { FlamelakeError } from '@flamelake/model';
import { readLabels } from './labels-section.ts';
import type { PageLoader } from './page-loader.ts';
import { inSection, type PagePlace, partsOf } from './section.ts';
import type { BlockInfo, Series } from './types.ts';

/**
 * Reads all labels, a part at a time.
 * @param pages - of the whole block, and what loads them
 * @param seriesOf - reads a dataset's own series
 * @throws {FlamelakeError} `data_loss` where they differ, and what reading throws
 */
export async function checkLabels(
  object: string,
  info: BlockInfo,
  pages: readonly PagePlace[],
  loader: PageLoader,
  seriesOf: (index: number) => Promise<readonly Series[]>,
): Promise<void> {
  for (const place of partsOf(pages, 'labels')) {
    await loader.load([place.page]);
    const part = loader.take(place, 'labels');
    const datasets = info.datasets.slice(place.from, place.from + place.rows);
    for (const [i, labels] of inSection(object, 'labels', () => readLabels(part, datasets)).entries()) {
      if (labels === undefined) continue;
      const { tenant, service } = datasets[i];
      if (JSON.stringify(labels) === JSON.stringify(await seriesOf(place.from + i))) continue;
      throw new FlamelakeError('data_loss', 'labels are not those of the dataset', { object, tenant, service });
    }
  }
}
