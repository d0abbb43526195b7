/** querier.v1.QuerierService, bound to the queries. */
import { type UnaryMethod, unimplementedMethod } from '@flamelake/rpc';
import type { Queries } from '../queries.ts';
import { labelMethods } from './label-methods.ts';
import { selectMethods } from './select-methods.ts';

/** Known to clients and not served: they read `unimplemented` as "not there" and go on without. */
const UNSERVED = ['SelectMergeSpanProfile', 'SelectHeatmap', 'AnalyzeQuery'];

/** Selectors and lists of ids; no more than 4 MiB of them is honest. */
const REQUEST_BYTES_MAX = 4_194_304;

export function querierMethods(queries: Queries): UnaryMethod[] {
  const methods = [
    ...labelMethods(queries),
    ...selectMethods(queries),
    ...UNSERVED.map((name) => unimplementedMethod(`/querier.v1.QuerierService/${name}`)),
  ];
  return methods.map((method) => ({ ...method, bodyBytesMax: REQUEST_BYTES_MAX }));
}
