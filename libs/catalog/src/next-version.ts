/**
 * The version after a manifest, where some of its blocks are in index pages: pages of days that a change takes blocks from are written
 * anew, and when the manifest gets too large for what it names itself, its blocks move into the pages of their days.
 */
import type { ObjectStore } from '@flamelake/model';
import { tenantBytes } from './block-sums.ts';
import { applyChange, type Change, isLive } from './change.ts';
import { inParallel } from './in-parallel.ts';
import type { DayBlock, DayPage } from './index-page.ts';
import { plannedBlock, withBlocks } from './load-blocks.ts';
import { encodeManifest } from './manifest.ts';
import { catalogLimits, loadPage } from './page-cache.ts';
import { type PageWriter, spanOf } from './page-writer.ts';
import { isBlockSubject, mayMatch } from './pending-deletes.ts';
import { windowOf } from './plan-merges.ts';
import type { BlockEntry, DayRef, DroppedObject, Manifest, PendingDelete, PlannedBlock, SizeCut } from './types.ts';

/** Days that index pages are cut by, UTC. */
const DAY_MS = 86_400_000;
/** Index pages read or written side by side. */
const PARALLEL_MAX = 16;
const NO_PAGE: DayPage = { kind: 'day', blocks: [], pages: [] };

/** The page a block belongs to: the start of the day that all its profiles are of, undefined when there is none. */
export function dayOf(block: Pick<PlannedBlock, 'datasets'>): number | undefined {
  return windowOf(block, DAY_MS);
}

/** The pages that blocks belong to. */
export function daysOf(blocks: readonly Pick<PlannedBlock, 'datasets'>[]): readonly (number | undefined)[] {
  return [...new Set(blocks.map(dayOf))];
}

/** A day of a manifest: its page as it is now, and how it is named. */
interface Day {
  readonly ref: DayRef | undefined;
  readonly page: DayPage;
}

/**
 * Encodes the version after `newest`, with the change made.
 * @returns undefined when the change makes no sense any more: not all its inputs are live
 * @throws {FlamelakeError} `not_found` when a page of `newest` is gone: it is not the newest version any more
 */
export async function nextVersion(
  store: ObjectStore,
  writer: PageWriter,
  newest: Manifest,
  change: Change,
): Promise<Uint8Array | undefined> {
  const opened = await openDays(store, newest, change.kind === 'merge' ? (change.days ?? []) : []);
  // Of blocks in pages it is enough here to know that they are live.
  const openedBlocks = [...opened.values()].flatMap(({ page }) => page.blocks);
  const inPages = [
    ...openedBlocks.map((block) => ({ ...plannedBlock(block), datasets: [] })),
    ...(change.kind === 'cut' ? await blocksToCut(store, newest, change.cuts) : []),
  ];
  const whole = { ...newest, blocks: [...newest.blocks, ...inPages] };
  if (!isLive(whole, change)) return undefined;
  const next = applyChange(whole, change, await deletesOfPages(store, newest, change));
  const isOfPage = new Set(inPages.map(({ key }) => key));
  const live = new Set(next.blocks.map(({ key }) => key));
  const dropped: DroppedObject[] = [];
  const drop = (keys: readonly string[]) => dropped.push(...keys.map((key) => ({ key, version: next.version })));

  const changed = new Map<number | undefined, Day>();
  for (const [day, { ref, page }] of opened) {
    const blocks = page.blocks.filter(({ key }) => live.has(key));
    if (ref === undefined || blocks.length === page.blocks.length) continue;
    const ids = new Set(blocks.map(({ id }) => id));
    const pages = page.pages.filter((one) => one.blocks.some((id) => ids.has(id)));
    drop([ref.key, ...page.pages.filter((one) => !pages.includes(one)).map(({ key }) => key)]);
    changed.set(day, { ref, page: { kind: 'day', blocks, pages } });
  }
  const rest = { ...next, blocks: next.blocks.filter(({ key }) => !isOfPage.has(key)) };
  const slim = await withDays(writer, newest, rest, changed, dropped);
  const bytes = encodeManifest(slim);
  if (rest.blocks.length === 0 || bytes.length <= catalogLimits(store).manifestBytes) return bytes;

  const added = groupByDay(rest.blocks);
  for (const [day, { ref, page }] of await openDays(store, newest, [...added.keys()])) {
    const base = changed.get(day)?.page ?? page;
    if (ref !== undefined && !changed.has(day)) drop([ref.key]);
    changed.set(day, { ref, page: { ...base, blocks: [...base.blocks, ...(added.get(day) ?? [])] } });
  }
  return encodeManifest(await withDays(writer, newest, { ...rest, blocks: [] }, changed, dropped));
}

/** The pages of some days; empty ones of those that the manifest has none of. */
async function openDays(
  store: ObjectStore,
  manifest: Manifest,
  days: readonly (number | undefined)[],
): Promise<ReadonlyMap<number | undefined, Day>> {
  const opened = await inParallel(days, PARALLEL_MAX, async (day): Promise<[number | undefined, Day]> => {
    const ref = manifest.days?.find((one) => one.day === day);
    return [day, { ref, page: ref === undefined ? NO_PAGE : await loadPage(store, ref.key, 'day') }];
  });
  return new Map(opened);
}

/** `next` with the changed days written, those without a block left out, and the objects that are no longer named. */
async function withDays(
  writer: PageWriter,
  newest: Manifest,
  { days: before = [], ...next }: Manifest,
  changed: ReadonlyMap<number | undefined, Day>,
  dropped: readonly DroppedObject[],
): Promise<Manifest> {
  const staying = [...changed].filter(([, { page }]) => page.blocks.length > 0);
  const written = await inParallel(staying, PARALLEL_MAX, ([day, { page }]) => writer.writeDay(newest, day, page));
  const days = [...before.filter(({ day }) => !changed.has(day)), ...written.map(({ ref }) => ref)];
  days.sort((a, b) => (a.day ?? Number.POSITIVE_INFINITY) - (b.day ?? Number.POSITIVE_INFINITY));
  return { ...next, ...(days.length > 0 && { days }), dropped: [...next.dropped, ...dropped] };
}

function groupByDay(blocks: readonly BlockEntry[]): ReadonlyMap<number | undefined, readonly DayBlock[]> {
  const groups = new Map<number | undefined, DayBlock[]>();
  for (const block of blocks) {
    const day = dayOf(block);
    const times = block.datasets.length > 0 ? { times: spanOf(block.datasets) } : {};
    groups.set(day, [...(groups.get(day) ?? []), { ...block, ...times, tenants: tenantBytes(block.datasets) }]);
  }
  return groups;
}

/** Blocks in index pages, with what cuts can hide of them. */
async function blocksToCut(
  store: ObjectStore,
  newest: Manifest,
  cuts: readonly SizeCut[],
): Promise<readonly BlockEntry[]> {
  const untilMs = Math.max(...cuts.map(({ beforeMs }) => beforeMs));
  const pagesOnly = { ...newest, blocks: [] };
  return (await withBlocks(store, pagesOnly, { tenants: cuts.map(({ tenant }) => tenant), untilMs })).blocks;
}

/** Ids of the deletes that some block in index pages is about, and stays live. */
async function deletesOfPages(store: ObjectStore, newest: Manifest, change: Change): Promise<ReadonlySet<string>> {
  const deletes: readonly PendingDelete[] =
    change.kind === 'delete' ? [...newest.deletes, { ...change.pending, version: newest.version + 1 }] : newest.deletes;
  if (newest.days === undefined || deletes.length === 0) return new Set();
  const removed = new Set(change.kind === 'merge' ? change.remove : []);
  const pagesOnly = { ...newest, blocks: [] };
  const held = await inParallel(deletes, PARALLEL_MAX, async (pending) => {
    const { tenant, fromMs, untilMs } = pending;
    const { blocks } = await withBlocks(store, pagesOnly, { tenants: [tenant], fromMs, untilMs });
    const isHeld = blocks.some(
      (block) => !removed.has(block.key) && isBlockSubject(block, pending) && mayMatch(block, pending),
    );
    return isHeld ? [pending.id] : [];
  });
  return new Set(held.flat());
}
