/**
 * Demotes runaway sample labels: those that split a profile into more series than the tenant allows, as a request id does, leave
 * the series until few enough are left. The profile and its totals stay; a label of the series says which ones went.
 */
import type { NormalizedGroup } from '@flamelake/formats';
import { type Label, labelsKey } from '@flamelake/model';

const DEMOTED_LABEL = '__demoted__';
/** Bytes of the label's value: below the limit of any tenant. */
const VALUE_LENGTH_MAX = 256;

export interface DemotedGroups {
  /** Groups with fewer labels; some may have equal ones now. */
  readonly groups: readonly NormalizedGroup[];
  /** Joins the labels of the series; none when nothing was demoted. */
  readonly labels: readonly Label[];
  /** Names demoted. */
  readonly count: number;
}

/** @param seriesMax - label sets a profile may have; the label with most values goes first */
export function demoteLabels(groups: readonly NormalizedGroup[], seriesMax: number): DemotedGroups {
  if (groups.length <= seriesMax) return { groups, labels: [], count: 0 };
  const byValues = namesByValues(groups);
  const demoted = new Set<string>();
  let kept = groups;
  for (const name of byValues) {
    demoted.add(name);
    kept = groups.map((group) => ({
      ...group,
      sampleLabels: group.sampleLabels.filter((label) => !demoted.has(label.name)),
    }));
    if (new Set(kept.map(({ sampleLabels }) => labelsKey(sampleLabels))).size <= seriesMax) break;
  }
  const value = [...demoted].sort().join(',').slice(0, VALUE_LENGTH_MAX).toWellFormed();
  return { groups: kept, labels: [{ name: DEMOTED_LABEL, value }], count: demoted.size };
}

/** Names of the labels, the one with most values first; of equals in the order of their names. */
function namesByValues(groups: readonly NormalizedGroup[]): string[] {
  const values = new Map<string, Set<string>>();
  for (const { sampleLabels } of groups) {
    for (const { name, value } of sampleLabels) {
      const known = values.get(name);
      if (known === undefined) values.set(name, new Set([value]));
      else known.add(value);
    }
  }
  return [...values].sort(([a, x], [b, y]) => y.size - x.size || (a < b ? -1 : 1)).map(([name]) => name);
}
