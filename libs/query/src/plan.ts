/**
 * From a snapshot to tasks: prunes by tenant, time, service and profile type, then cuts what is left into shares of about equal bytes.
 */
import { type DatasetInfo, TAIL_BYTES } from '@flamelake/block';
import { type DatasetFilter, type PartitionSnapshot, type Snapshot, versionOfBlockKey } from '@flamelake/catalog';
import { type CompiledMatcher, compileMatchers, LABEL, parseSelector } from '@flamelake/model';
import { answerFromCatalog } from './answer-from-catalog.ts';
import { takesWholeTypes } from './known-totals.ts';
import { addLabelSet, isAboutLabels } from './label-sets.ts';
import { createPartialResult, type PartialResult } from './partial-result.ts';
import { type CompiledDelete, compileDeletes, compileSelection, touches } from './select-rows.ts';
import type { ObjectRef, Question, RowDelete, Selection, Task, TaskDataset, TaskPart } from './task.ts';

/** How a plan is cut. */
export interface TaskSizes {
  /** Bytes a task should read: enough to be worth a request, little enough to spread. */
  readonly bytesTarget: number;
  /**
   * Tasks of a plan: a wider one gets larger tasks instead, so that queriers merge more and whoever asked them, one process for many
   * queries, merges no more results than that.
   */
  readonly tasksTarget: number;
  /** Bytes up to which tasks grow for it: queriers admit larger ones seldom. */
  readonly bytesMax: number;
}

/** 32 MiB, 64 tasks, 256 MiB. */
export const TASK_SIZES: TaskSizes = { bytesTarget: 33_554_432, tasksTarget: 64, bytesMax: 268_435_456 };

/**
 * Share of a dataset's bytes that a question reads. Series and profiles are a small part of a dataset; the rest is stacks.
 * Estimates only: they bound a query, they do not change its answer.
 */
const SHARE_READ: Readonly<Record<Question['kind'], number>> = {
  functions: 1,
  locations: 1,
  timeSeries: 1 / 16,
  labelSets: 1 / 16,
  labelNames: 1 / 16,
  extent: 1 / 16,
  cells: 1 / 16,
};

/** Share of the same that totals and symbols are, where they answer without samples. */
const SHARE_OF_TOTALS = 1 / 4;
/** Blocks from this level on have totals. */
const TOTALS_LEVEL_MIN = 2;

export interface Plan {
  /** What the catalog alone could answer; tasks add to it. */
  readonly known: PartialResult;
  readonly tasks: readonly Task[];
  readonly estimatedBytes: number;
}

interface Candidate {
  readonly object: ObjectRef;
  readonly level: number;
  readonly info: DatasetInfo;
  readonly deletes: readonly RowDelete[];
}

/**
 * Plans a question over a snapshot.
 * @throws {FlamelakeError} `invalid_argument` on a bad selector
 */
export function planQuery(
  snapshot: Snapshot,
  question: Question,
  selection: Selection,
  sizes: Partial<TaskSizes> = {},
): Plan {
  const candidates: Candidate[] = [];
  const isWanted = datasetFilter(selection);
  for (const partition of snapshot.partitions) addCandidates(candidates, partition, question, selection, isWanted);
  const known = createPartialResult(question);
  const answer = answerFromCatalog(question, selection);
  const unknown = candidates.filter(({ info, deletes }) => {
    const sets = answer?.(info, deletes.length > 0);
    if (sets === undefined || known.kind !== 'labelSets') return true;
    for (const labels of sets) addLabelSet(known.sets, labels);
    return false;
  });
  return { known, ...cutIntoTasks(unknown, question, selection, { ...TASK_SIZES, ...sizes }) };
}

/** Neighbouring datasets until each task has its share of the bytes. */
function cutIntoTasks(
  candidates: readonly Candidate[],
  question: Question,
  selection: Selection,
  { bytesTarget, tasksTarget, bytesMax }: TaskSizes,
): Omit<Plan, 'known'> {
  const share = SHARE_READ[question.kind];
  const isKnown = knownTotalsFilter(question, selection);
  const sizes = candidates.map((candidate) =>
    Math.ceil(candidate.info.sizeBytes * share * (isKnown(candidate) ? SHARE_OF_TOTALS : 1)),
  );
  const estimatedBytes = sizes.reduce((sum, size) => sum + size, 0);
  const bytesWanted = Math.max(bytesTarget, Math.min(estimatedBytes / tasksTarget, bytesMax));
  const taskCount = Math.max(1, Math.ceil(estimatedBytes / bytesWanted));
  const tasks: Task[] = [];
  let [from, bytes, sum] = [0, 0, 0];
  candidates.forEach((_, i) => {
    bytes += sizes[i];
    sum += sizes[i];
    const isDue = sum * taskCount >= estimatedBytes * (tasks.length + 1);
    if (!isDue && i + 1 < candidates.length) return;
    tasks.push({ question, selection, parts: groupParts(candidates.slice(from, i + 1)), estimatedBytes: bytes });
    [from, bytes] = [i + 1, 0];
  });
  return { tasks, estimatedBytes };
}

/** Whether a dataset will be answered from its totals. */
function knownTotalsFilter(question: Question, selection: Selection): (candidate: Candidate) => boolean {
  const isOfStacks = question.kind === 'functions' || question.kind === 'locations';
  if (!isOfStacks || !takesWholeTypes(compileSelection(selection))) return () => false;
  return ({ level, info, deletes }) =>
    level >= TOTALS_LEVEL_MIN &&
    deletes.length === 0 &&
    selection.fromMs <= info.minTimeMs &&
    selection.untilMs > info.maxTimeMs;
}

/** What of the catalog a selection needs: no dataset beside can hold selected profiles. */
export function datasetsFor({ tenants, fromMs, untilMs, selectors }: Selection): DatasetFilter {
  const matchers = selectors.flatMap((text) => parseSelector(text));
  const service = matchers.find(({ name, op }) => name === LABEL.serviceName && op === '=')?.value;
  return { tenants, fromMs, untilMs, ...(service !== undefined && { service }) };
}

/** Whether a dataset can hold selected profiles, judged by what the catalog knows of it. */
function datasetFilter(selection: Selection): (info: DatasetInfo) => boolean {
  const matchers = selection.selectors.flatMap((text) => compileMatchers(parseSelector(text)));
  const services = matchers.filter((matcher) => matcher.name === LABEL.serviceName);
  const types = matchers.filter((matcher) => matcher.name === LABEL.profileType);
  const tenants = new Set(selection.tenants);
  return (info) =>
    tenants.has(info.tenant) &&
    info.minTimeMs < selection.untilMs &&
    info.maxTimeMs >= selection.fromMs &&
    passes(services, info.service) &&
    (selection.profileTypeId === undefined || info.profileTypes.includes(selection.profileTypeId)) &&
    (types.length === 0 || info.profileTypes.some((type) => passes(types, type)));
}

function passes(matchers: readonly CompiledMatcher[], value: string): boolean {
  return matchers.every((matcher) => matcher.test(value));
}

function addCandidates(
  candidates: Candidate[],
  { manifest, segments }: PartitionSnapshot,
  question: Question,
  selection: Selection,
  isWanted: (info: DatasetInfo) => boolean,
): void {
  const deletes = compileDeletes(manifest.deletes.filter(({ tenant }) => selection.tenants.includes(tenant)));
  const add = (
    object: ObjectRef,
    level: number,
    datasets: readonly DatasetInfo[],
    subject: readonly CompiledDelete[],
  ) => {
    for (const info of datasets) {
      if (!isWanted(info)) continue;
      const touching = subject.filter((pending) => touches(pending, info));
      if (!touching.some((pending) => deletesAll(pending, info)))
        candidates.push({ object, level, info, deletes: touching });
    }
  };
  for (const { key, id, level, sizeBytes, tailBytes, datasets } of manifest.blocks) {
    // A job that started at or after the delete has applied it, and what the log took since then is not deleted.
    const subject = deletes.filter((pending) => versionOfBlockKey(key) < pending.version);
    add(refOf({ key, id, etag: undefined, sizeBytes, tailBytes }, question), level, datasets, subject);
  }
  for (const { key, etag, sizeBytes, tailBytes, info } of segments) {
    const subject = deletes.filter((pending) => info.log.position < pending.chainEnd);
    add(refOf({ key, id: info.id, etag, sizeBytes, tailBytes }, question), info.level, info.datasets, subject);
  }
}

/** An object as a question reads it. Labels lie at its end; of a small one anything else comes with one read of all of it. */
function refOf(object: ObjectRef, question: Question): ObjectRef {
  const isWhole = object.sizeBytes <= TAIL_BYTES && !isAboutLabels(question);
  return isWhole ? { ...object, tailBytes: object.sizeBytes } : object;
}

/** Whether a delete that touches a dataset is about all of it. */
function deletesAll({ matchers, fromMs, untilMs }: CompiledDelete, info: DatasetInfo): boolean {
  const isOfService = matchers.every(({ name }) => name === LABEL.serviceName);
  return isOfService && fromMs <= info.minTimeMs && untilMs > info.maxTimeMs;
}

/** Neighbours of the same object become one part, which says each delete once. */
function groupParts(candidates: readonly Candidate[]): TaskPart[] {
  const parts: { object: ObjectRef; datasets: TaskDataset[]; deletes: Set<RowDelete> }[] = [];
  for (const { object, info, deletes } of candidates) {
    let part = parts.at(-1);
    if (part?.object !== object) {
      part = { object, datasets: [], deletes: new Set() };
      parts.push(part);
    }
    const { tenant: owner, service, minTimeMs, maxTimeMs } = info;
    part.datasets.push({ tenant: owner, service, minTimeMs, maxTimeMs });
    for (const one of deletes) part.deletes.add(one);
  }
  return parts.map(({ object, datasets, deletes }) => ({ object, datasets, deletes: distinctRows(deletes) }));
}

/** What is deleted: who asked for it twice deletes it once. */
function distinctRows(deletes: Iterable<RowDelete>): RowDelete[] {
  const rows = new Map<string, RowDelete>();
  for (const { tenant, selector, fromMs, untilMs } of deletes) {
    rows.set(JSON.stringify([tenant, selector, fromMs, untilMs]), { tenant, selector, fromMs, untilMs });
  }
  return [...rows.values()];
}
