/** What index pages say of a manifest's blocks: as much of it as is asked for. */
import type { DatasetInfo } from '@flamelake/block';
import type { ObjectStore } from '@flamelake/model';
import { inParallel } from './in-parallel.ts';
import { type DatasetPage, type DatasetPageRef, type DayBlock, type DayPage, datasetAt } from './index-page.ts';
import { loadPage } from './page-cache.ts';
import type { BlockEntry, DayRef, Manifest, PartitionSnapshot, PlannedBlock, Snapshot, TimeSpan } from './types.ts';

/** Which datasets are wanted; what is left out matches all. Some others may be answered, too. */
export interface DatasetFilter {
  readonly tenants?: readonly string[];
  readonly service?: string;
  /** Profile times, ms since 1970, half-open. */
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** Index pages read side by side. */
const PARALLEL_MAX = 32;

/**
 * All that a manifest's index pages hold of the datasets, as if it had no pages. Blocks of pages without such a dataset are left out,
 * unless the filter is empty.
 * @throws {FlamelakeError} `not_found` when a page is gone, `data_loss` when one cannot be read
 */
export async function withBlocks(
  store: ObjectStore,
  manifest: Manifest,
  filter: DatasetFilter = {},
): Promise<Manifest> {
  if (manifest.days === undefined) return manifest;
  const days = manifest.days.filter((ref) => overlaps(ref, filter));
  return withoutDays(manifest, (await inParallel(days, PARALLEL_MAX, (ref) => blocksOfDay(store, ref, filter))).flat());
}

/** The same of every partition of a snapshot. */
export async function withBlocksOf(store: ObjectStore, snapshot: Snapshot, filter: DatasetFilter): Promise<Snapshot> {
  if (snapshot.partitions.every(({ manifest }) => manifest.days === undefined)) return snapshot;
  const partitions = snapshot.partitions.map(
    async (partition): Promise<PartitionSnapshot> => ({
      ...partition,
      manifest: await withBlocks(store, partition.manifest, filter),
    }),
  );
  return { partitions: await Promise.all(partitions) };
}

/** The pages of days. @param isWanted - which; all by default */
export function dayPages(
  store: ObjectStore,
  { days = [] }: Manifest,
  isWanted: (ref: DayRef) => boolean = () => true,
): Promise<readonly DayPage[]> {
  return inParallel(days.filter(isWanted), PARALLEL_MAX, ({ key }) => loadPage(store, key, 'day'));
}

/** Blocks without their datasets. @param isWanted - which days are looked into; all by default */
export async function plannedBlocks(
  store: ObjectStore,
  manifest: Manifest,
  isWanted?: (ref: DayRef) => boolean,
): Promise<readonly PlannedBlock[]> {
  const pages = await dayPages(store, manifest, isWanted);
  return [...manifest.blocks, ...pages.flatMap(({ blocks }) => blocks.map(plannedBlock))];
}

/** A block of a day page, as jobs are planned by it. */
export function plannedBlock(block: DayBlock): PlannedBlock {
  return { ...ownOf(block), datasets: block.times === undefined ? [] : [block.times] };
}

/** What a day page knows of a block itself. */
function ownOf({ key, id, level, sizeBytes, tailBytes, log }: DayBlock): Omit<BlockEntry, 'datasets'> {
  return { key, id, level, sizeBytes, ...(tailBytes !== undefined && { tailBytes }), log };
}

/** Keys of all index pages that a manifest names, and of the blocks that these name. */
export async function keysInPages(
  store: ObjectStore,
  manifest: Manifest,
): Promise<{ readonly pages: ReadonlySet<string>; readonly blocks: ReadonlySet<string> }> {
  const all = await dayPages(store, manifest);
  const pages = new Set(manifest.days?.map(({ key }) => key));
  for (const page of all) for (const { key } of page.pages) pages.add(key);
  return { pages, blocks: new Set(all.flatMap(({ blocks }) => blocks.map(({ key }) => key))) };
}

/** A block entry for each block of a day that has a wanted dataset. */
async function blocksOfDay(store: ObjectStore, { key }: DayRef, filter: DatasetFilter): Promise<BlockEntry[]> {
  const day = await loadPage(store, key, 'day');
  const wanted = day.pages.filter((ref) => mayHold(ref, filter));
  const pages = await inParallel(wanted, PARALLEL_MAX, (ref) => loadPage(store, ref.key, 'datasets'));
  return entriesOf(day, pages, filter);
}

/** Blocks of a day with the datasets that a filter lets pass. @param pages - all of its dataset pages that can hold some */
export function entriesOf(day: DayPage, pages: readonly DatasetPage[], filter: DatasetFilter): BlockEntry[] {
  const datasets = new Map<string, DatasetInfo[]>(
    day.blocks.map(({ id, datasets: own = [] }) => [id, own.filter((info) => isWanted(info, filter))]),
  );
  for (const page of pages) addDatasets(datasets, page, filter);
  const isAll = Object.keys(filter).length === 0;
  return day.blocks.flatMap((block) => {
    const own = datasets.get(block.id) ?? [];
    return isAll || own.length > 0 ? [{ ...ownOf(block), datasets: own }] : [];
  });
}

function addDatasets(datasets: ReadonlyMap<string, DatasetInfo[]>, page: DatasetPage, filter: DatasetFilter): void {
  const { tenants, service, fromMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = filter;
  const isTenant = page.tenants.map((tenant) => tenants?.includes(tenant) ?? true);
  const serviceIndex = service === undefined ? undefined : page.services.indexOf(service);
  // Of a block that is no longer live there is nothing to add to.
  const into = page.blocks.map((id) => datasets.get(id));
  for (let i = 0; i < page.block.length; i++) {
    const own = into[page.block[i]];
    if (own === undefined || !isTenant[page.tenant[i]]) continue;
    if (serviceIndex !== undefined && page.service[i] !== serviceIndex) continue;
    const minTimeMs = page.minTimeMs[i];
    if (minTimeMs < untilMs && minTimeMs + page.spanMs[i] >= fromMs) own.push(datasetAt(page, i));
  }
}

function isWanted(info: DatasetInfo, filter: DatasetFilter): boolean {
  return (
    overlaps(info, filter) &&
    (filter.tenants?.includes(info.tenant) ?? true) &&
    (filter.service === undefined || filter.service === info.service)
  );
}

function overlaps({ minTimeMs, maxTimeMs }: TimeSpan, filter: DatasetFilter): boolean {
  const { fromMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = filter;
  return minTimeMs < untilMs && maxTimeMs >= fromMs;
}

/** Whether a dataset page can hold a wanted dataset, by its first and its last name. */
function mayHold(ref: DatasetPageRef, filter: DatasetFilter): boolean {
  if (!overlaps(ref, filter)) return false;
  const { tenants, service } = filter;
  return tenants?.some((tenant) => holdsName(ref, tenant, service)) ?? true;
}

function holdsName({ first, last }: DatasetPageRef, tenant: string, service: string | undefined): boolean {
  if (tenant < first[0] || tenant > last[0]) return false;
  if (service === undefined) return true;
  return !(tenant === first[0] && service < first[1]) && !(tenant === last[0] && service > last[1]);
}

/** A manifest whose blocks in pages are given. */
function withoutDays(manifest: Manifest, blocks: readonly BlockEntry[]): Manifest {
  return { ...manifest, days: undefined, blocks: [...manifest.blocks, ...blocks] };
}
