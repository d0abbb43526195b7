/** An OTLP request all the way: within budget and rate, prepared, each profile placed and durable, what failed counted. */
import { CODE_MEANINGS, describeError, FlamelakeError } from '@flamelake/model';
import { IDENTITY_BYTES } from '../identity.ts';
import { checkAppendTime } from '../ingestion-window.ts';
import type { IngestLimits } from '../limits.ts';
import { partitionOf } from '../placement.ts';
import type { ReceiveSurroundings } from '../receive-profile.ts';
import { discardReason } from '../refusal.ts';
import { type OtlpTask, type PreparedMember, type PreparedPart, prepareOtlp } from './prepare-otlp.ts';

/** Requests from here on go to a thread: about 2 ms of work. */
const LARGE_REQUEST_BYTES = 262_144;
/** Columns of decoded profiles take about as much again as the request. */
const DECODED_FACTOR = 2;
const NANOS_PER_MS = 1_000_000n;

export interface OtlpRequestBody {
  readonly body: Uint8Array;
  readonly form: 'proto' | 'json';
}

export interface OtlpOutcome {
  /** Last offset by partition. */
  readonly positions: readonly ReadonlyMap<number, number>[];
  /** Profiles of which something is not stored: sent again they would be refused again. */
  readonly rejectedProfiles: number;
  /** What the first of them lacks, and how many more there are; '' when there is none. */
  readonly message: string;
}

/** Writes what is prepared of a part. */
type Append<Stored> = (partition: number, stored: Stored) => Promise<readonly { offset: number; appendMs: number }[]>;

/**
 * Stores what can be stored, whatever the answer.
 * @throws {FlamelakeError} when nothing of the request is stored though it has profiles, when each of its resources has a profile
 *   that cannot be read, or when what is not stored may be if it is sent again: what was stored of it is recognised then
 */
export async function receiveOtlp(
  tenant: string,
  { body, form }: OtlpRequestBody,
  limits: IngestLimits,
  surroundings: ReceiveSurroundings,
): Promise<OtlpOutcome> {
  const { budget, rateLimit, metrics, clock, random, threads, batcher, recordBytesMax } = surroundings;
  // A thread may take the body away.
  const bodyBytes = body.length;
  const heldBytes = bodyBytes * DECODED_FACTOR;
  budget.take(heldBytes);
  try {
    rateLimit.spend(tenant, body.length, limits);
    const randomIdentity = random.bytes(IDENTITY_BYTES);
    const task: OtlpTask = { tenant, body, form, limits, nowMs: clock.nowMs(), randomIdentity };
    if (threads !== undefined && body.length >= LARGE_REQUEST_BYTES) {
      const members = await threads.prepareOtlp({ ...task, recordBytesMax });
      return await append(members, task, bodyBytes, surroundings, (partition, records) =>
        batcher.appendEncoded(partition, records),
      );
    }
    return await append(prepareOtlp(task), task, bodyBytes, surroundings, (partition, record) =>
      batcher.append(partition, record),
    );
  } catch (error) {
    // What concerns single profiles is counted by profile.
    if (!isCounted(error)) metrics.discarded(discardReason(error), tenant, 0, bodyBytes);
    throw error;
  } finally {
    budget.give(heldBytes);
  }
}

async function append<Stored>(
  members: readonly PreparedMember<Stored>[],
  { tenant, limits }: OtlpTask,
  bodyBytes: number,
  surroundings: ReceiveSurroundings,
  write: Append<Stored>,
): Promise<OtlpOutcome> {
  const { metrics, placement, rates, runawayLabels } = surroundings;
  const bytesEach = bodyBytes / Math.max(1, members.length);
  const appendPart = async ({ service, timeNanos, series, stored }: PreparedPart<Stored>) => {
    const partition = partitionOf(placement(), tenant, service, Number(timeNanos / NANOS_PER_MS), () => series);
    rates.count(tenant, service);
    const appended = await write(partition, stored);
    let last = 0;
    for (const { offset, appendMs } of appended) {
      checkAppendTime(timeNanos, appendMs, tenant, limits);
      last = Math.max(last, offset);
    }
    return new Map(appended.length === 0 ? [] : [[partition, last]]);
  };
  const outcomes = await Promise.all(
    members.map(async ({ resource, failure, parts, counts, series, sampleCount }) => {
      const settled = await Promise.allSettled(parts.map(appendPart));
      const errors: unknown[] = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
      if (failure !== undefined) errors.push(new FlamelakeError(failure.code, failure.message, failure.details));
      const error = errors.find(mayRetry) ?? errors[0];
      for (const own of counts) metrics.prepared(tenant, own);
      runawayLabels.observe(tenant, series, limits.labelValuesMax);
      if (error === undefined) metrics.received(tenant, bytesEach, sampleCount);
      else metrics.discarded(discardReason(error), tenant, sampleCount, bytesEach);
      return { resource, error, positions: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])) };
    }),
  );
  const errors = outcomes.flatMap(({ error }) => (error === undefined ? [] : [error]));
  const retryable = errors.find(mayRetry);
  if (retryable !== undefined) throw counted(retryable);
  if (errors.length > 0 && errors.length === members.length) throw counted(errors[0]);
  const unreadable = outcomes.filter(
    ({ error }) => error !== undefined && discardReason(error) === 'malformed_profile',
  );
  const resources = new Set(members.map(({ resource }) => resource));
  // No sender is sound: it should hear that. Beside sound ones, as a collector batches them, the broken are only counted.
  if (errors.length > 0 && new Set(unreadable.map(({ resource }) => resource)).size === resources.size) {
    throw counted(unreadable[0].error);
  }
  return {
    positions: outcomes.flatMap(({ positions }) => positions),
    rejectedProfiles: errors.length,
    message: messageOf(errors),
  };
}

/** Errors whose profiles are counted already. */
const countedErrors = new WeakSet<object>();

function counted(error: unknown): unknown {
  if (error instanceof Error) countedErrors.add(error);
  return error;
}

function isCounted(error: unknown): boolean {
  return error instanceof Error && countedErrors.has(error);
}

function mayRetry(error: unknown): boolean {
  return !(error instanceof FlamelakeError) || CODE_MEANINGS[error.code].mayRetry;
}

function messageOf(errors: readonly unknown[]): string {
  const [first] = errors;
  if (!(first instanceof FlamelakeError)) return '';
  const rest = errors.length - 1;
  return rest === 0 ? describeError(first) : `${describeError(first)}; ${rest} more`;
}
