/**
 * Deletes and pins of a tenant, over all partitions, with a record of who wanted what and when: first the record says that the change has
 * begun, then every partition's catalog takes it, then the record says that it is done. What a crash leaves half done, others finish.
 *
 * Records are appended, month by month: `tenants/<tenant>/changes/<year>-<month>/…`.
 */
import { FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';
import { commitChange } from './commit-change.ts';
import { deleteProfiles } from './delete-profiles.ts';
import { randomId } from './random-id.ts';
import { listRoots } from './take-snapshot.ts';
import { changeDocument, type DocumentContext, readDocument, TENANTS_PREFIX } from './tenant-document.ts';
import type { PartitionRoot } from './types.ts';

/** What somebody wants changed. */
export interface DataChange {
  /** 32 hex digits; `unpin` names the pin it ends. */
  readonly id: string;
  readonly kind: 'delete' | 'pin' | 'unpin';
  readonly tenant: string;
  /** PromQL selector text. */
  readonly selector: string;
  /** Profile times, ms since 1970, half-open. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Who wanted it, as far as is known. */
  readonly by: string;
}

/** One line of the record. */
export interface ChangeRecord extends DataChange {
  readonly step: 'begun' | 'done';
  /** ms since 1970. */
  readonly atMs: number;
}

export type DataChangeContext = DocumentContext;

const PARALLEL_MAX = 16;
/** How long whoever began a change has for it, until others finish it. */
const FINISH_AFTER_MS = 120_000;
/** How far back is looked for what is not finished: a compactor looks every few minutes. */
const UNFINISHED_MS_MAX = 30 * 86_400_000;

/**
 * Makes a change in every partition there is, and records it. What is in a chain when this is called is deleted when it resolves.
 * @throws {FlamelakeError} `unavailable` when the store does not answer: it is finished later nevertheless, if it was recorded
 */
export async function changeData(context: DataChangeContext, change: DataChange): Promise<void> {
  await record(context, change, 'begun');
  await applyEverywhere(context, change);
  await record(context, change, 'done');
}

/** Finishes what others have begun and left. @returns how many changes */
export async function finishDataChanges(context: DataChangeContext): Promise<number> {
  let finished = 0;
  for (const folder of await context.store.listFolders(TENANTS_PREFIX)) {
    const sinceMs = context.clock.nowMs() - UNFINISHED_MS_MAX;
    const records = (await changeRecords(context, decodeURIComponent(folder), { fromMs: sinceMs })).records;
    const done = new Set(records.filter(({ step }) => step === 'done').map(keyOf));
    for (const one of records) {
      if (done.has(keyOf(one)) || one.atMs > context.clock.nowMs() - FINISH_AFTER_MS) continue;
      await applyEverywhere(context, one);
      await record(context, one, 'done');
      finished++;
    }
  }
  return finished;
}

/** Which records; all unless given. */
export interface RecordRange {
  /** ms since 1970, half-open. */
  readonly fromMs?: number;
  readonly untilMs?: number;
  /** Most records, a few more where several are of the same millisecond; the newest. */
  readonly countMax?: number;
}

export interface RecordPage {
  /** Oldest first. */
  readonly records: readonly ChangeRecord[];
  /** Whether there are older ones in the range: those before the first of these. */
  readonly hasOlder: boolean;
}

/** What was recorded of a tenant, read month by month, the newest first. */
export async function changeRecords(
  { store }: Pick<DataChangeContext, 'store'>,
  tenant: string,
  { fromMs = 0, untilMs = Number.MAX_SAFE_INTEGER, countMax = Number.MAX_SAFE_INTEGER }: RecordRange = {},
): Promise<RecordPage> {
  const folders = await store.listFolders(`${TENANTS_PREFIX}${encodeURIComponent(tenant)}/changes/`);
  const months = folders.filter((name) => startOfMonth(name) < untilMs && endOfMonth(name) > fromMs).sort();
  const records: ChangeRecord[] = [];
  while (records.length <= countMax) {
    const month = months.pop();
    if (month === undefined) break;
    const read = recordsOf(await readDocument(store, { tenant, name: `changes/${month}` }));
    records.push(...read.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs));
  }
  records.sort((a, b) => a.atMs - b.atMs);
  let first = Math.max(0, records.length - countMax);
  while (first > 0 && records[first - 1]?.atMs === records[first]?.atMs) first--;
  return { records: records.slice(first), hasOlder: first > 0 || months.length > 0 };
}

function startOfMonth(month: string): number {
  return Date.parse(`${month}-01T00:00:00Z`);
}

function endOfMonth(month: string): number {
  const start = new Date(startOfMonth(month));
  return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1);
}

async function record(context: DataChangeContext, change: DataChange, step: ChangeRecord['step']): Promise<void> {
  const { id, kind, tenant, selector, fromMs, untilMs, by } = change;
  const atMs = context.clock.nowMs();
  const line: ChangeRecord = { id, kind, tenant, selector, fromMs, untilMs, by, step, atMs };
  await changeDocument(context, documentOf(tenant, atMs), (value) => [...recordsOf(value), line]);
}

async function applyEverywhere({ store, random }: DataChangeContext, change: DataChange): Promise<void> {
  const roots = await listRoots(store);
  for (let start = 0; start < roots.length; start += PARALLEL_MAX) {
    const some = roots.slice(start, start + PARALLEL_MAX);
    await Promise.all(some.map((root) => applyTo(store, random, root, change)));
  }
}

/** A partition that has the change already says so by losing the commit. */
async function applyTo(store: ObjectStore, random: Random, root: PartitionRoot, change: DataChange): Promise<void> {
  const { id, kind, tenant, selector, fromMs, untilMs } = change;
  const rows = { id, tenant, selector, fromMs, untilMs };
  if (kind === 'delete') await deleteProfiles(store, root, rows, randomId(random));
  else if (kind === 'pin') await commitChange(store, root, { kind, id: randomId(random), pin: rows });
  else await commitChange(store, root, { kind, id: randomId(random), pinId: id });
}

function documentOf(tenant: string, timeMs: number): { tenant: string; name: string } {
  return { tenant, name: `changes/${new Date(timeMs).toISOString().slice(0, 7)}` };
}

function recordsOf(value: unknown): readonly ChangeRecord[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new FlamelakeError('data_loss', 'record of changes cannot be read');
  return value as readonly ChangeRecord[];
}

function keyOf({ id, kind }: DataChange): string {
  return `${kind} ${id}`;
}
