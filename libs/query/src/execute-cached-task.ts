/**
 * Runs a task and keeps what it learns of each dataset of folded blocks: these never change, so a query that comes again computes only what
 * is new. Segments live for seconds and are always computed.
 */
import { type Cache, FlamelakeError, type Memory, openMemoryScope, UNBOUNDED_MEMORY } from '@flamelake/model';
import { type DatasetQuestion, datasetQuestion } from './dataset-question.ts';
import {
  addDataset,
  addParts,
  BLOCKS_IN_FLIGHT,
  type ExecuteOptions,
  fetchAhead,
  throwIfAborted,
} from './execute-task.ts';
import { addSetsWithin } from './label-times.ts';
import { createPartialResult, mergePartialResult, type PartialResult } from './partial-result.ts';
import { decodePartialResult, encodePartialResult } from './partial-result-codec.ts';
import { runParallel } from './run-parallel.ts';
import { compileDeletes, compileSelection, touches } from './select-rows.ts';
import type { KeptQuestion, Task, TaskDataset, TaskPart } from './task.ts';
import { finishResult, startResult, type TaskResult } from './task-result.ts';
import { addToSeries } from './timed-totals.ts';

/** Look-ups of one block in flight. */
const LOOKUPS_IN_FLIGHT = 16;
/** What a byte of a kept result becomes at most: a node of a tree is a few bytes there, and up to 130 here. */
const DECODED_FACTOR = 32;

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
  const asked = task.parts.map((part) => askOf(task, part, results.storeId));
  const uncached = task.parts.filter((_, i) => asked[i] === undefined);
  const result = startResult(task.question, options.memory ?? UNBOUNDED_MEMORY);
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
    const question = datasetQuestion(task, dataset, touching);
    if (question === undefined) return undefined;
    asked.push({ ...question, dataset, key: `${storeId}/result/${object.id}/${question.fingerprint}` });
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
  await runParallel(datasets, LOOKUPS_IN_FLIGHT, options.signal, async (asked) => {
    const held = openMemoryScope(memory);
    const bytes = await cache.get(asked.key);
    held.take(bytes?.length ?? 0);
    await options.pause();
    const found = bytes && decodeKept(bytes, asked.question, held);
    onLookup(found !== undefined);
    if (found === undefined) missing.push(asked);
    else addKept(into, task, found);
    held.end();
  });
  if (missing.length === 0) return;
  const held = openMemoryScope(memory);
  const block = await options.open(object, options.signal, held);
  const placeOf = new Map(block.info.datasets.map(({ tenant, service }, i) => [datasetKey(tenant, service), i]));
  const places = missing.flatMap(({ dataset }) => placeOf.get(datasetKey(dataset.tenant, dataset.service)) ?? []);
  await fetchAhead(missing[0].question, block, places, options.signal);
  for (const asked of missing) {
    const place = placeOf.get(datasetKey(asked.dataset.tenant, asked.dataset.service));
    if (place === undefined) continue;
    await options.pause();
    throwIfAborted(options.signal);
    const { question, deletes } = asked;
    const own = openMemoryScope(memory);
    const learnt = startResult(question, own);
    const selection = compileSelection(asked.selection);
    await addDataset(learnt.result, question, selection, deletes, block, place, options.signal, own);
    learnt.countGrowth();
    const found = finishResult(learnt);
    addKept(into, task, found);
    await keep(cache, asked.key, found);
    own.end();
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
function decodeKept(bytes: Uint8Array, question: KeptQuestion, memory: Memory): PartialResult | undefined {
  memory.take(bytes.length * DECODED_FACTOR);
  let found: PartialResult;
  try {
    found = decodePartialResult(bytes);
  } catch (error) {
    if (error instanceof FlamelakeError) return undefined;
    throw error;
  }
  return found.kind === createPartialResult(question).kind ? found : undefined;
}

/** A result too large for a message is too large to keep. */
async function keep(cache: Cache, key: string, result: PartialResult): Promise<void> {
  let bytes: Uint8Array;
  try {
    bytes = encodePartialResult(result);
  } catch (error) {
    if (error instanceof FlamelakeError && error.code === 'resource_exhausted') return;
    throw error;
  }
  await cache.set(key, bytes);
}

/** Adds what the task wants of the answer to a dataset's question. */
function addKept(into: TaskResult, { question, selection }: Task, from: PartialResult): void {
  const { result } = into;
  if (result.kind === 'timeSeries' && from.kind === 'timedTotals' && question.kind === 'timeSeries') {
    addToSeries(result.groups, question.grid, selection, from.groups);
  } else if (result.kind === 'labelSets' && from.kind === 'labelTimes') {
    addSetsWithin(result.sets, selection, from.sets);
  } else mergePartialResult(result, from);
  into.countGrowth();
}
