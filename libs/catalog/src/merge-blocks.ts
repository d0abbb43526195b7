/**
 * Merges blocks into blocks cut by profile time, a dataset at a time: what is held does not grow with the inputs. Every profile of
 * the inputs is in one output, less what is left out; every identity that a resend can still meet is in one, too.
 */
import { type BlockBuilder, createBlockBuilder, type DatasetInfo, type RowFilter } from '@flamelake/block';
import type { ObjectStore, Random } from '@flamelake/model';
import { chooseWindows, type OutputWindow } from './choose-windows.ts';
import { hullOf } from './log-ranges.ts';
import { datasetName, type MergeInput, type MergeInputs, openInputs } from './merge-input.ts';
import { BUILT_PART, type MergeRules, totalsOf } from './merge-rules.ts';
import type { MergeJob } from './plan-merges.ts';
import { type Pause, putBlock } from './put-block.ts';
import { type ExpireBefore, rowsOfBlock } from './row-rules.ts';
import type { BlockEntry, Manifest, PartitionRoot } from './types.ts';

export interface MergeBlocksContext {
  readonly store: ObjectStore;
  readonly root: PartitionRoot;
  readonly random: Random;
  readonly rules: MergeRules;
  /** Profiles before are left out, as deleted ones are. Their identities stay. */
  readonly expireBefore: ExpireBefore | undefined;
  readonly pause: Pause;
}

/** A dataset of some inputs. */
interface Share {
  readonly info: Pick<DatasetInfo, 'tenant' | 'service'>;
  /** Whether its tenant gets blocks of its own. */
  readonly isLarge: boolean;
}

/** Part of a job's memory that may be held of whole inputs, of their identities, and of their ends. */
const HELD_PART = 1 / 24;

/**
 * Writes the outputs of a job; they become live when they are committed.
 * @param manifest - the version the job starts from
 * @returns the outputs, at least one: together with other blocks they cover the log, even when nothing is left of the inputs
 * @throws {FlamelakeError} `not_found` when an input is gone, `data_loss` when one cannot be read
 */
export async function mergeBlocks(
  context: MergeBlocksContext,
  manifest: Manifest,
  job: MergeJob,
): Promise<readonly BlockEntry[]> {
  const { store, rules, expireBefore, pause } = context;
  const inputs = await openInputs(store, job.inputs, rules.memoryBytes * HELD_PART);
  // What the blocks say of themselves: the catalog need not have been asked for their datasets.
  const entries = inputs.all.map(({ entry, block }) => ({ ...entry, datasets: block.info.datasets }));
  const keepOf = new Map(entries.map((entry, i) => [job.inputs[i], rowsOfBlock(manifest, entry, expireBefore)]));
  const outputs = createOutputs(context, manifest.version, job);
  for (const window of chooseWindows(entries, job.windowMs, rules.windowsMax)) {
    await outputs.end();
    let tenant: string | undefined;
    for (const share of sharesOf(inputs.all, window, rules.ownBlockBytes)) {
      if (share.isLarge && share.info.tenant !== tenant) await outputs.end();
      await outputs.beginDataset();
      ({ tenant } = share.info);
      for (const input of inputs.all) {
        await addShare(outputs.current(), inputs, input, share, window, keepOf.get(input.entry));
        await outputs.endWhenFull();
        await pause();
      }
    }
  }
  await addRest(outputs.current(), inputs, manifest.lastAppendMs - rules.identityWindowMs);
  await outputs.end({ isLast: true });
  return outputs.entries;
}

/** Adds what a window takes of one dataset of one input. */
async function addShare(
  builder: BlockBuilder,
  inputs: MergeInputs,
  input: MergeInput,
  { info }: Share,
  window: OutputWindow,
  keep: RowFilter | undefined,
): Promise<void> {
  const place = input.places.get(datasetName(info));
  if (place === undefined) return;
  const own = input.block.info.datasets[place];
  if (!overlaps(own, window) || keep?.dataset?.(own) === false) return;
  await builder.addDataset(
    inputs.openDataset(input, place),
    await inputs.identitiesOf(input),
    (dataset, series, timeMs) => window.includes(timeMs) && (keep?.row?.(dataset, series, timeMs) ?? true),
  );
}

/** What no profile in an output has: identities that can still be looked for, and records that could not be decoded. */
async function addRest(builder: BlockBuilder, inputs: MergeInputs, fromAppendMs: number): Promise<void> {
  for (const input of inputs.all) {
    for (const record of await input.block.quarantine()) builder.addQuarantined(record);
    if (input.entry.log.lastAppendMs < fromAppendMs) continue;
    const { columns, isTaken } = await inputs.identitiesOf(input);
    builder.addIdentities(columns, isTaken);
  }
}

/** Datasets that a window can take from, small tenants' first, by tenant and service. */
function sharesOf(inputs: readonly MergeInput[], window: OutputWindow, ownBlockBytes: number): readonly Share[] {
  const datasets = new Map<string, DatasetInfo>();
  const bytesOf = new Map<string, number>();
  for (const { block } of inputs) {
    for (const info of block.info.datasets) {
      if (!overlaps(info, window)) continue;
      datasets.set(datasetName(info), info);
      bytesOf.set(info.tenant, (bytesOf.get(info.tenant) ?? 0) + info.sizeBytes * shareIn(info, window));
    }
  }
  return [...datasets]
    .map(([name, info]) => ({ name, info, isLarge: (bytesOf.get(info.tenant) ?? 0) >= ownBlockBytes }))
    .sort((a, b) => Number(a.isLarge) - Number(b.isLarge) || (a.name < b.name ? -1 : 1));
}

function overlaps({ minTimeMs, maxTimeMs }: DatasetInfo, window: OutputWindow): boolean {
  return minTimeMs < window.untilMs && maxTimeMs >= window.fromMs;
}

/** About how much of a dataset lies in a window it overlaps. */
function shareIn({ minTimeMs, maxTimeMs }: DatasetInfo, window: OutputWindow): number {
  const shared = Math.min(maxTimeMs + 1, window.untilMs) - Math.max(minTimeMs, window.fromMs);
  return shared / (maxTimeMs + 1 - minTimeMs);
}

/** The outputs of a job, one being built at a time. */
function createOutputs({ store, root, random, rules, pause }: MergeBlocksContext, version: number, job: MergeJob) {
  const log = hullOf(job.inputs.map((input) => input.log));
  const place = { version, level: job.level, log, ...totalsOf(job.level, rules) };
  const entries: BlockEntry[] = [];
  let builder: BlockBuilder | undefined;
  /** Of the one being built, at most. */
  let datasets = 0;
  const end = async ({ isLast = false } = {}) => {
    const ended = builder;
    builder = undefined;
    if (ended === undefined || (ended.isEmpty && !(isLast && entries.length === 0))) return;
    entries.push(await putBlock({ store, root, random, pause }, ended, place));
  };
  return {
    entries,
    current: () => (builder ??= createBlockBuilder({ hashSeed: random.fraction() * 0x1_0000_0000 })),
    end,
    /** Ends an output that has as many datasets as it may have. */
    async beginDataset() {
      if (datasets >= rules.datasetsMax) await end();
      if (builder === undefined) datasets = 0;
      datasets++;
    },
    async endWhenFull() {
      if (builder !== undefined && builder.memoryBytes >= rules.memoryBytes * BUILT_PART) await end();
    },
  };
}
