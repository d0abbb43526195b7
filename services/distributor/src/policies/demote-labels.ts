/**
 * Demotes runaway sample labels: those that split a profile into more series than the tenant allows, as a request id does, leave
 * the series until few enough are left. The profile and its totals stay; a label of the series says which ones went.
 */
import type { NormalizedGroup } from '@flamelake/formats';
import { LABEL, type Label, type Labels, labelsKey, labelValue, type Relabeller, sortLabels } from '@flamelake/model';
import type { DemotedLabels } from './policies.ts';

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
  return { groups: kept, labels: [demotedLabel([...demoted])], count: demoted.size };
}

function demotedLabel(names: readonly string[]): Label {
  const value = names.toSorted().join(',').slice(0, VALUE_LENGTH_MAX).toWellFormed();
  return { name: DEMOTED_LABEL, value };
}

/**
 * A tenant's rules, and behind them the labels taken off that have too many values over time.
 * @param rules - see the labels as they came: what they make of services and names does not depend on what is demoted
 * @param onDemoted - called with each name taken off a series
 */
export function demotingRelabeller(
  rules: Relabeller | undefined,
  demoted: DemotedLabels,
  onDemoted: (name: string) => void,
): Relabeller {
  return (labels) => {
    const changed = rules === undefined ? labels : rules(labels);
    if (changed === undefined) return undefined;
    const service = labelValue(changed, LABEL.serviceName);
    return Object.hasOwn(demoted, service) ? without(changed, demoted[service], onDemoted) : changed;
  };
}

function without(labels: Labels, names: readonly string[], onDemoted: (name: string) => void): Labels {
  const gone = labels.filter(({ name }) => names.includes(name)).map(({ name }) => name);
  if (gone.length === 0) return labels;
  for (const name of gone) onDemoted(name);
  const before = labelValue(labels, DEMOTED_LABEL);
  const kept = labels.filter(({ name }) => name !== DEMOTED_LABEL && !gone.includes(name));
  return sortLabels([...kept, demotedLabel([...new Set([...(before === '' ? [] : before.split(',')), ...gone])])]);
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
