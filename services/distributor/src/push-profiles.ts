/** A series of a push.v1 PushRequest as the pipeline takes it. */
import { LABEL, type Label, sortLabels } from '@flamelake/model';
import type { PushSeries } from '@flamelake/rpc';
import type { IncomingProfile } from './incoming-profile.ts';
import { refuse } from './refusal.ts';
import { requireProfileName } from './validate-labels.ts';

/** Service of a series that names none. */
export const UNKNOWN_SERVICE = 'unknown_service';

/** @throws {FlamelakeError} `invalid_argument` when a label occurs twice or `__name__` is missing */
export function pushProfiles(tenant: string, series: PushSeries): IncomingProfile[] {
  const labels = seriesLabels(tenant, series.labels);
  requireProfileName(labels, tenant);
  return series.samples.map((sample) => ({
    tenant,
    labels,
    payload: sample.rawProfile,
    sampleId: sample.id,
    startMs: undefined,
    durationMs: 0,
    spyName: '',
    source: { format: 'pprof', isNamed: true, sampleTypeConfig: undefined },
  }));
}

function seriesLabels(tenant: string, sent: readonly Label[]): Label[] {
  const names = new Set<string>();
  for (const { name } of sent) {
    if (names.has(name)) throw refuse('duplicate_label_names', 'label name occurs twice', { tenant, name });
    names.add(name);
  }
  // To a selector an empty value and no label are the same.
  const labels = sortLabels(sent.filter((label) => label.value !== ''));
  if (labels.some((label) => label.name === LABEL.serviceName)) return labels;
  return sortLabels([...labels, { name: LABEL.serviceName, value: UNKNOWN_SERVICE }]);
}
