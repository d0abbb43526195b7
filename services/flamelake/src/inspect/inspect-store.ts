/** A store for a person: its partitions with blocks by level, or one object by its key. Reads catalogs and footers only. */
import { type BlockInfo, objectSource, openBlock } from '@flamelake/block';
import {
  type DatasetPage,
  type DatasetPageRef,
  type DayPage,
  datasetAt,
  decodeManifest,
  listRoots,
  type Manifest,
  manifestKey,
  type Pin,
  readPage,
  takePartitionSnapshot,
} from '@flamelake/catalog';
import { FlamelakeError, type ObjectStore } from '@flamelake/model';
import { textTable } from '../commands/text-table.ts';

/** Datasets shown of one object. */
const DATASETS_SHOWN_MAX = 1_000;
/** What a date can be, ms since 1970. */
const DATE_MS_MAX = 8.64e15;

/** @param print - called for each partition as it is read */
export async function inspectStore(store: ObjectStore, print: (text: string) => void): Promise<void> {
  const roots = await listRoots(store);
  if (roots.length === 0) print('no partition has anything written\n');
  for (const root of roots) {
    const { manifest, segments, next } = await takePartitionSnapshot(store, root);
    const bytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    print(`log ${root.logId} partition ${root.partition}\n`);
    // Version 0 is nowhere: nothing was folded yet.
    if (manifest.version > 0) print(`${manifestKey(root, manifest.version)}\n`);
    print(manifestText(manifest));
    print(`chain: ${segments.length} segments, ${bytes} bytes, offsets ${manifest.position} to ${next}\n`);
    if (segments[0] !== undefined) print(`first ${segments[0].key}\n`);
    print('\n');
  }
}

/**
 * One manifest, block or segment.
 * @throws {FlamelakeError} `not_found` when there is no such object, `data_loss` when it cannot be read
 */
export async function inspectObject(store: ObjectStore, key: string): Promise<string> {
  const isManifest = key.includes('/manifests/');
  const object = await store.get(key, isManifest ? undefined : { lastBytes: 1 });
  if (object === undefined) throw new FlamelakeError('not_found', 'there is no such object in the store', { key });
  const { sizeBytes, modifiedMs, bytes } = object;
  const facts = `${key}\n${sizeBytes} bytes, written ${timeText(modifiedMs)}\n`;
  if (isManifest) {
    const manifest = decodeManifest(bytes, key);
    const rows = manifest.blocks.map(({ key: block, level, sizeBytes: size }) => [block, String(level), String(size)]);
    const blocks = rows.length === 0 ? '' : textTable(['block', 'level', 'bytes'], rows);
    return `${facts}${manifestText(manifest)}${blocks}`;
  }
  if (key.includes('/pages/')) return `${facts}${await pageText(store, key)}`;
  const { info } = await openBlock(objectSource(store, { key, sizeBytes }));
  return `${facts}${blockText(info)}`;
}

function manifestText(manifest: Manifest): string {
  const { version, floor, position, lastAppendMs, blocks, dropped, deletes, pins, cuts } = manifest;
  const levels = [...new Set(blocks.map(({ level }) => level))].sort((a, b) => a - b);
  const rows = levels.map((level) => {
    const own = blocks.filter((block) => block.level === level);
    const datasets = own.flatMap((block) => block.datasets);
    const bytes = own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const times = datasets.flatMap(({ minTimeMs, maxTimeMs }) => [minTimeMs, maxTimeMs]);
    const [from, until] = [times.reduce(least, Infinity), times.reduce(most, -Infinity)];
    return [
      `level ${level}`,
      String(own.length),
      String(bytes),
      String(datasets.length),
      timeText(from),
      timeText(until),
    ];
  });
  const lines = [
    `version ${version}, kept from ${floor} on; folded up to offset ${position}, appended ${timeText(lastAppendMs)}; ${dropped.length} dropped objects`,
    ...deletes.map((one) => `pending delete ${one.id}: ${rangeText(one)}`),
    ...pins.map((one) => `pin ${one.id}: ${rangeText(one)}`),
    ...cuts.map(({ tenant, beforeMs }) => `expired by size: ${tenant} before ${timeText(beforeMs)}`),
  ];
  const table = rows.length === 0 ? '' : textTable(['', 'blocks', 'bytes', 'datasets', 'from', 'until'], rows);
  return `${lines.join('\n')}\n${table}${daysText(manifest)}`;
}

/** Blocks in index pages, day by day. */
function daysText({ days = [] }: Manifest): string {
  if (days.length === 0) return '';
  const rows = days.map(({ day, key, levels, minTimeMs, maxTimeMs }) => [
    day === undefined ? 'several days' : timeText(day).slice(0, 10),
    levels.map(({ level, blocks }) => `${blocks} of level ${level}`).join(', '),
    String(levels.reduce((sum, { bytes }) => sum + bytes, 0)),
    timeText(minTimeMs),
    timeText(maxTimeMs),
    key,
  ]);
  return textTable(['day', 'blocks', 'bytes', 'from', 'until', 'index page'], rows);
}

async function pageText(store: ObjectStore, key: string): Promise<string> {
  const { page } = await readPage(store, key);
  return page.kind === 'day' ? dayText(page) : datasetsText(page);
}

function dayText({ blocks, pages }: DayPage): string {
  const named = ([tenant, service]: DatasetPageRef['first']) => `${tenant}/${service}`;
  const blockRows = blocks.map(({ key, level, sizeBytes, datasets }) => [
    key,
    String(level),
    String(sizeBytes),
    datasets === undefined ? 'in pages' : String(datasets.length),
  ]);
  const pageRows = pages.map((ref) => [ref.key, String(ref.sizeBytes), named(ref.first), named(ref.last)]);
  const pageTable = pages.length === 0 ? '' : textTable(['dataset page', 'bytes', 'first', 'last'], pageRows);
  return `blocks of a day\n${textTable(['block', 'level', 'bytes', 'datasets'], blockRows)}${pageTable}`;
}

function datasetsText(page: DatasetPage): string {
  const shown = Array.from({ length: Math.min(page.block.length, DATASETS_SHOWN_MAX) }, (_, i) => {
    const { tenant, service, minTimeMs, maxTimeMs, sizeBytes } = datasetAt(page, i);
    const block = page.blocks[page.block[i]];
    return [`${tenant}/${service}`, block, String(sizeBytes), timeText(minTimeMs), timeText(maxTimeMs)];
  });
  const rest = page.block.length > shown.length ? `and ${page.block.length - shown.length} more datasets\n` : '';
  return `datasets of blocks\n${textTable(['dataset', 'block', 'bytes', 'from', 'until'], shown)}${rest}`;
}

function blockText({ id, level, log, datasets }: BlockInfo): string {
  const rows = datasets
    .slice(0, DATASETS_SHOWN_MAX)
    .map((one) => [
      `${one.tenant}/${one.service}`,
      String(one.sizeBytes),
      timeText(one.minTimeMs),
      timeText(one.maxTimeMs),
      one.profileTypes.join(' '),
    ]);
  const gaps = log.gaps.map(({ from, until }) => `, lost ${from} to ${until}`).join('');
  const head = `id ${id}, level ${level}; log ${log.logId} partition ${log.partition}, offsets ${log.position} to ${log.next}${gaps}\n`;
  const rest = datasets.length > rows.length ? `and ${datasets.length - rows.length} more datasets\n` : '';
  return `${head}${textTable(['dataset', 'bytes', 'from', 'until', 'profile types'], rows)}${rest}`;
}

function rangeText({
  tenant,
  selector,
  fromMs,
  untilMs,
}: Pick<Pin, 'tenant' | 'selector' | 'fromMs' | 'untilMs'>): string {
  // Beyond what a date can be, or at its beginning, a range is open.
  const [from, until] = [fromMs, untilMs].map((ms) => (ms <= 0 || ms > DATE_MS_MAX ? '…' : timeText(ms)));
  return `${tenant} ${selector} from ${from} to ${until}`;
}

function timeText(timeMs: number): string {
  return Number.isFinite(timeMs) && timeMs > 0 ? new Date(timeMs).toISOString() : 'never';
}

const least = (a: number, b: number): number => Math.min(a, b);
const most = (a: number, b: number): number => Math.max(a, b);
