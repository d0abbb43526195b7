/** From an OTLP request to profiles ready to be placed and written; each stands alone. Pure. */
import { createHash } from 'node:crypto';
import { decodeOtlp, type OtlpMember, type ProfileRecord } from '@flamelake/formats';
import { type ErrorCode, type ErrorDetails, FlamelakeError, labelsKey } from '@flamelake/model';
import { asRefusal } from '../decode-incoming.ts';
import { partIdentity, profileIdentity } from '../identity.ts';
import { hasOwnClock } from '../ingestion-window.ts';
import { type IngestLimits, LIMIT_KEYS } from '../limits.ts';
import type { ObservedSeries } from '../policies/runaway-labels.ts';
import { type PrepareCounts, prepareDecoded } from '../prepare-profile.ts';
import { encodePart } from '../prepare-records.ts';
import { refuse } from '../refusal.ts';
import { otlpSeries } from './otlp-series.ts';

/** Plain data: it goes to another thread. */
export interface OtlpTask {
  readonly tenant: string;
  /** Uncompressed. */
  readonly body: Uint8Array;
  readonly form: 'proto' | 'json';
  readonly limits: IngestLimits;
  readonly nowMs: number;
  /** Seed of the identities of profiles that can never be recognised. */
  readonly randomIdentity: Uint8Array;
}

export interface OtlpFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** One profile of the request. */
export interface PreparedMember<Stored> {
  /** Ordinal of its resource. */
  readonly resource: number;
  /** Why the profile is not stored, or a part of it. */
  readonly failure: OtlpFailure | undefined;
  /** Samples as sent, where they could be counted. */
  readonly sampleCount: number;
  readonly counts: readonly PrepareCounts[];
  readonly series: readonly ObservedSeries[];
  /** What is stored of it: a part for each service its samples name, or relabelling rules give it. */
  readonly parts: readonly PreparedPart<Stored>[];
}

export interface PreparedPart<Stored> {
  readonly service: string;
  readonly timeNanos: bigint;
  /** Equal for the same series. */
  readonly series: string;
  readonly stored: Stored;
}

/** @throws {FlamelakeError} `invalid_argument` when the request as a whole cannot be read */
export function prepareOtlp(task: OtlpTask): PreparedMember<ProfileRecord>[] {
  const { tenant, body, form, limits } = task;
  try {
    const { dictionary, members } = decodeOtlp(body, form, limits);
    const tables = createHash('sha256');
    for (const part of dictionary) tables.update(part);
    const digest = tables.digest();
    return members.map((member, index) => prepareMember(task, member, index, digest));
  } catch (error) {
    throw asRefusal(error, tenant);
  }
}

/** The same with parts as log records, for a thread. */
export function prepareOtlpRecords(task: OtlpTask, recordBytesMax: number): PreparedMember<readonly Uint8Array[]>[] {
  return prepareOtlp(task).map((member) => {
    const parts: PreparedPart<readonly Uint8Array[]>[] = [];
    let { failure } = member;
    for (const part of member.parts) {
      try {
        parts.push({ ...part, stored: encodePart(part.stored, recordBytesMax).records });
      } catch (error) {
        failure = failureOf(error);
      }
    }
    return { ...member, failure, parts };
  });
}

/** @throws anything that is no FlamelakeError */
export function failureOf(error: unknown): OtlpFailure {
  if (!(error instanceof FlamelakeError)) throw error;
  const { code, message, details } = error;
  return { code, message, details };
}

function prepareMember(
  task: OtlpTask,
  member: OtlpMember,
  index: number,
  dictionary: Uint8Array,
): PreparedMember<ProfileRecord> {
  const { tenant, limits } = task;
  const parts: PreparedPart<ProfileRecord>[] = [];
  const counts: PrepareCounts[] = [];
  const series: ObservedSeries[] = [];
  let sampleCount = 0;
  let failure: OtlpFailure | undefined;
  try {
    checkSize(member.bytes.length, tenant, limits);
    const profile = member.read();
    for (const part of profile.parts) sampleCount += part.pprof.sampleCount;
    for (const part of profile.parts) {
      try {
        const prepared = preparePart(task, member, index, part, profile.hasId, dictionary);
        parts.push(...prepared.parts);
        counts.push(prepared.counts);
        series.push(...prepared.series);
      } catch (error) {
        failure = failureOf(asRefusal(error, tenant));
      }
    }
  } catch (error) {
    failure = failureOf(asRefusal(error, tenant));
  }
  return { resource: member.resource, failure, sampleCount, counts, series, parts };
}

function preparePart(
  { tenant, limits, nowMs, randomIdentity }: OtlpTask,
  member: OtlpMember,
  index: number,
  part: Parameters<typeof otlpSeries>[1],
  hasId: boolean,
  dictionary: Uint8Array,
): {
  readonly parts: readonly PreparedPart<ProfileRecord>[];
  readonly counts: PrepareCounts;
  readonly series: readonly ObservedSeries[];
} {
  const { labels, profile } = otlpSeries(member, part);
  const identity = profileIdentity(
    {
      tenant,
      labels,
      sampleId: '',
      // What a profile says depends on the tables it refers to.
      payload: Buffer.concat([dictionary, member.bytes]),
      hasClock: hasId || hasOwnClock(profile.timeNanos),
    },
    { bytes: () => partIdentity(randomIdentity, index) },
  );
  const origin = { tenant, labels, startMs: undefined, spyName: '', isResource: true };
  const decoded = { profile, name: undefined, labels: [] };
  const prepared = prepareDecoded(origin, decoded, identity, limits, nowMs);
  const key = labelsKey(labels);
  const parts = prepared.records.map((record) => ({
    service: record.service,
    timeNanos: record.timeNanos,
    series: key,
    stored: record,
  }));
  return { parts, counts: prepared.counts, series: prepared.series };
}

function checkSize(bytes: number, tenant: string, limits: IngestLimits): void {
  if (bytes <= limits.profileBytesMax) return;
  throw refuse('profile_size_limit', 'profile is larger than the limit', {
    tenant,
    limitBytes: limits.profileBytesMax,
    bytes,
    key: LIMIT_KEYS.profileBytesMax,
  });
}
