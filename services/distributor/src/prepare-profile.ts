/** From payload to log record: decodes, validates, mends, normalises, names, relabels and splits one profile. Pure. */
import {
  inflate,
  type NormalizeCounts,
  type NormalizedProfile,
  normalizeProfile,
  type Pprof,
  type ProfileRecord,
} from '@flamelake/formats';
import { FlamelakeError, LABEL, type Label, type Random, sortLabels } from '@flamelake/model';
import { filenamesInNames } from './client-faults.ts';
import { asRefusal, type DecodedProfile, decodeIncoming } from './decode-incoming.ts';
import { memberIdentity, profileIdentity } from './identity.ts';
import type { IncomingProfile } from './incoming-profile.ts';
import { checkIngestionWindow, hasOwnClock, profileTimeNanos } from './ingestion-window.ts';
import { type IngestLimits, LIMIT_KEYS } from './limits.ts';
import { demoteLabels, demotingRelabeller } from './policies/demote-labels.ts';
import { relabelSampleTypes } from './policies/relabel-sample-types.ts';
import { relabellerOf } from './policies/relabel-series.ts';
import type { ObservedSeries } from './policies/runaway-labels.ts';
import { sampleRecord } from './policies/sample-profiles.ts';
import { recordBytesBound } from './record-bytes.ts';
import { refuse } from './refusal.ts';
import { profileTypes, relabel } from './relabel.ts';
import { type RecordSeries, splitBySeries } from './sample-groups.ts';
import { requireProfileName, validateLabels } from './validate-labels.ts';

export interface PreparedProfile {
  /** None when no sample is left: nothing to store, and no error. */
  readonly records: readonly ProfileRecord[];
  /** Samples as sent. */
  readonly sampleCount: number;
  readonly counts: PrepareCounts;
  /** Series of it, not more than OBSERVED_MAX, before labels with too many values were taken off. */
  readonly series: readonly ObservedSeries[];
}

/** Series of one profile whose labels are counted. */
const OBSERVED_MAX = 64;
/**
 * Labels with too many values are taken off profiles below this bound only: any log takes them as one record. Larger ones may be split
 * by label sets, and what recognises the parts when they are sent again must not depend on what is demoted then.
 */
const DEMOTED_BYTES_MAX = 262_144;

/** What was dropped or changed, in counts. */
export interface PrepareCounts extends NormalizeCounts {
  /** Samples of series, or of a profile without a sample type left, that relabelling rules drop. */
  readonly droppedByRules: number;
  /** Records of which sampling kept totals alone. */
  readonly sampledOut: number;
  /** Labels demoted because they split the profile into too many series, or have too many values over time. */
  readonly demotedLabels: number;
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
    records: prepared.flatMap(({ records }) => records),
    sampleCount: decoded.reduce((sum, { profile }) => sum + profile.sampleCount, 0),
    counts: prepared.map(({ counts }) => counts).reduce(sumOfCounts, NO_COUNTS),
    series: prepared.flatMap(({ series }) => series).slice(0, OBSERVED_MAX),
  };
}

const NO_COUNTS: PrepareCounts = {
  negativeSamples: 0,
  zeroSamples: 0,
  truncatedStacks: 0,
  truncatedStrings: 0,
  badSpanIds: 0,
  droppedByRules: 0,
  sampledOut: 0,
  demotedLabels: 0,
};

function sumOfCounts(a: PrepareCounts, b: PrepareCounts): PrepareCounts {
  return {
    negativeSamples: a.negativeSamples + b.negativeSamples,
    zeroSamples: a.zeroSamples + b.zeroSamples,
    truncatedStacks: a.truncatedStacks + b.truncatedStacks,
    truncatedStrings: a.truncatedStrings + b.truncatedStrings,
    badSpanIds: a.badSpanIds + b.badSpanIds,
    droppedByRules: a.droppedByRules + b.droppedByRules,
    sampledOut: a.sampledOut + b.sampledOut,
    demotedLabels: a.demotedLabels + b.demotedLabels,
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
  { profile: decoded, name: givenName, labels: more }: DecodedProfile,
  identity: Uint8Array,
  limits: IngestLimits,
  nowMs: number,
): Omit<PreparedProfile, 'sampleCount'> {
  const timeNanos = profileTimeNanos(decoded.timeNanos, startMs ?? nowMs);
  checkIngestionWindow(timeNanos, nowMs, tenant, limits);
  const named = givenName === undefined ? more : [...more, { name: LABEL.metricName, value: givenName }];
  const labels = named.length === 0 ? sent : sortLabels([...sent, ...named]);
  const { relabelRules, sampleTypeRules, samplingRules } = limits.policies;
  const profile = relabelSampleTypes(decoded, labels, sampleTypeRules);
  if (profile === undefined) {
    return { records: [], counts: { ...NO_COUNTS, droppedByRules: decoded.sampleCount }, series: [] };
  }
  const normalized = normalize(profile, tenant, spyName, limits);
  const { labels: stored, name } = relabel(labels, requireProfileName(labels, tenant));
  const demoted = demoteLabels(normalized.groups, limits.profileSeriesMax);
  const ownLabels = demoted.count === 0 ? stored : [...stored, ...demoted.labels];
  const typeCount = normalized.sampleTypes.length;
  const rules = relabellerOf(relabelRules);
  const { records, droppedSamples } = splitBySeries(demoted.groups, ownLabels, name, typeCount, rules);
  const countLimit = isResource ? 'resourceLabelsMax' : 'seriesLabelsMax';
  if (rules === undefined) validateLabels(ownLabels, tenant, limits, countLimit);
  for (const { groups } of records) {
    for (const { labels: own } of groups) {
      if (rules !== undefined || own.length > ownLabels.length) validateLabels(own, tenant, limits, countLimit);
    }
  }
  const recordOf = (one: RecordSeries, i: number): ProfileRecord => ({
    tenant,
    service: one.service,
    identity: i === 0 ? identity : memberIdentity(identity, i),
    timeNanos,
    durationNanos: normalized.durationNanos,
    period: normalized.period,
    types: profileTypes(profileNameOf(one.name, tenant), normalized.sampleTypes, normalized.periodType),
    symbols: normalized.symbols,
    stacks: normalized.stacks,
    groups: one.groups,
  });
  const whole = records.map(recordOf);
  const runaways = new Set<string>();
  let made = whole;
  if (whole.some(({ service }) => Object.hasOwn(limits.demotedLabels, service)) && whole.every(isSmall)) {
    const demoting = demotingRelabeller(rules, limits.demotedLabels, (label) => runaways.add(label));
    made = splitBySeries(demoted.groups, ownLabels, name, typeCount, demoting).records.map(recordOf);
  }
  const sampled = made.map((record) => sampleRecord(record, samplingRules));
  const counts: PrepareCounts = {
    ...normalized.counts,
    droppedByRules: droppedSamples,
    sampledOut: sampled.filter((record, i) => record !== made[i]).length,
    demotedLabels: demoted.count + runaways.size,
  };
  const series = whole.flatMap(({ service, groups }) =>
    groups.slice(0, OBSERVED_MAX).map(({ labels: own }) => ({ service, labels: own })),
  );
  return { records: sampled, counts, series };
}

const isSmall = (record: ProfileRecord) => recordBytesBound(record) <= DEMOTED_BYTES_MAX;

function profileNameOf(name: string, tenant: string): string {
  return requireProfileName([{ name: LABEL.metricName, value: name }], tenant);
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
