/** Names the stacks of a dataset whose values are added up, and adds them to a result. */
import type { DatasetReader, SectionName, TreeColumns } from '@flamelake/block';
import type { NodeSums } from './accumulate.ts';
import { foldFunctionTree, needsMappings } from './fold-function-tree.ts';
import { foldLocationTree } from './fold-location-tree.ts';
import type { FunctionTree } from './function-tree.ts';
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
  if (result.kind === 'functions') {
    await foldFunctions(result.tree, dataset, sums, tree);
    return;
  }
  const symbols = { ...(await frameSymbols(dataset)), mappings: await dataset.mappings() };
  foldLocationTree(result.tree, sums, tree, symbols);
}

/** @returns node of the target by used node of the dataset's tree */
export async function foldFunctions(
  target: FunctionTree,
  dataset: DatasetReader,
  sums: NodeSums,
  tree: TreeColumns,
): Promise<Int32Array> {
  const symbols = await frameSymbols(dataset);
  const isNamed = !needsMappings(sums.used, tree, symbols.functions, symbols.locations);
  return foldFunctionTree(target, sums, tree, { ...symbols, mappings: isNamed ? undefined : await dataset.mappings() });
}

async function frameSymbols(dataset: DatasetReader) {
  return {
    strings: await dataset.strings(),
    functions: await dataset.functions(),
    locations: await dataset.locations(),
  };
}
