/** From payload to log record: decodes, validates, mends, normalises, names, relabels and splits one profile. Pure. */
import {
  decodePprof,
  inflate,
  type NormalizeCounts,
  type NormalizedProfile,
  normalizeProfile,
  type Pprof,
  type ProfileRecord,
  type ValueType,
} from '@flamelake/formats';
import { type ErrorDetails, FlamelakeError, LABEL, type Label, labelValue, type Random } from '@flamelake/model';
import { filenamesInNames, hasFunctionsWithoutIds, mendSampleTypes } from './client-faults.ts';
import { profileIdentity } from './identity.ts';
import type { IncomingProfile } from './incoming-profile.ts';
import { ingestProfileName } from './ingest/profile-name.ts';
import { checkIngestionWindow, hasOwnClock, profileTimeNanos } from './ingestion-window.ts';
import { type IngestLimits, LIMIT_KEYS, type RefusingLimit } from './limits.ts';
import { type DiscardReason, refuse } from './refusal.ts';
import { profileTypes, relabel } from './relabel.ts';
import { sampleGroups } from './sample-groups.ts';
import { requireProfileName, validateLabels } from './validate-labels.ts';

export interface PreparedProfile {
  /** undefined when no sample is left: nothing to store, and no error. */
  readonly record: ProfileRecord | undefined;
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
  const { tenant, spyName } = incoming;
  const decoded = decode(inflated, tenant, spyName, limits);
  const timeNanos = profileTimeNanos(decoded.timeNanos, incoming.startMs ?? nowMs);
  checkIngestionWindow(timeNanos, nowMs, tenant, limits);
  const normalized = normalize(mendSampleTypes(decoded, spyName), tenant, spyName, limits);
  const labels = namedLabels(incoming, normalized.sampleTypes);
  const { labels: stored, name } = relabel(labels, requireProfileName(labels, tenant));
  checkSeriesCount(normalized.groups.length, tenant, limits);
  const groups = sampleGroups(normalized.groups, stored, normalized.sampleTypes.length);
  validateLabels(stored, tenant, limits);
  for (const group of groups) if (group.labels.length > stored.length) validateLabels(group.labels, tenant, limits);
  const { counts } = normalized;
  const { sampleCount } = decoded;
  if (groups.length === 0) return { record: undefined, sampleCount, counts };
  const hasClock = hasOwnClock(decoded.timeNanos);
  const { labels: sentLabels, sampleId, payload } = incoming;
  const record: ProfileRecord = {
    tenant,
    service: labelValue(stored, LABEL.serviceName),
    identity: profileIdentity({ tenant, labels: sentLabels, sampleId, payload, hasClock }, random),
    timeNanos,
    durationNanos: normalized.durationNanos,
    period: normalized.period,
    types: profileTypes(name, normalized.sampleTypes, normalized.periodType),
    symbols: normalized.symbols,
    stacks: normalized.stacks,
    groups,
  };
  return { record, sampleCount, counts };
}

function decode(inflated: Uint8Array, tenant: string, spyName: string, limits: IngestLimits): Pprof {
  try {
    return decodePprof(inflated, {
      samplesMax: limits.samplesMax,
      sampleLabelsMax: limits.sampleLabelsMax,
      repairFunctionIds: hasFunctionsWithoutIds(spyName),
    });
  } catch (cause) {
    throw asRefusal(cause, tenant);
  }
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

/** The series' labels, and the profile's name when the labels lack it. */
function namedLabels({ labels, profileName }: IncomingProfile, sampleTypes: readonly ValueType[]): readonly Label[] {
  if (profileName === undefined) return labels;
  const types = sampleTypes.map(({ type }) => type);
  return [...labels, { name: LABEL.metricName, value: ingestProfileName(types, profileName.sampleTypeConfig) }];
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

/** The decoder's limits that are options of a tenant, by what it calls them. */
const LIMITED_KINDS: Readonly<Record<string, readonly [reason: DiscardReason, limit: RefusingLimit]>> = {
  samples: ['samples_limit', 'samplesMax'],
  'labels of a sample': ['sample_labels_limit', 'sampleLabelsMax'],
};

/** Errors of the decoder are the sender's; they get a reason, the tenant, and the key of a limit. */
function asRefusal(error: unknown, tenant: string): unknown {
  if (!(error instanceof FlamelakeError)) return error;
  const { code, message, details } = error;
  if (code !== 'invalid_argument' && code !== 'out_of_range') return error;
  const [reason, limit] = LIMITED_KINDS[String(details.kind)] ?? ['malformed_profile' as const];
  const known: ErrorDetails = limit === undefined ? { tenant } : { tenant, key: LIMIT_KEYS[limit] };
  return new FlamelakeError('invalid_argument', message, { reason, ...details, ...known }, { cause: error });
}
