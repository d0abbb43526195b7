/** One profile all the way: within budget and rate, prepared, placed, durable, and in time. */
import { type Appended, type Clock, labelsKey, type Random } from '@flamelake/model';
import type { ByteBudget } from './byte-budget.ts';
import type { DistributorMetrics } from './distributor-metrics.ts';
import { IDENTITY_BYTES } from './identity.ts';
import type { IncomingProfile } from './incoming-profile.ts';
import { checkAppendTime } from './ingestion-window.ts';
import type { IngestLimits } from './limits.ts';
import { type PlacementTable, partitionOf } from './placement.ts';
import type { ObservedSeries, RunawayLabels } from './policies/runaway-labels.ts';
import { inflatePayload, type PrepareCounts, prepareProfile } from './prepare-profile.ts';
import type { PrepareThreads } from './prepare-threads.ts';
import type { RateLimit } from './rate-limit.ts';
import type { RecordBatcher } from './record-batcher.ts';
import { discardReason } from './refusal.ts';
import type { ServiceRates } from './service-rates.ts';

export interface ReceiveSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly budget: ByteBudget;
  readonly metrics: DistributorMetrics;
  readonly batcher: RecordBatcher;
  /** The table as it is now. */
  readonly placement: () => PlacementTable;
  readonly rates: ServiceRates;
  readonly rateLimit: RateLimit;
  readonly runawayLabels: RunawayLabels;
  readonly recordBytesMax: number;
  /** undefined: every profile is prepared on this thread. */
  readonly threads: PrepareThreads | undefined;
}

/** A profile that only has to be placed and written. */
interface ReadyProfile {
  readonly sampleCount: number;
  readonly counts: PrepareCounts;
  readonly series: readonly ObservedSeries[];
  /** One, unless relabelling rules spread the profile over services; none when no sample is left. */
  readonly parts: readonly ReadyPart[];
}

interface ReadyPart {
  readonly service: string;
  readonly timeNanos: bigint;
  append(partition: number): Promise<readonly Appended[]>;
}

/** Columns of a decoded profile take about as much again as its bytes. */
const DECODED_FACTOR = 2;
/** Uncompressed profiles from here on go to a thread: about 2 ms of work, and up to a hundred when each sample has labels of its own. */
const LARGE_PROFILE_BYTES = 262_144;
const GZIP_BYTES_MIN = 20;

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
  let ready: ReadyProfile | undefined;
  let heldBytes = 0;
  const hold = (inflatedBytes: number) => {
    const bytes = inflatedBytes * DECODED_FACTOR;
    budget.take(bytes);
    heldBytes += bytes;
  };
  try {
    ready = await prepare(incoming, limits, surroundings, hold);
    const offsets = await append(ready, incoming, limits, surroundings);
    const { counts, sampleCount, series } = ready;
    metrics.received(tenant, payload.length, sampleCount);
    metrics.prepared(tenant, counts);
    surroundings.runawayLabels.observe(tenant, series, limits.labelValuesMax);
    return offsets;
  } catch (error) {
    metrics.discarded(discardReason(error), tenant, ready?.sampleCount ?? 0, payload.length);
    throw error;
  } finally {
    budget.give(heldBytes);
  }
}

/** Small profiles at once, large ones on a thread. What the payload says of its size is believed only as long as it is small. */
function prepare(
  incoming: IncomingProfile,
  limits: IngestLimits,
  surroundings: ReceiveSurroundings,
  hold: (inflatedBytes: number) => void,
): ReadyProfile | Promise<ReadyProfile> {
  const { threads, rateLimit, clock, random, batcher } = surroundings;
  const stated = Math.min(statedBytes(incoming.payload), limits.profileBytesMax);
  if (threads !== undefined && stated >= LARGE_PROFILE_BYTES) {
    hold(stated);
    return prepareAside(threads, incoming, limits, surroundings);
  }
  const inflated = inflatePayload(incoming, limits);
  hold(inflated.length);
  if (threads !== undefined && inflated.length >= LARGE_PROFILE_BYTES) {
    return prepareAside(threads, incoming, limits, surroundings);
  }
  rateLimit.spend(incoming.tenant, inflated.length, limits);
  const { records, sampleCount, counts, series } = prepareProfile(incoming, inflated, limits, clock.nowMs(), random);
  const parts = records.map((record) => ({
    service: record.service,
    timeNanos: record.timeNanos,
    append: (number: number) => batcher.append(number, record),
  }));
  return { sampleCount, counts, series, parts };
}

async function prepareAside(
  threads: PrepareThreads,
  incoming: IncomingProfile,
  limits: IngestLimits,
  { clock, random, recordBytesMax, rateLimit, batcher }: ReceiveSurroundings,
): Promise<ReadyProfile> {
  const randomIdentity = random.bytes(IDENTITY_BYTES);
  const prepared = await threads.prepare({ incoming, limits, nowMs: clock.nowMs(), recordBytesMax, randomIdentity });
  const { sampleCount, counts, series, inflatedBytes } = prepared;
  rateLimit.spend(incoming.tenant, inflatedBytes, limits);
  const parts = prepared.parts.map(({ service, timeNanos, records }) => ({
    service,
    timeNanos,
    append: (number: number) => batcher.appendEncoded(number, records),
  }));
  return { sampleCount, counts, series, parts };
}

/** Uncompressed size as the payload has it: its own length, or what gzip's trailer says of the last member. */
function statedBytes(payload: Uint8Array): number {
  const isGzip = payload[0] === 0x1f && payload[1] === 0x8b && payload.length >= GZIP_BYTES_MIN;
  if (!isGzip) return payload.length;
  return new DataView(payload.buffer, payload.byteOffset, payload.length).getUint32(payload.length - 4, true);
}

async function append(
  { parts }: ReadyProfile,
  incoming: IncomingProfile,
  limits: IngestLimits,
  { placement, rates }: ReceiveSurroundings,
): Promise<ReadonlyMap<number, number>> {
  const offsets = new Map<number, number>();
  const { tenant, labels } = incoming;
  const appendPart = async ({ service, timeNanos, append: write }: ReadyPart) => {
    const partition = partitionOf(placement(), tenant, service, Number(timeNanos / 1_000_000n), () =>
      labelsKey(labels),
    );
    rates.count(tenant, service);
    for (const { offset, appendMs } of await write(partition)) {
      checkAppendTime(timeNanos, appendMs, tenant, limits);
      offsets.set(partition, Math.max(offset, offsets.get(partition) ?? 0));
    }
  };
  await Promise.all(parts.map(appendPart));
  return offsets;
}
