/**
 * Runs a task and keeps what it learns of each dataset of folded blocks: these never change, so a query that comes again computes only what
 * is new. Segments live for seconds and are always computed.
 */
import { type Cache, FlamelakeError, type Memory, openMemoryScope, UNBOUNDED_MEMORY } from '@flamelake/model';
import { addDataset } from './add-dataset.ts';
import { type DatasetQuestion, datasetQuestions, orderedSelectors } from './dataset-question.ts';
import { addParts, BLOCKS_IN_FLIGHT, type ExecuteOptions, fetchAhead } from './execute-task.ts';
import { addKept, createKeptResult, type KeptResult } from './kept-result.ts';
import { createPartialResult, type PartialResult } from './partial-result.ts';
import { decodeKeptResult, encodePartialResult } from './partial-result-codec.ts';
import { runParallel } from './run-parallel.ts';
import { compileDeletes, compileSelection, touches } from './select-rows.ts';
import { takeTurn } from './take-turn.ts';
import type { KeptQuestion, Task, TaskDataset, TaskPart } from './task.ts';
import { countResult, finishResult, type TaskResult } from './task-result.ts';

/** Look-ups of one block in flight. */
const LOOKUPS_IN_FLIGHT = 16;

export interface ResultCache {
  /** What it gives is believed: it must give only what was set under the key. */
  readonly cache: Cache;
  /** Random id of the store: what its keys begin with. */
  readonly storeId: string;
  readonly onLookup: (isHit: boolean) => void;
}

interface AskedDataset extends DatasetQuestion {
  readonly dataset: TaskDataset;
  readonly key: string;
}

/**
 * Answers a task as `executeTask` does, whatever the cache holds or does.
 * @throws {FlamelakeError} as `executeTask`
 */
export async function executeCachedTask(
  task: Task,
  options: ExecuteOptions,
  results: ResultCache,
): Promise<PartialResult> {
  const selection = { ...task.selection, selectors: orderedSelectors(task.selection.selectors) };
  const asked = task.parts.map((part) => askOf({ ...task, selection }, part, results.storeId));
  const uncached = task.parts.filter((_, i) => asked[i] === undefined);
  const { memory = UNBOUNDED_MEMORY } = options;
  const result = countResult(createPartialResult(task.question), memory);
  await addParts(result, { ...task, parts: uncached }, options);
  await runParallel([...asked.entries()], BLOCKS_IN_FLIGHT, options.signal, async ([i, datasets], signal) => {
    if (datasets !== undefined) await addPart(result, task, task.parts[i], datasets, { ...options, signal }, results);
  });
  return finishResult(result);
}

/** What to ask of a part's datasets; undefined when answers cannot be kept. */
function askOf(task: Task, { object, datasets, deletes }: TaskPart, storeId: string): AskedDataset[] | undefined {
  // The etag says that it is a segment.
  if (object.etag !== undefined) return undefined;
  const asked: AskedDataset[] = [];
  const compiled = compileDeletes(deletes);
  for (const dataset of datasets) {
    if (!task.selection.tenants.includes(dataset.tenant)) continue;
    const touching = compiled.filter((pending) => touches(pending, dataset));
    const questions = datasetQuestions(task, dataset, touching);
    if (questions === undefined) return undefined;
    for (const question of questions) {
      asked.push({ ...question, dataset, key: `${storeId}/result/${object.id}/${question.fingerprint}` });
    }
  }
  return asked;
}

async function addPart(
  into: TaskResult,
  task: Task,
  { object }: TaskPart,
  datasets: readonly AskedDataset[],
  options: ExecuteOptions,
  { cache, onLookup }: ResultCache,
): Promise<void> {
  const { memory } = into;
  const missing: AskedDataset[] = [];
  const add = (found: KeptResult) => {
    addKept(into.result, task, found);
    into.countGrowth();
  };
  await runParallel(datasets, LOOKUPS_IN_FLIGHT, options.signal, async (asked) => {
    const held = openMemoryScope(memory);
    const bytes = await cache.get(asked.key);
    held.take(bytes?.length ?? 0);
    await options.pause();
    const found = bytes && decodeKept(bytes, asked.question, held);
    onLookup(found !== undefined);
    if (found === undefined) missing.push(asked);
    else add(found);
    held.end();
  });
  if (missing.length === 0) return;
  const held = openMemoryScope(memory);
  const block = await options.open(object, options.signal, held);
  const placeOf = new Map(block.info.datasets.map(({ tenant, service }, i) => [datasetKey(tenant, service), i]));
  const places = missing.flatMap(({ dataset }) => placeOf.get(datasetKey(dataset.tenant, dataset.service)) ?? []);
  await fetchAhead(missing[0].question, block, places, options.signal);
  for (const [{ tenant, service }, questions] of Map.groupBy(missing, ({ dataset }) => dataset)) {
    const index = placeOf.get(datasetKey(tenant, service));
    if (index === undefined) continue;
    const read = openMemoryScope(memory);
    const place = { block, index, dataset: block.openDataset(index, read) };
    for (const { question, deletes, key, ...asked } of questions) {
      await takeTurn(options);
      const own = openMemoryScope(memory);
      const learnt = countResult(createKeptResult(question), own);
      const selection = compileSelection(asked.selection);
      await addDataset(learnt.result, question, { selection, deletes }, place, { ...options, memory: own });
      learnt.countGrowth();
      const found = finishResult(learnt);
      add(found);
      await keep(cache, key, found);
      own.end();
    }
    read.end();
  }
  held.end();
}

function datasetKey(tenant: string, service: string): string {
  return `${tenant}/${service}`;
}

/**
 * What cannot be read was kept by another release, or is not sound: as if it were not there.
 * @param memory - what it is read into is taken from it
 */
function decodeKept(bytes: Uint8Array, question: KeptQuestion, memory: Memory): KeptResult | undefined {
  let found: KeptResult;
  try {
    found = decodeKeptResult(bytes, memory);
  } catch (error) {
    if (error instanceof FlamelakeError && error.code !== 'resource_exhausted') return undefined;
    throw error;
  }
  return found.kind === createKeptResult(question).kind ? found : undefined;
}

/** A result too large for a message is too large to keep. */
async function keep(cache: Cache, key: string, result: KeptResult): Promise<void> {
  let bytes: Uint8Array;
  try {
    bytes = encodePartialResult(result);
  } catch (error) {
    if (error instanceof FlamelakeError && error.code === 'resource_exhausted') return;
    throw error;
  }
  await cache.set(key, bytes);
}
