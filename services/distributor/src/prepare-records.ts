/** From payload to encoded log records in one go: what a thread does with a large profile, and main does with its answer. */
import { encodeLogRecord, type ProfileRecord } from '@flamelake/formats';
import type { IncomingProfile } from './incoming-profile.ts';
import type { IngestLimits } from './limits.ts';
import type { ObservedSeries } from './policies/runaway-labels.ts';
import { inflatePayload, type PrepareCounts, prepareProfile } from './prepare-profile.ts';
import { splitToFit } from './split-to-fit.ts';

/** Plain data: it goes to another thread. */
export interface PrepareTask {
  readonly incoming: IncomingProfile;
  readonly limits: IngestLimits;
  readonly nowMs: number;
  readonly recordBytesMax: number;
  /** Identity to use when the profile can never be recognised. */
  readonly randomIdentity: Uint8Array;
}

export interface PreparedRecords {
  /** None when no sample is left. */
  readonly parts: readonly EncodedPart[];
  readonly inflatedBytes: number;
  readonly sampleCount: number;
  readonly counts: PrepareCounts;
  readonly series: readonly ObservedSeries[];
}

/** What is stored of a profile under one service and name: one record, or several when it does not fit one. */
export interface EncodedPart {
  readonly service: string;
  readonly timeNanos: bigint;
  readonly records: readonly Uint8Array[];
}

/** @throws {FlamelakeError} as `inflatePayload`, `prepareProfile` and `splitToFit` do */
export function prepareRecords(task: PrepareTask): PreparedRecords {
  const { incoming, limits, nowMs, recordBytesMax, randomIdentity } = task;
  const inflated = inflatePayload(incoming, limits);
  const { records, sampleCount, counts, series } = prepareProfile(incoming, inflated, limits, nowMs, {
    bytes: () => randomIdentity,
  });
  return {
    parts: records.map((record) => encodePart(record, recordBytesMax)),
    inflatedBytes: inflated.length,
    sampleCount,
    counts,
    series,
  };
}

/** @throws {FlamelakeError} as `splitToFit` does */
export function encodePart(record: ProfileRecord, recordBytesMax: number): EncodedPart {
  const { service, timeNanos } = record;
  const records = splitToFit(record, recordBytesMax, encodeLogRecord).map((part) => encodeLogRecord([part]));
  return { service, timeNanos, records };
}
