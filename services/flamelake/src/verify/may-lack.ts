/** Which rows of the log the store need not hold any more: deleted by request, or expired. */
import {
  type ChangeRecord,
  changeRecords,
  type DataChangeContext,
  type ExpireBefore,
  listRoots,
  newestManifest,
  type PartitionRoot,
  type SizeCut,
  withCuts,
} from '@flamelake/catalog';
import {
  compileMatchers,
  FlamelakeError,
  type Labels,
  matchLabels,
  type ObjectStore,
  parseSelector,
} from '@flamelake/model';
import type { OffsetDigest } from './offset-digests.ts';

export type MayLack = (tenant: string, labels: Labels, timeMs: number) => boolean;

/** Hash of a row, and whether it may be gone. */
export interface ExpectedRow {
  readonly hash: Uint32Array;
  readonly mayLack: boolean;
}

/** Rows that may be gone up to which every choice of them is tried. */
const TRIED_ROWS_MAX = 12;

/** Reads the records of deletes of all tenants, and what has expired by size. */
export async function readMayLack(
  context: Pick<DataChangeContext, 'store'>,
  expireBefore: ExpireBefore,
): Promise<MayLack> {
  const records: ChangeRecord[] = [];
  for (const folder of await context.store.listFolders('tenants/')) {
    records.push(...(await changeRecords(context, decodeURIComponent(folder))).records);
  }
  const cuts: SizeCut[] = [];
  for (const root of await listRoots(context.store)) cuts.push(...(await cutsOf(context.store, root)));
  // Where a tenant has several cuts, the highest is the last.
  const cutOf = withCuts({ cuts: cuts.sort((a, b) => a.beforeMs - b.beforeMs) }, expireBefore);
  const deletes = records
    .filter(({ kind, step }) => kind === 'delete' && step === 'begun')
    .map((one) => ({ ...one, matchers: compileMatchers(parseSelector(one.selector)) }));
  return (tenant, labels, timeMs) =>
    timeMs < cutOf(tenant) ||
    deletes.some(
      (one) =>
        one.tenant === tenant && timeMs >= one.fromMs && timeMs < one.untilMs && matchLabels(one.matchers, labels),
    );
}

/** None of a manifest that cannot be read: who reads the partition tells of that. */
async function cutsOf(store: ObjectStore, root: PartitionRoot): Promise<readonly SizeCut[]> {
  try {
    return (await newestManifest(store, root)).cuts;
  } catch (error) {
    if (error instanceof FlamelakeError && error.code === 'data_loss') return [];
    throw error;
  }
}

/** Whether what is stored is what was expected, less some of the rows that may be gone. */
export function isExpected(rows: readonly ExpectedRow[], identities: OffsetDigest, actual: OffsetDigest): boolean {
  if (actual.profiles !== identities.profiles) return false;
  const free = rows.filter((row) => row.mayLack);
  const fixed = rows.filter((row) => !row.mayLack);
  if (free.length > TRIED_ROWS_MAX) {
    const all = isSum(rows, identities, actual) || isSum(fixed, identities, actual);
    return all || (actual.rows > fixed.length && actual.rows < rows.length);
  }
  for (let choice = 2 ** free.length - 1; choice >= 0; choice--) {
    const kept = free.filter((_, i) => (choice >> i) % 2 === 1);
    if (isSum([...fixed, ...kept], identities, actual)) return true;
  }
  return false;
}

function isSum(rows: readonly ExpectedRow[], { low, high }: OffsetDigest, actual: OffsetDigest): boolean {
  let [sumLow, sumHigh] = [low, high];
  for (const { hash } of rows) {
    sumLow = (sumLow + hash[0]) >>> 0;
    sumHigh = (sumHigh + hash[1]) >>> 0;
  }
  return rows.length === actual.rows && sumLow === actual.low && sumHigh === actual.high;
}
