/**
 * Runs a task on blocks, reading only what its question needs: label queries read series (and profiles, for their times),
 * time series read profiles, flame graphs read stacks and names as well.
 */
import type { BlockReader } from '@flamelake/block';
import { type Memory, openMemoryScope, UNBOUNDED_MEMORY } from '@flamelake/model';
import { addDataset, type ReadOptions } from './add-dataset.ts';
import { isAboutLabels } from './label-sets.ts';
import { createPartialResult, type PartialResult } from './partial-result.ts';
import { runParallel } from './run-parallel.ts';
import { compileDeletes, compileSelection, touches } from './select-rows.ts';
import { takeTurn, throwIfAborted } from './take-turn.ts';
import type { KeptQuestion, ObjectRef, Task } from './task.ts';
import { countResult, finishResult, type TaskResult } from './task-result.ts';

/**
 * Opens a block; `not_found` when the object is gone or another one is under its key.
 * @param memory - what its reader holds is taken from it
 */
export type OpenBlock = (object: ObjectRef, signal: AbortSignal, memory: Memory) => Promise<BlockReader>;

/** Blocks of a task that are read at the same time. */
export const BLOCKS_IN_FLIGHT = 4;

export interface ExecuteOptions extends Omit<ReadOptions, 'memory'> {
  readonly open: OpenBlock;
  /** What the task reads, decodes and adds up is taken from it; unbounded if absent. */
  readonly memory?: Memory;
}

/**
 * Answers a task.
 * @throws {FlamelakeError} what reading throws (`not_found`, `data_loss`, `unavailable`), `out_of_range` when a sum leaves
 * int64, `resource_exhausted` when the result grows too large, `canceled` when the signal aborts
 */
export async function executeTask(task: Task, options: ExecuteOptions): Promise<PartialResult> {
  const { memory = UNBOUNDED_MEMORY } = options;
  const result = countResult(createPartialResult(task.question), memory);
  await addParts(result, task, options);
  return finishResult(result);
}

/** Adds what a task asks for. @throws {FlamelakeError} as `executeTask` */
export async function addParts(
  { result, memory, countGrowth }: TaskResult,
  task: Task,
  { open, signal, pause, pieceBytes }: ExecuteOptions,
): Promise<void> {
  const selection = compileSelection(task.selection);
  await runParallel(task.parts, BLOCKS_IN_FLIGHT, signal, async (part, either) => {
    throwIfAborted(either);
    const held = openMemoryScope(memory);
    const block = await open(part.object, either, held);
    const wanted = new Set(part.datasets.map(({ tenant, service }) => datasetKey(tenant, service)));
    const deletes = compileDeletes(part.deletes);
    // The tenant is checked here again: a task is a message, the object is the truth.
    const places = [...block.info.datasets.entries()].filter(
      ([, info]) => selection.tenants.has(info.tenant) && wanted.has(datasetKey(info.tenant, info.service)),
    );
    await fetchAhead(
      task.question,
      block,
      places.map(([i]) => i),
      either,
    );
    for (const [i, info] of places) {
      await takeTurn({ signal: either, pause });
      const own = deletes.filter((pending) => touches(pending, info));
      const read = openMemoryScope(memory);
      const place = { block, index: i, dataset: block.openDataset(i, read) };
      await addDataset(result, task.question, { selection, deletes: own }, place, {
        signal: either,
        pause,
        memory: read,
        pieceBytes,
      });
      countGrowth();
      read.end();
    }
    held.end();
  });
}

/** Questions about labels read next to nothing of each of many datasets: requests are what they cost. */
export async function fetchAhead(
  question: KeptQuestion,
  block: BlockReader,
  places: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  if (isAboutLabels(question) || question.kind === 'labelTimes') await block.fetchSeries(places, signal);
}

function datasetKey(tenant: string, service: string): string {
  return `${tenant}/${service}`;
}
