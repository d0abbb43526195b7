/** Opens blocks: one ranged read finds the footer; everything else is read when it is asked for. */
import { FlamelakeError, type Memory, UNBOUNDED_MEMORY } from '@flamelake/model';
import { readIdentities, readQuarantine } from './block-sections.ts';
import { memorySource } from './block-source.ts';
import { checkLabels } from './check-labels.ts';
import { type Contents, decodeContents } from './contents.ts';
import { createDatasetReader } from './dataset-reader.ts';
import { decodedSize } from './decoded-size.ts';
import { decodeFooter, FOOTER_TRAILER_BYTES } from './footer.ts';
import { tailBytesOf } from './labels-section.ts';
import { createOnce } from './once.ts';
import type { Part } from './page.ts';
import { createPageLoader } from './page-loader.ts';
import { createReadAhead } from './read-ahead.ts';
import { inSection, partsOf, rowCount } from './section.ts';
import { createSeriesAhead } from './series-ahead.ts';
import type { BlockReader, BlockSource, DatasetReader } from './types.ts';

type BlockSection = 'identities' | 'quarantine';

/** Last bytes of an object to read when nothing is known of it: the footer of most blocks, and the whole of small ones. */
export const TAIL_BYTES = 65_536;

/**
 * Opens a block with one read of its last bytes, or two when its footer is larger.
 * @param options - `tail`: last bytes of the object if the caller has them; kept while the reader lives, and read from first.
 * `tailBytes`: how many to read if not, 64 KiB by default. `memory`: what the reader and its datasets hold is taken from it; given back by
 * the caller
 * @throws {FlamelakeError} `data_loss` on corrupt bytes, `unimplemented` on a newer version, and what the source throws
 */
export async function openBlock(
  source: BlockSource,
  options: {
    readonly tail?: Uint8Array;
    readonly tailBytes?: number | undefined;
    readonly signal?: AbortSignal;
    readonly memory?: Memory;
  } = {},
): Promise<BlockReader> {
  const { memory = UNBOUNDED_MEMORY } = options;
  let tail = options.tail ?? (await readTail(source, options.tailBytes ?? TAIL_BYTES, memory, options.signal));
  let found = inSection(source.key, 'footer', () => decodeFooter(tail));
  if ('needBytes' in found) {
    tail = await readTail(source, found.needBytes, memory, options.signal);
    found = inSection(source.key, 'footer', () => decodeFooter(tail));
  }
  return readerOf(source, tail, found, memory);
}

/** Opens a block that is in memory; pages are views into `bytes` until they are decoded. */
export function parseBlock(bytes: Uint8Array, key?: string): BlockReader {
  const source = memorySource(bytes, key);
  return readerOf(
    source,
    bytes,
    inSection(source.key, 'footer', () => decodeFooter(bytes)),
    UNBOUNDED_MEMORY,
  );
}

function readTail(source: BlockSource, lengthBytes: number, memory: Memory, signal?: AbortSignal): Promise<Uint8Array> {
  const length = Math.min(lengthBytes, source.sizeBytes);
  memory.take(length);
  return source.read(source.sizeBytes - length, length, signal);
}

function readerOf(
  source: BlockSource,
  tail: Uint8Array,
  found: { contents: Uint8Array } | { needBytes: number },
  memory: Memory,
): BlockReader {
  const contents = inSection(source.key, 'footer', () => {
    if ('needBytes' in found) throw new FlamelakeError('data_loss', 'block is shorter than its footer', found);
    return decodeContents(found.contents, source.sizeBytes - FOOTER_TRAILER_BYTES - found.contents.length, memory);
  });
  const pageBytes = contents.datasets
    .concat(contents.block)
    .flat()
    .reduce((sum, page) => sum + page.lengthBytes, 0);
  return createBlockReader(source, tail, contents, source.sizeBytes - pageBytes, memory);
}

function createBlockReader(
  source: BlockSource,
  tail: Uint8Array,
  contents: Contents,
  footerBytes: number,
  memory: Memory,
): BlockReader {
  const { info, block } = contents;
  const loader = createPageLoader(source, tail, block, memory);
  const identityCount = rowCount(partsOf(block, 'identities'));
  const datasets: DatasetReader[] = [];
  const ahead = createReadAhead(source, memory);
  const seriesAhead = createSeriesAhead({
    source,
    info,
    datasets: contents.datasets,
    block,
    loader,
    ahead,
    tailStart: source.sizeBytes - tail.length,
    memory,
  });
  const once = createOnce<BlockSection>();
  const readBlockSection = <T>(section: BlockSection, read: (parts: readonly Part[]) => T): Promise<T> =>
    once(section, async () => {
      const places = partsOf(block, section);
      await loader.load(places.map(({ page }) => page));
      const parts = places.map((place) => loader.take(place, section));
      memory.take(decodedSize(section, parts));
      return inSection(source.key, section, () => read(parts));
    });
  const open = (index: number, own = memory): DatasetReader => {
    const dataset = info.datasets[index];
    if (dataset === undefined) throw new FlamelakeError('internal', 'block has no such dataset', { index });
    const known = () => seriesAhead.known(index);
    return createDatasetReader(ahead.source, tail, dataset, contents.datasets[index] ?? [], identityCount, own, known);
  };
  return {
    info,
    source,
    tailBytes: tailBytesOf(block, footerBytes),
    dataset(index) {
      datasets[index] ??= open(index);
      return datasets[index];
    },
    openDataset: open,
    fetchSeries: seriesAhead.fetch,
    checkLabels: () =>
      checkLabels(source.key, info, block, createPageLoader(source, tail, block, memory), (index) =>
        createDatasetReader(
          source,
          tail,
          info.datasets[index],
          contents.datasets[index],
          identityCount,
          memory,
        ).series(),
      ),
    identityCount,
    identities: () => readBlockSection('identities', readIdentities),
    async readIdentities() {
      // A loader of its own: nothing of it stays.
      const own = createPageLoader(source, tail, block, UNBOUNDED_MEMORY);
      const places = partsOf(block, 'identities');
      await own.load(places.map(({ page }) => page));
      const parts = places.map((place) => own.take(place, 'identities'));
      return inSection(source.key, 'identities', () => readIdentities(parts));
    },
    quarantine: () => readBlockSection('quarantine', readQuarantine),
  };
}
