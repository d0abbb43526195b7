/** Limits of the write path as the options set them. */

import { DEFAULT_INGEST_LIMITS, type IngestLimits } from '@flamelake/distributor';
import { parseRelabelRules } from '@flamelake/model';
import type { BodyLimits } from '@flamelake/rpc';
import { parseSamplingRules } from './policy-options.ts';
import type { ServeOptions } from './serve-options.ts';

/** Limits by the options they are of: options of a tenant stay the same object while they do not change. */
const known = new WeakMap<ServeOptions, IngestLimits>();

export function ingestLimits(options: ServeOptions): IngestLimits {
  const limits = known.get(options) ?? limitsOf(options);
  known.set(options, limits);
  return limits;
}

function limitsOf(options: ServeOptions): IngestLimits {
  const rate = options['limits.ingestion-rate'];
  return {
    ...DEFAULT_INGEST_LIMITS,
    profileBytesMax: options['limits.profile-size-max'],
    samplesMax: options['limits.samples-max'],
    sampleLabelsMax: options['limits.sample-labels-max'],
    profileSeriesMax: options['limits.profile-series-max'],
    labelValuesMax: options['limits.label-values-max'],
    seriesLabelsMax: options['limits.series-labels-max'],
    resourceLabelsMax: options['limits.resource-labels-max'],
    labelNameBytesMax: options['limits.label-name-size-max'],
    labelValueBytesMax: options['limits.label-value-size-max'],
    rejectOlderThanMs: options['limits.ingestion-window'],
    rateBytesPerSecond: rate === 0 ? undefined : rate,
    burstBytes: options['limits.ingestion-burst'],
    policies: {
      relabelRules: parseRelabelRules(content(options['limits.ingestion-relabeling-rules'])),
      sampleTypeRules: parseRelabelRules(content(options['limits.sample-type-relabeling-rules'])),
      samplingRules: parseSamplingRules(content(options['limits.sampling-rules'])),
    },
  };
}

/** What the option of a list holds. */
function content(json: string): unknown {
  return json === '' ? undefined : JSON.parse(json);
}

/** Inflated a body may be this much larger than as sent. */
const INFLATION_MAX = 4;

/** Limits of request bodies, for RPCs and plain HTTP alike. */
export function bodyLimits(options: ServeOptions): BodyLimits {
  const wireBytesMax = options['limits.body-size-max'];
  return { wireBytesMax, inflatedBytesMax: wireBytesMax * INFLATION_MAX };
}
