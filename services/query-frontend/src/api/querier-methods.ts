/** querier.v1.QuerierService, bound to the queries. */
import { type UnaryMethod, unimplementedMethod } from '@flamelake/rpc';
import type { Queries } from '../queries.ts';
import { labelMethods } from './label-methods.ts';
import { selectMethods } from './select-methods.ts';

/** Known to clients and not served: they read `unimplemented` as "not there" and go on without. */
const UNSERVED = ['SelectMergeSpanProfile', 'SelectHeatmap', 'AnalyzeQuery'];

export function querierMethods(queries: Queries): UnaryMethod[] {
  return [
    ...labelMethods(queries),
    ...selectMethods(queries),
    ...UNSERVED.map((name) => unimplementedMethod(`/querier.v1.QuerierService/${name}`)),
  ];
}
