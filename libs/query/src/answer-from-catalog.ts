/**
 * Label sets that need no block to be read: services and profile types, which the catalog knows of each dataset. The start pages of
 * Grafana and of profile browsers ask for nothing else.
 */
import type { DatasetInfo } from '@flamelake/block';
import { compileMatchers, LABEL, type Labels, matchLabels, parseSelector } from '@flamelake/model';
import { projectLabels } from './label-sets.ts';
import type { Question, Selection } from './task.ts';

const KNOWN: ReadonlySet<string> = new Set([LABEL.serviceName, LABEL.profileType]);

/** Label sets of one dataset, or undefined when its block has to be read. */
export type CatalogAnswer = (info: DatasetInfo, isPartlyDeleted: boolean) => readonly Labels[] | undefined;

/** @returns undefined when the question asks for more than the catalog knows of any dataset */
export function answerFromCatalog(question: Question, selection: Selection): CatalogAnswer | undefined {
  if (question.kind !== 'labelSets' || question.names === undefined) return undefined;
  const matchers = selection.selectors.flatMap((text) => compileMatchers(parseSelector(text)));
  if (![...question.names, ...matchers.map(({ name }) => name)].every((name) => KNOWN.has(name))) return undefined;
  const names = new Set(question.names);
  return (info, isPartlyDeleted) => {
    const isWhole = selection.fromMs <= info.minTimeMs && selection.untilMs > info.maxTimeMs;
    if (!isWhole || isPartlyDeleted) return undefined;
    return info.profileTypes
      .filter((type) => selection.profileTypeId === undefined || selection.profileTypeId === type)
      .map((type) => [
        { name: LABEL.profileType, value: type },
        { name: LABEL.serviceName, value: info.service },
      ])
      .filter((labels) => matchLabels(matchers, labels))
      .map((labels) => projectLabels(labels, names));
  };
}
