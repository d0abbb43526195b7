/** Which blocks merges are planned by. */
import type { ObjectStore } from '@flamelake/model';
import { plannedBlocks } from './load-blocks.ts';
import type { MergeRules } from './merge-rules.ts';
import type { DayRef, Manifest, PlannedBlock } from './types.ts';

/**
 * All blocks that a merge can be planned for. Days that were merged and had little come after are not looked into.
 * @throws {FlamelakeError} `not_found` when an index page is gone, `data_loss` when one cannot be read
 */
export async function blocksToPlan(
  store: ObjectStore,
  manifest: Manifest,
  rules: MergeRules,
): Promise<{ readonly blocks: readonly PlannedBlock[] }> {
  return { blocks: await plannedBlocks(store, manifest, (ref) => isUnsettled(ref, rules)) };
}

/** Whether there may be something to merge: blocks of several days, blocks below the highest level, or enough jobs' small ones. */
function isUnsettled({ day, levels }: DayRef, { smallBlocksMax }: MergeRules): boolean {
  return day === undefined || levels.some(({ level, jobs }) => level < 3 || jobs >= smallBlocksMax);
}
