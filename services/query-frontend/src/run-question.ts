/** One question from snapshot to merged result: plan, tasks in flight, merge; planned again once when an object has gone. */
import type { ExpireBefore, SnapshotSource, StoreKeys } from '@flamelake/catalog';
import { type Snapshot, sealSnapshotName, unsealCommitToken } from '@flamelake/catalog';
import { type Clock, FlamelakeError, type Memory, openMemoryScope, UNBOUNDED_MEMORY } from '@flamelake/model';
import {
  countResult,
  datasetsFor,
  hideExpired,
  mergePartialResult,
  type PartialResult,
  type Plan,
  planQuery,
  type Question,
  runParallel,
  type Selection,
  type Task,
  taskBytes,
} from '@flamelake/query';
import { parseAsOf } from './as-of.ts';
import { profileStats } from './profile-stats.ts';
import type { CallContext, ProfileStats } from './queries.ts';
import { type StoredData, storedData } from './stored-data.ts';
import { tenantsOf } from './validate-query.ts';

/**
 * Runs a task somewhere. `not_found` means that an object of the snapshot is gone.
 * @param memory - the result is taken from it; unbounded if absent
 */
export type ExecuteTask = (task: Task, signal: AbortSignal, memory?: Memory) => Promise<PartialResult>;

/** Tasks of one query that run at the same time, where they all run in this process. */
const TASKS_IN_FLIGHT = 8;
/**
 * What drawing holds beside what it draws. Of a tree of a million nodes, all drawn, it is 2.8 times as much with garbage, and 0.7 in the end;
 * label sets are put in order, points become two columns.
 */
const DRAWN_FACTORS: Readonly<Record<PartialResult['kind'], number>> = {
  functions: 2,
  locations: 2,
  cells: 2,
  timeSeries: 1 / 2,
  labelSets: 1 / 8,
  extent: 0,
};
const NEVER: ExpireBefore = () => Number.NEGATIVE_INFINITY;

export interface QuestionContext {
  readonly snapshots: SnapshotSource;
  readonly keys: StoreKeys;
  readonly execute: ExecuteTask;
  /** Tasks of one query that run at the same time; TASKS_IN_FLIGHT by default. */
  readonly tasksInFlight?: number;
  /** Which profiles are expired; none by default. */
  readonly expireBefore?: ExpireBefore;
  readonly clock: Clock;
}

export interface AskedQuestion<K extends Question['kind'] = Question['kind']> {
  readonly question: Extract<Question, { kind: K }>;
  readonly selection: Selection;
}

/** Answers questions, all from the same snapshot. */
export type Ask = (asked: readonly AskedQuestion[]) => Promise<readonly PartialResult[]>;

/**
 * Answers questions from one snapshot, and names it in the call.
 * @param bytesMax - bytes all of them may read, by estimate
 * @throws {FlamelakeError} `resource_exhausted` over `bytesMax`, `unavailable` when objects go faster than they can be read
 */
export function runQuestions(
  context: QuestionContext,
  call: CallContext,
  asked: readonly AskedQuestion[],
  bytesMax: number,
): Promise<readonly PartialResult[]> {
  return onSnapshot(context, call, bytesMax, (ask) => ask(asked));
}

/**
 * The same for questions that follow from the answers of others.
 * @param run - asks; called again on a new snapshot when an object of the first one has gone
 * @throws {FlamelakeError} as `runQuestions`
 */
export async function onSnapshot<T>(
  context: QuestionContext,
  call: CallContext,
  bytesMax: number,
  run: (ask: Ask) => Promise<T>,
): Promise<T> {
  const runOn = async (snapshot: Snapshot, memory: Memory): Promise<T> => {
    let estimatedBytes = 0;
    const result = await run(async (asked) => {
      const plans = await Promise.all(asked.map((one) => planOn(context, snapshot, one)));
      estimatedBytes += plans.reduce((sum, plan) => sum + plan.estimatedBytes, 0);
      if (estimatedBytes > bytesMax) {
        throw new FlamelakeError(
          'resource_exhausted',
          'query would read too many bytes; narrow its time range or selector, or raise query.read-size-max',
          { estimatedBytes, limitBytes: bytesMax, tenant: call.tenant },
        );
      }
      return runPlans(context, { ...call, memory }, plans);
    });
    call.snapshot = sealSnapshotName(context.keys, snapshot);
    return result;
  };
  return twice(context, call, runOn);
}

/**
 * Runs on a snapshot, and once more on a new one when an object of the first has gone: what the first attempt held is let go.
 * @throws {FlamelakeError} `unavailable` when objects go faster than they can be read
 */
async function twice<T>(
  context: QuestionContext,
  call: CallContext,
  run: (snapshot: Snapshot, memory: Memory) => Promise<T>,
): Promise<T> {
  const { memory = UNBOUNDED_MEMORY } = call;
  const first = await snapshotFor(context, call);
  const attempt = openMemoryScope(memory);
  try {
    return await run(first, attempt);
  } catch (error) {
    if (!isMissingObject(error)) throw error;
    attempt.end();
  }
  try {
    const again = unexpired(context, call, await (pastOf(context, call) ?? context.snapshots.takeFresh()));
    return await run(again, memory);
  } catch (error) {
    if (!isMissingObject(error)) throw error;
    throw new FlamelakeError(
      'unavailable',
      'objects of the snapshot went while they were read; try again',
      { retryAfterSeconds: 1 },
      { cause: error },
    );
  }
}

/** Plans a question without running it. @throws {FlamelakeError} as `runQuestions` */
export function planOnly(context: QuestionContext, call: CallContext, asked: AskedQuestion): Promise<Plan> {
  return twice(context, call, (snapshot) => planOn(context, snapshot, asked));
}

/** What a tenant has stored. @throws {FlamelakeError} as `runQuestions` */
export function statsOf(context: QuestionContext, call: CallContext, tenant: string): Promise<ProfileStats> {
  return twice(context, call, (snapshot) => profileStats(context.snapshots, snapshot, tenant));
}

/** The same, and where in the catalog it is, of one snapshot. @throws {FlamelakeError} as `runQuestions` */
export function storedOf(
  context: QuestionContext,
  call: CallContext,
  tenant: string,
): Promise<ProfileStats & StoredData> {
  const { snapshots } = context;
  return twice(context, call, async (snapshot) => ({
    ...(await profileStats(snapshots, snapshot, tenant)),
    ...(await storedData(snapshots, snapshot, tenant)),
  }));
}

/** The snapshot a call reads: one of the past, or one that has its commit token; without what is expired. */
async function snapshotFor(context: QuestionContext, call: CallContext): Promise<Snapshot> {
  const { snapshots, keys } = context;
  const past = pastOf(context, call);
  if (past !== undefined) return unexpired(context, call, await past);
  if (call.commitToken === undefined) return unexpired(context, call, await snapshots.take());
  const snapshot = await snapshots.waitFor(unsealCommitToken(keys, call.commitToken), call.signal);
  return unexpired(context, call, snapshot);
}

/** @throws {FlamelakeError} `invalid_argument` when as-of cannot be read, or a token is to be waited for too */
function pastOf({ snapshots, keys, clock }: QuestionContext, call: CallContext): Promise<Snapshot> | undefined {
  if (call.asOf === undefined) return undefined;
  if (call.commitToken !== undefined) {
    throw new FlamelakeError('invalid_argument', 'a query reads the past or waits for a push, not both');
  }
  const past = parseAsOf(call.asOf, keys, clock.nowMs());
  return snapshots.asOf('named' in past ? past.named : past.timeMs);
}

function unexpired({ expireBefore }: QuestionContext, call: CallContext, snapshot: Snapshot): Snapshot {
  return hideExpired(snapshot, tenantsOf(call.tenant), expireBefore ?? NEVER);
}

function isMissingObject(error: unknown): boolean {
  return error instanceof FlamelakeError && error.code === 'not_found';
}

async function planOn(
  { snapshots }: QuestionContext,
  snapshot: Snapshot,
  { question, selection }: AskedQuestion,
): Promise<Plan> {
  return planQuery(await snapshots.withBlocks(snapshot, datasetsFor(selection)), question, selection);
}

async function runPlans(
  { execute, tasksInFlight = TASKS_IN_FLIGHT }: QuestionContext,
  call: CallContext,
  plans: readonly Plan[],
): Promise<readonly PartialResult[]> {
  const { memory = UNBOUNDED_MEMORY } = call;
  const merged = plans.map(() => openMemoryScope(memory));
  const shares = plans.flatMap(({ known, tasks }, i) => {
    for (const task of tasks) memory.take(taskBytes(task));
    const into = countResult(known, merged[i]);
    into.countGrowth();
    return tasks.map((task) => ({ task, into }));
  });
  await runParallel(shares, tasksInFlight, call.signal, async ({ task, into }, signal) => {
    const held = openMemoryScope(memory);
    mergePartialResult(into.result, await execute(task, signal, held));
    into.countGrowth();
    held.end();
  });
  for (const [i, { known }] of plans.entries()) memory.take(merged[i].heldBytes * DRAWN_FACTORS[known.kind]);
  return plans.map((plan) => plan.known);
}

/** The result of a question of its own kind. */
export function expect<K extends PartialResult['kind']>(
  result: PartialResult | undefined,
  kind: K,
): Extract<PartialResult, { kind: K }> {
  if (result?.kind === kind) return result as Extract<PartialResult, { kind: K }>;
  throw new FlamelakeError('internal', 'task answered another question', { kind: result?.kind ?? '', expected: kind });
}
