/** Distinct label sets, as label names, label values and series are answered from. */
import type { Series } from '@flamelake/block';
import { compareBytes, FlamelakeError, type Labels, labelsKey } from '@flamelake/model';
import type { KeptQuestion, LabelQuestion } from './task.ts';

/** Most label sets one answer may hold. */
export const LABEL_SETS_MAX = 1_000_000;

/** Whether a question reads labels and no values. */
export function isAboutLabels(question: KeptQuestion): question is LabelQuestion {
  return question.kind === 'labelSets' || question.kind === 'labelNames';
}

/** Label sets by `labelsKey`. */
export type LabelSets = Map<string, Labels>;

/** @throws {FlamelakeError} `resource_exhausted` over LABEL_SETS_MAX */
export function addLabelSet(sets: LabelSets, labels: Labels): void {
  sets.set(labelsKey(labels), labels);
  if (sets.size > LABEL_SETS_MAX) {
    throw new FlamelakeError('resource_exhausted', 'query finds too many series; narrow it by label selectors', {
      limit: LABEL_SETS_MAX,
    });
  }
}

/**
 * The group of some labels, made where there is none.
 * @throws {FlamelakeError} `resource_exhausted` over LABEL_SETS_MAX groups
 */
export function groupIn<T>(groups: Map<string, T>, labels: Labels, make: () => T): T {
  const key = labelsKey(labels);
  let group = groups.get(key);
  if (group === undefined) {
    group = make();
    groups.set(key, group);
    if (groups.size > LABEL_SETS_MAX) {
      throw new FlamelakeError('resource_exhausted', 'query groups into too many series; group by fewer labels', {
        limit: LABEL_SETS_MAX,
      });
    }
  }
  return group;
}

/** Labels of the given names, in the set's order. */
export function projectLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  return labels.filter((label) => names.has(label.name));
}

/** What a question wants of a series: its labels of some names, all of them, or the names alone. */
export type LabelProjection = ReadonlySet<string> | 'names' | undefined;

/** Adds a series as the question wants it. */
export function addSeriesLabels(sets: LabelSets, series: Series, names: LabelProjection): void {
  if (names === undefined) addLabelSet(sets, series.labels);
  else if (names === 'names') for (const { name } of series.labels) addLabelSet(sets, [{ name, value: '' }]);
  else addLabelSet(sets, projectLabels(series.labels, names));
}

/** Orders label sets by their names and values in turn; a prefix comes first. */
export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a[i], b[i]];
    const order = compareBytes(x.name, y.name) || compareBytes(x.value, y.value);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** All label sets, sorted. */
export function sortedLabelSets(sets: LabelSets): readonly Labels[] {
  return [...sets.values()].sort(compareLabels);
}

/** All label names, sorted. */
export function sortedLabelNames(sets: LabelSets): readonly string[] {
  return [...sets.values()].map((labels) => labels[0].name).sort(compareBytes);
}

/** All values of one label, sorted; sets without it are skipped. */
export function sortedLabelValues(sets: LabelSets): readonly string[] {
  return [...sets.values()].flatMap((labels) => (labels[0] ? [labels[0].value] : [])).sort(compareBytes);
}
