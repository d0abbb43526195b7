/** One profile all the way: within budget and rate, prepared, placed, durable, and in time. */
import { type Clock, labelsKey, type Random } from '@flamelake/model';
import type { ByteBudget } from './byte-budget.ts';
import type { DistributorMetrics } from './distributor-metrics.ts';
import type { IncomingProfile } from './incoming-profile.ts';
import { checkAppendTime } from './ingestion-window.ts';
import type { IngestLimits } from './limits.ts';
import { type PlacementTable, partitionOf } from './placement.ts';
import { inflatePayload, type PreparedProfile, prepareProfile } from './prepare-profile.ts';
import type { RateLimit } from './rate-limit.ts';
import type { RecordBatcher } from './record-batcher.ts';
import { discardReason } from './refusal.ts';

export interface ReceiveSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly budget: ByteBudget;
  readonly metrics: DistributorMetrics;
  readonly batcher: RecordBatcher;
  readonly placement: PlacementTable;
  readonly rateLimit: RateLimit;
}

/** Columns of a decoded profile take about as much again as its bytes. */
const DECODED_FACTOR = 2;

/**
 * @returns last offset by partition; none when no sample was left to store
 * @throws {FlamelakeError} when the profile is not stored, or too late to count
 */
export async function receiveProfile(
  incoming: IncomingProfile,
  limits: IngestLimits,
  surroundings: ReceiveSurroundings,
): Promise<ReadonlyMap<number, number>> {
  const { budget, metrics } = surroundings;
  const { tenant, payload } = incoming;
  let prepared: PreparedProfile | undefined;
  let heldBytes = 0;
  try {
    const inflated = inflatePayload(incoming, limits);
    const wantedBytes = inflated.length * DECODED_FACTOR;
    budget.take(wantedBytes);
    heldBytes = wantedBytes;
    surroundings.rateLimit.spend(tenant, inflated.length, limits);
    prepared = prepareProfile(incoming, inflated, limits, surroundings.clock.nowMs(), surroundings.random);
    const offsets = await append(prepared, incoming, limits, surroundings);
    const { counts, sampleCount } = prepared;
    metrics.received(tenant, payload.length, sampleCount);
    metrics.truncated(tenant, counts.truncatedStacks, counts.truncatedStrings);
    if (counts.negativeSamples > 0) metrics.discarded('negative_value', tenant, counts.negativeSamples, 0);
    return offsets;
  } catch (error) {
    metrics.discarded(discardReason(error), tenant, prepared?.sampleCount ?? 0, payload.length);
    throw error;
  } finally {
    budget.give(heldBytes);
  }
}

async function append(
  { record }: PreparedProfile,
  incoming: IncomingProfile,
  limits: IngestLimits,
  { batcher, placement }: ReceiveSurroundings,
): Promise<ReadonlyMap<number, number>> {
  const offsets = new Map<number, number>();
  if (record === undefined) return offsets;
  const { tenant, service, timeNanos } = record;
  const timeMs = Number(timeNanos / 1_000_000n);
  const partition = partitionOf(placement, tenant, service, timeMs, () => labelsKey(incoming.labels));
  for (const { offset, appendMs } of await batcher.append(partition, record)) {
    checkAppendTime(timeNanos, appendMs, tenant, limits);
    offsets.set(partition, Math.max(offset, offsets.get(partition) ?? 0));
  }
  return offsets;
}
