/** Names the stacks of a dataset whose values are added up, and adds them to a result. */
import type { DatasetReader, SectionName, TreeColumns } from '@flamelake/block';
import type { NodeSums } from './accumulate.ts';
import { foldFunctionTree, needsMappings } from './fold-function-tree.ts';
import { foldLocationTree } from './fold-location-tree.ts';
import type { PartialResult } from './partial-result.ts';

export type StackResult = Extract<PartialResult, { kind: 'functions' | 'locations' }>;

/** Sections that `foldStacks` reads. */
export function symbolSections(kind: StackResult['kind']): readonly SectionName[] {
  const sections: readonly SectionName[] = ['tree', 'locations', 'functions', 'strings'];
  return kind === 'locations' ? [...sections, 'mappings'] : sections;
}

export async function foldStacks(
  result: StackResult,
  dataset: DatasetReader,
  sums: NodeSums,
  tree: TreeColumns,
): Promise<void> {
  const [strings, functions, locations] = [
    await dataset.strings(),
    await dataset.functions(),
    await dataset.locations(),
  ];
  if (result.kind === 'locations') {
    const symbols = { strings, functions, locations, mappings: await dataset.mappings() };
    foldLocationTree(result.tree, sums, tree, symbols);
  } else {
    const isNamed = !needsMappings(sums.used, tree, functions, locations);
    const mappings = isNamed ? undefined : await dataset.mappings();
    foldFunctionTree(result.tree, sums, tree, { strings, functions, locations, mappings });
  }
}
