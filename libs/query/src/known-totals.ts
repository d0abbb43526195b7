/**
 * Answers from the totals of blocks: whoever asks for all of a service's profile type gets the sums that a merge wrote down, and reads
 * stacks instead of samples. Only where the answer is the same.
 */
import type { DatasetReader } from '@flamelake/block';
import { LABEL, type Memory, matchLabels, sortLabels } from '@flamelake/model';
import { NODE_SUM_BYTES, settleInt64s } from './accumulate.ts';
import { foldStacks, symbolSections } from './fold-stacks.ts';
import type { KeptResult } from './kept-result.ts';
import type { CompiledSelection } from './select-rows.ts';
import { addTotals } from './value.ts';

/** Labels that all series of one type of a dataset have in common. */
const COMMON: ReadonlySet<string> = new Set([LABEL.profileType, LABEL.serviceName]);

/** Whether a selection takes all or nothing of each profile type of a dataset that lies in its time range. */
export function takesWholeTypes({ matchers, profileTypeId, profileIds, spans }: CompiledSelection): boolean {
  const isChosen = profileIds !== undefined || spans !== undefined;
  return profileTypeId !== undefined && !isChosen && matchers.every(({ name }) => COMMON.has(name));
}

/**
 * Adds what is selected of a dataset, if its totals say it.
 * @param dataset - lies in the time range as a whole, and nothing of it is deleted
 * @param memory - the sums are taken from it
 * @returns whether it is added; if not, samples have to be read
 * @throws {FlamelakeError} as `executeTask`
 */
export async function addKnownTotals(
  result: KeptResult,
  selection: CompiledSelection,
  dataset: DatasetReader,
  signal: AbortSignal,
  memory: Memory,
): Promise<boolean> {
  const { profileTypeId, matchers } = selection;
  if (result.kind !== 'functions' && result.kind !== 'locations') return false;
  if (profileTypeId === undefined || !takesWholeTypes(selection)) return false;
  const common = sortLabels([
    { name: LABEL.profileType, value: profileTypeId },
    { name: LABEL.serviceName, value: dataset.info.service },
  ]);
  if (!matchLabels(matchers, common) || !dataset.info.profileTypes.includes(profileTypeId)) return true;
  const totals = await dataset.totals(profileTypeId, symbolSections(result.kind), signal);
  if (totals === undefined) return false;
  const tree = await dataset.tree();
  memory.take(NODE_SUM_BYTES * tree.count);
  const sums = new BigInt64Array(tree.count);
  let total = 0n;
  for (const window of totals) {
    total = addTotals(total, window.total);
    for (const { stacktrace, value } of window.stacks) {
      for (let i = 0; i < stacktrace.length; i++) sums[stacktrace[i]] += value[i];
    }
  }
  await foldStacks(result, dataset, settleInt64s(sums, tree.parent), tree);
  return true;
}
