/** From payload to log record: decodes, validates, mends, normalises, names, relabels and splits one profile. Pure. */
import {
  inflate,
  type NormalizeCounts,
  type NormalizedProfile,
  normalizeProfile,
  type Pprof,
  type ProfileRecord,
} from '@flamelake/formats';
import { FlamelakeError, LABEL, type Label, labelValue, type Random, sortLabels } from '@flamelake/model';
import { filenamesInNames } from './client-faults.ts';
import { asRefusal, type DecodedProfile, decodeIncoming } from './decode-incoming.ts';
import { memberIdentity, profileIdentity } from './identity.ts';
import type { IncomingProfile } from './incoming-profile.ts';
import { checkIngestionWindow, hasOwnClock, profileTimeNanos } from './ingestion-window.ts';
import { type IngestLimits, LIMIT_KEYS } from './limits.ts';
import { refuse } from './refusal.ts';
import { profileTypes, relabel } from './relabel.ts';
import { sampleGroups } from './sample-groups.ts';
import { requireProfileName, validateLabels } from './validate-labels.ts';

export interface PreparedProfile {
  /** Of the same service and time. None when no sample is left: nothing to store, and no error. */
  readonly records: readonly ProfileRecord[];
  /** Samples as sent. */
  readonly sampleCount: number;
  readonly counts: NormalizeCounts;
}

/**
 * Takes the compression off.
 * @throws {FlamelakeError} `invalid_argument` over the size limit, or when the gzip is broken
 */
export function inflatePayload({ payload, tenant }: IncomingProfile, limits: IngestLimits): Uint8Array {
  try {
    return inflate(payload, { bytesMax: limits.profileBytesMax });
  } catch (cause) {
    if (cause instanceof FlamelakeError && cause.code === 'out_of_range') {
      throw refuse('profile_size_limit', 'profile is larger than the limit', {
        tenant,
        limitBytes: limits.profileBytesMax,
        key: LIMIT_KEYS.profileBytesMax,
      });
    }
    throw asRefusal(cause, tenant);
  }
}

/**
 * @param inflated - of `inflatePayload`
 * @throws {FlamelakeError} `invalid_argument` with reason, limit, value, tenant and key
 */
export function prepareProfile(
  incoming: IncomingProfile,
  inflated: Uint8Array,
  limits: IngestLimits,
  nowMs: number,
  random: Pick<Random, 'bytes'>,
): PreparedProfile {
  const { tenant, labels, sampleId, payload } = incoming;
  const decoded = decodeIncoming(incoming, inflated, limits);
  const hasClock = decoded.some(({ profile }) => hasOwnClock(profile.timeNanos));
  const identity = profileIdentity({ tenant, labels, sampleId, payload, hasClock }, random);
  const prepared = decoded.map((one, i) =>
    prepareDecoded(incoming, one, decoded.length === 1 ? identity : memberIdentity(identity, i), limits, nowMs),
  );
  return {
    records: prepared.flatMap(({ record }) => (record === undefined ? [] : [record])),
    sampleCount: decoded.reduce((sum, { profile }) => sum + profile.sampleCount, 0),
    counts: prepared.map(({ counts }) => counts).reduce(sumOfCounts, NO_COUNTS),
  };
}

const NO_COUNTS: NormalizeCounts = {
  negativeSamples: 0,
  zeroSamples: 0,
  truncatedStacks: 0,
  truncatedStrings: 0,
  badSpanIds: 0,
};

function sumOfCounts(a: NormalizeCounts, b: NormalizeCounts): NormalizeCounts {
  return {
    negativeSamples: a.negativeSamples + b.negativeSamples,
    zeroSamples: a.zeroSamples + b.zeroSamples,
    truncatedStacks: a.truncatedStacks + b.truncatedStacks,
    truncatedStrings: a.truncatedStrings + b.truncatedStrings,
    badSpanIds: a.badSpanIds + b.badSpanIds,
  };
}

/** What is known of a profile beside what decoding it says. */
export interface ProfileOrigin {
  readonly tenant: string;
  /** Series labels as sent. */
  readonly labels: readonly Label[];
  readonly startMs: number | undefined;
  readonly spyName: string;
  /** The labels say what a machine knows of itself: their number has a limit of its own. */
  readonly isResource?: boolean;
}

/** The same for one profile that is decoded. */
export function prepareDecoded(
  { tenant, labels: sent, startMs, spyName, isResource = false }: ProfileOrigin,
  { profile, name: givenName, labels: more }: DecodedProfile,
  identity: Uint8Array,
  limits: IngestLimits,
  nowMs: number,
): { readonly record: ProfileRecord | undefined; readonly counts: NormalizeCounts } {
  const timeNanos = profileTimeNanos(profile.timeNanos, startMs ?? nowMs);
  checkIngestionWindow(timeNanos, nowMs, tenant, limits);
  const normalized = normalize(profile, tenant, spyName, limits);
  const named = givenName === undefined ? more : [...more, { name: LABEL.metricName, value: givenName }];
  const labels = named.length === 0 ? sent : sortLabels([...sent, ...named]);
  const { labels: stored, name } = relabel(labels, requireProfileName(labels, tenant));
  checkSeriesCount(normalized.groups.length, tenant, limits);
  const groups = sampleGroups(normalized.groups, stored, normalized.sampleTypes.length);
  const countLimit = isResource ? 'resourceLabelsMax' : 'seriesLabelsMax';
  validateLabels(stored, tenant, limits, countLimit);
  for (const { labels: own } of groups) {
    if (own.length > stored.length) validateLabels(own, tenant, limits, countLimit);
  }
  const { counts } = normalized;
  if (groups.length === 0) return { record: undefined, counts };
  const record: ProfileRecord = {
    tenant,
    service: labelValue(stored, LABEL.serviceName),
    identity,
    timeNanos,
    durationNanos: normalized.durationNanos,
    period: normalized.period,
    types: profileTypes(name, normalized.sampleTypes, normalized.periodType),
    symbols: normalized.symbols,
    stacks: normalized.stacks,
    groups,
  };
  return { record, counts };
}

function normalize(profile: Pprof, tenant: string, spyName: string, limits: IngestLimits): NormalizedProfile {
  try {
    return normalizeProfile(profile, {
      stackDepthMax: limits.stackDepthMax,
      stringBytesMax: limits.symbolBytesMax,
      filenamesInNames: filenamesInNames(spyName),
    });
  } catch (cause) {
    throw asRefusal(cause, tenant);
  }
}

function checkSeriesCount(count: number, tenant: string, limits: IngestLimits): void {
  if (count <= limits.profileSeriesMax) return;
  throw refuse('series_limit', 'labels of the samples split the profile into too many series', {
    tenant,
    limit: limits.profileSeriesMax,
    value: count,
    key: LIMIT_KEYS.profileSeriesMax,
  });
}
