/** Decodes a payload, whatever its format, into the columns that all profiles share. */
import { decodeJfr, decodePprof, decodeStacks, inflate, type Pprof } from '@flamelake/formats';
import { type ErrorDetails, FlamelakeError, type Label } from '@flamelake/model';
import { hasFunctionsWithoutIds, mendSampleTypes } from './client-faults.ts';
import type { IncomingProfile } from './incoming-profile.ts';
import { ingestProfileName } from './ingest/profile-name.ts';
import { type IngestLimits, LIMIT_KEYS, type RefusingLimit } from './limits.ts';
import type { DiscardReason } from './refusal.ts';

export interface DecodedProfile {
  readonly profile: Pprof;
  /** Profile name (`__name__`); undefined when the labels carry it. */
  readonly name: string | undefined;
  /** Labels of all series besides those of the request. */
  readonly labels: readonly Label[];
}

/**
 * @param inflated - without gzip
 * @returns one profile, or as many as the payload holds
 * @throws {FlamelakeError} `invalid_argument` with reason, tenant, and the key of a limit
 */
export function decodeIncoming(
  incoming: IncomingProfile,
  inflated: Uint8Array,
  limits: IngestLimits,
): readonly DecodedProfile[] {
  const { source, tenant } = incoming;
  if (source.format === 'pprof') return [decodePprofPayload(incoming, inflated, limits)];
  const { samplesMax, stackDepthMax } = limits;
  if (source.format === 'jfr') {
    const { sampleRate, labels } = source;
    try {
      const inflatedLabels = labels.length === 0 ? undefined : inflate(labels, { bytesMax: limits.profileBytesMax });
      const decoded = decodeJfr(inflated, { sampleRate, labels: inflatedLabels, samplesMax, stackDepthMax });
      return decoded.map((one) => ({ ...one, profile: during(one.profile, incoming) }));
    } catch (cause) {
      throw asRefusal(cause, tenant);
    }
  }
  const { format, kind, sampleRate, sentAs } = source;
  try {
    const decoded = decodeStacks(inflated, format, { kind, sampleRate, samplesMax, stackDepthMax });
    return decoded.map((one) => ({ ...one, profile: lasting(one.profile, incoming.durationMs) }));
  } catch (cause) {
    throw asRefusal(cause, tenant, 'malformed_text', { readAs: format, sentAs });
  }
}

function decodePprofPayload(
  { source, tenant, spyName }: IncomingProfile,
  inflated: Uint8Array,
  limits: IngestLimits,
): DecodedProfile {
  let decoded: Pprof;
  try {
    decoded = decodePprof(inflated, {
      samplesMax: limits.samplesMax,
      sampleLabelsMax: limits.sampleLabelsMax,
      repairFunctionIds: hasFunctionsWithoutIds(spyName),
    });
  } catch (cause) {
    throw asRefusal(cause, tenant);
  }
  const profile = mendSampleTypes(decoded, spyName);
  if (source.format !== 'pprof' || source.isNamed) return { profile, name: undefined, labels: [] };
  const types = profile.sampleTypes.map(({ type }) => type);
  return { profile, name: ingestProfileName(types, source.sampleTypeConfig), labels: [] };
}

/** A recording is of the time that the client says, which is the same for all of its profiles; its own makes a resend known. */
function during(profile: Pprof, { startMs, durationMs }: IncomingProfile): Pprof {
  return {
    ...lasting(profile, durationMs),
    ...(startMs === undefined ? {} : { timeNanos: BigInt(startMs) * 1_000_000n }),
  };
}

function lasting(profile: Pprof, durationMs: number): Pprof {
  return { ...profile, durationNanos: BigInt(Math.round(durationMs)) * 1_000_000n };
}

/** The decoder's limits that are options of a tenant, by what it calls them. */
const LIMITED_KINDS: Readonly<Record<string, readonly [reason: DiscardReason, limit: RefusingLimit]>> = {
  samples: ['samples_limit', 'samplesMax'],
  'labels of a sample': ['sample_labels_limit', 'sampleLabelsMax'],
};

/** Errors of the decoder are the sender's; they get a reason, the tenant, and the key of a limit. */
export function asRefusal(
  error: unknown,
  tenant: string,
  otherwise: DiscardReason = 'malformed_profile',
  more: ErrorDetails = {},
): unknown {
  if (!(error instanceof FlamelakeError)) return error;
  const { code, message, details } = error;
  if (code !== 'invalid_argument' && code !== 'out_of_range') return error;
  const [reason, limit] = LIMITED_KINDS[String(details.kind)] ?? [otherwise];
  const known: ErrorDetails = limit === undefined ? { tenant } : { tenant, key: LIMIT_KEYS[limit] };
  return new FlamelakeError('invalid_argument', message, { reason, ...details, ...more, ...known }, { cause: error });
}
