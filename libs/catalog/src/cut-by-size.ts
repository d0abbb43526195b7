/** Retention by size: reads what all partitions hold, decides a cut for each tenant that holds too much, and has every partition take it. */
import type { ObjectStore, Random } from '@flamelake/model';
import { commitChange } from './commit-change.ts';
import { withBlocks } from './load-blocks.ts';
import { fromNewest } from './newest-manifest.ts';
import { randomId } from './random-id.ts';
import type { ExpireBefore } from './row-rules.ts';
import { createSizeUse, type SizeLimit, type TenantUse } from './size-use.ts';
import { listRoots } from './take-snapshot.ts';
import type { Manifest } from './types.ts';

export interface SizeContext {
  readonly store: ObjectStore;
  readonly sizeLimit: SizeLimit;
  /** Whether any tenant has a limit; it is assumed unless given. */
  readonly hasLimits?: (() => boolean) | undefined;
  /** Retention by time; none by default. */
  readonly expireBefore?: ExpireBefore;
}

const NEVER: ExpireBefore = () => Number.NEGATIVE_INFINITY;

/**
 * What tenants with a limit hold, and what would go now.
 * @throws {FlamelakeError} `unavailable` when the store does not answer
 */
export async function readSizeUse(context: SizeContext, nowMs: number): Promise<readonly TenantUse[]> {
  const use = createSizeUse(context.sizeLimit, context.expireBefore ?? NEVER);
  // One after another: the manifests of all partitions together may be large.
  for (const root of await listRoots(context.store)) {
    const isLimited = context.hasLimits?.() ?? true;
    const whole = (manifest: Manifest) => (isLimited ? withBlocks(context.store, manifest) : Promise.resolve(manifest));
    use.add(await fromNewest(context.store, root, whole));
  }
  return use.tenants(nowMs);
}

/**
 * Cuts what is too much. Whoever else does so at the time does no harm: a cut says from which time on profiles stay, not how many go, and
 * of two the higher one counts, which was needed when it was decided.
 * @returns tenants of which something expires by this
 * @throws {FlamelakeError} as `commitChange`; what was not cut is decided anew the next time
 */
export async function cutBySize(
  context: SizeContext & { readonly random: Random },
  nowMs: number,
): Promise<readonly TenantUse[]> {
  const { store, random, expireBefore = NEVER } = context;
  const tenants = await readSizeUse(context, nowMs);
  const cuts = tenants.filter(({ tenant, beforeMs }) => beforeMs > expireBefore(tenant));
  if (cuts.length === 0) return [];
  const change = {
    kind: 'cut',
    cuts: cuts.map(({ tenant, beforeMs }) => ({ tenant, beforeMs })),
    over: tenants.map(({ tenant }) => ({ tenant, beforeMs: expireBefore(tenant) })),
  } as const;
  for (const root of await listRoots(store)) await commitChange(store, root, { ...change, id: randomId(random) });
  return cuts.filter(({ goesBytes }) => goesBytes > 0);
}
