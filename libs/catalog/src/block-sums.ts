/** What live blocks take, by level and tenant. */
import type { DatasetInfo } from '@flamelake/block';
import type { ObjectStore } from '@flamelake/model';
import type { TenantBytes } from './index-page.ts';
import { dayPages } from './load-blocks.ts';
import type { BlockEntry, Manifest } from './types.ts';

export interface BlockSums extends Pick<BlockEntry, 'level' | 'sizeBytes'> {
  /** Of a block in an index page, the tenants with the most; all others under an empty name. */
  readonly tenants: readonly TenantBytes[];
}

/** Tenants that are told apart in a block of an index page. */
const TENANTS_MAX = 20;

/** Every live block. @throws {FlamelakeError} `not_found` when an index page is gone, `data_loss` when one cannot be read */
export async function blockSums(store: ObjectStore, manifest: Manifest): Promise<readonly BlockSums[]> {
  const inline = manifest.blocks.map(({ level, sizeBytes, datasets }) => ({
    level,
    sizeBytes,
    tenants: sumByTenant(datasets),
  }));
  const pages = await dayPages(store, manifest);
  return [...inline, ...pages.flatMap(({ blocks }) => blocks)];
}

/** The tenants with the most bytes, and the rest. */
export function tenantBytes(datasets: readonly DatasetInfo[]): readonly TenantBytes[] {
  const largest = sumByTenant(datasets).toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const rest = largest.splice(TENANTS_MAX);
  if (rest.length === 0) return largest;
  return [...largest, ['', rest.reduce((sum, [, bytes]) => sum + bytes, 0)]];
}

function sumByTenant(datasets: readonly DatasetInfo[]): TenantBytes[] {
  const sums = new Map<string, number>();
  for (const { tenant, sizeBytes } of datasets) sums.set(tenant, (sums.get(tenant) ?? 0) + sizeBytes);
  return [...sums];
}
