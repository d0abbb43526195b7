/** Relabelling every server does: old names of Go delta profiles, and which labels never reach the store. */

import type { ValueType } from '@flamelake/formats';
import { LABEL, type Label, type Labels, type ProfileType } from '@flamelake/model';

const DELTA_PREFIX = 'godeltaprof_';
const REPLACED_NAME_LABEL = '__name_replaced__';

/** Made from the profile type, or meant for the way in only. */
const NOT_STORED: ReadonlySet<string> = new Set([
  LABEL.metricName,
  LABEL.type,
  LABEL.unit,
  LABEL.periodType,
  LABEL.periodUnit,
  LABEL.profileType,
  LABEL.privateServiceName,
  LABEL.delta,
  LABEL.sessionId,
  '__order__',
]);

export function isStoredLabel(name: string): boolean {
  return !NOT_STORED.has(name);
}

/** @returns the labels to store, and the profile name they stand under */
export function relabel(labels: Labels, profileName: string): { readonly labels: Label[]; readonly name: string } {
  const stored = labels.filter((label) => isStoredLabel(label.name) && label.value !== '');
  if (!profileName.startsWith(DELTA_PREFIX)) return { labels: stored, name: profileName };
  return {
    labels: [...stored, { name: REPLACED_NAME_LABEL, value: profileName }],
    name: profileName.slice(DELTA_PREFIX.length),
  };
}

/** Profile types of the value columns. CPU time that came with wall time is filed as CPU. */
export function profileTypes(
  name: string,
  sampleTypes: readonly ValueType[],
  periodType: ValueType | undefined,
): ProfileType[] {
  return sampleTypes.map(({ type, unit }) => ({
    name: name === 'wall' && type === 'cpu' ? 'process_cpu' : name,
    sampleType: type,
    sampleUnit: unit,
    periodType: periodType?.type ?? '',
    periodUnit: periodType?.unit ?? '',
  }));
}
