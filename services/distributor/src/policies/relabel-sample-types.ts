/** Drops and renames sample types by a tenant's rules. */
import type { Pprof, ValueType } from '@flamelake/formats';
import { LABEL, type Label, type Labels, labelValue, type RelabelRule, sortLabels } from '@flamelake/model';
import { relabellerOf } from './relabel-series.ts';

/**
 * @param labels - of the pushed series, `__name__` included
 * @returns the same profile when nothing changes; undefined when no sample type is left
 */
export function relabelSampleTypes(profile: Pprof, labels: Labels, rules: readonly RelabelRule[]): Pprof | undefined {
  const relabeller = relabellerOf(rules);
  if (relabeller === undefined) return profile;
  const kept: number[] = [];
  const sampleTypes: ValueType[] = [];
  for (const [i, { type, unit }] of profile.sampleTypes.entries()) {
    const own: Label[] = [
      { name: LABEL.type, value: type },
      { name: LABEL.unit, value: unit },
    ];
    const changed = relabeller(sortLabels([...labels, ...own]));
    if (changed === undefined) continue;
    kept.push(i);
    sampleTypes.push({ type: labelValue(changed, LABEL.type), unit: labelValue(changed, LABEL.unit) });
  }
  if (kept.length === 0) return undefined;
  if (kept.length === profile.sampleTypes.length) return { ...profile, sampleTypes };
  const { values, sampleCount } = profile;
  const typeCount = profile.sampleTypes.length;
  const own = new BigInt64Array(sampleCount * kept.length);
  for (let sample = 0, at = 0; sample < sampleCount; sample++) {
    for (const type of kept) own[at++] = values[sample * typeCount + type];
  }
  return { ...profile, sampleTypes, values: own };
}
