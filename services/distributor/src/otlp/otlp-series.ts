/** What series an OTLP profile belongs to, and what its values count there. */
import type { OtlpMember, OtlpProfilePart, Pprof } from '@flamelake/formats';
import { FlamelakeError, LABEL, type Label, sortLabels } from '@flamelake/model';
import { UNKNOWN_SERVICE } from '../push-profiles.ts';

const SERVICE = 'service.name';
const EXECUTABLE = 'process.executable.name';
/** Says that the labels are those of a resource. */
const OTEL_LABEL: Label = { name: '__otel__', value: 'true' };
const DELTA_LABEL: Label = { name: LABEL.delta, value: 'false' };
const INT64_MAX = 0x7fff_ffff_ffff_ffffn;
/** Of a profile that does not say how long it took. */
const DURATION_NANOS_DEFAULT = 10_000_000_000n;

export interface OtlpSeries {
  /** Sorted, names unique, `service_name` and `__name__` present. */
  readonly labels: readonly Label[];
  readonly profile: Pprof;
}

/**
 * Samples belong to the service they name themselves, else to their resource's. Counts of CPU samples become CPU time. A profile
 * is called what its period measures; without a period, what its samples do.
 * @throws {FlamelakeError} `invalid_argument` when CPU time leaves int64
 */
export function otlpSeries({ attributes }: OtlpMember, { service, pprof }: OtlpProfilePart): OtlpSeries {
  const profile = inTime(pprof);
  const [{ type }] = profile.sampleTypes;
  const isCpuTime = profile !== pprof && profile.values !== pprof.values;
  const name = isCpuTime ? 'process_cpu' : profile.periodType?.type || type;
  // Of equal names the last one stays; with attributes it is the first.
  const own = attributes.filter((label) => label.name !== '' && !label.name.startsWith('__') && label.value !== '');
  const labels = sortLabels([
    ...own.toReversed(),
    OTEL_LABEL,
    DELTA_LABEL,
    { name: LABEL.serviceName, value: service ?? serviceOf(attributes) },
    { name: LABEL.metricName, value: name },
  ]);
  return { labels, profile };
}

function serviceOf(attributes: readonly Label[]): string {
  const valueOf = (name: string) => attributes.find((label) => label.name === name && label.value !== '')?.value;
  const executable = valueOf(EXECUTABLE);
  return valueOf(SERVICE) ?? (executable === undefined ? UNKNOWN_SERVICE : `${UNKNOWN_SERVICE}:${executable}`);
}

/** The profile with a duration, and with counts of CPU samples as the time they stand for. */
function inTime(pprof: Pprof): Pprof {
  const durationNanos = pprof.durationNanos === 0n ? DURATION_NANOS_DEFAULT : pprof.durationNanos;
  const [{ type, unit }] = pprof.sampleTypes;
  const { period, periodType } = pprof;
  const isCount = type === 'samples' && unit === 'count';
  const isCpu = periodType?.type === 'cpu' && periodType.unit === 'nanoseconds';
  if (!isCount || !isCpu || period <= 0n) return { ...pprof, durationNanos };
  const values = pprof.values.map((count) => {
    if (count > INT64_MAX / period) {
      throw new FlamelakeError('invalid_argument', 'samples times period leave int64', { samples: count, period });
    }
    // A negative sample is dropped later, whatever it says.
    return count < 0n ? -1n : count * period;
  });
  return { ...pprof, durationNanos, values, sampleTypes: [{ type: 'cpu', unit: 'nanoseconds' }] };
}
