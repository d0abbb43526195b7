/** querier.v1.QuerierService, bound to the queries. */
import type { UnaryMethod } from '@flamelake/rpc';
import type { Queries } from '../queries.ts';
import { labelMethods } from './label-methods.ts';
import { pointMethods } from './point-methods.ts';
import { selectMethods } from './select-methods.ts';

/** Selectors and lists of ids; no more than 4 MiB of them is honest. */
const REQUEST_BYTES_MAX = 4_194_304;

export function querierMethods(queries: Queries): UnaryMethod[] {
  const methods = [...labelMethods(queries), ...selectMethods(queries), ...pointMethods(queries)];
  return methods.map((method) => ({ ...method, bodyBytesMax: REQUEST_BYTES_MAX, isRead: true }));
}
