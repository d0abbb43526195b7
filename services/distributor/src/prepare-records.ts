/** From payload to encoded log records in one go: what a thread does with a large profile, and main does with its answer. */
import { encodeLogRecord, type NormalizeCounts } from '@flamelake/formats';
import type { IncomingProfile } from './incoming-profile.ts';
import type { IngestLimits } from './limits.ts';
import { inflatePayload, prepareProfile } from './prepare-profile.ts';
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
  /** One record, or several when the profile does not fit one; none when no sample is left. */
  readonly records: readonly Uint8Array[];
  readonly service: string;
  readonly timeNanos: bigint;
  readonly inflatedBytes: number;
  readonly sampleCount: number;
  readonly counts: NormalizeCounts;
}

/** @throws {FlamelakeError} as `inflatePayload`, `prepareProfile` and `splitToFit` do */
export function prepareRecords(task: PrepareTask): PreparedRecords {
  const { incoming, limits, nowMs, recordBytesMax, randomIdentity } = task;
  const inflated = inflatePayload(incoming, limits);
  const { records, sampleCount, counts } = prepareProfile(incoming, inflated, limits, nowMs, {
    bytes: () => randomIdentity,
  });
  const parts = records.flatMap((record) => splitToFit(record, recordBytesMax, encodeLogRecord));
  return {
    records: parts.map((part) => encodeLogRecord([part])),
    service: records[0]?.service ?? '',
    timeNanos: records[0]?.timeNanos ?? 0n,
    inflatedBytes: inflated.length,
    sampleCount,
    counts,
  };
}
