/** Options of what a query may cost. */
import { checkFederation } from './federation.ts';
import type { OptionTable } from './option.ts';

const SECOND_MS = 1_000;
const DAY_MS = 86_400 * SECOND_MS;
const MIB = 1_048_576;
const GIB = 1_024 * MIB;
/** Longer than anybody keeps profiles. */
const CENTURY_MS = 36_525 * DAY_MS;
/** What queriers hold of a flame graph is bounded for as many. */
const NODES_MAX = 1_048_576;

export const QUERY_OPTIONS = {
  'query.read-size-max': {
    kind: 'bytes',
    min: MIB,
    max: 1024 * GIB,
    default: 8 * GIB,
    description: 'most bytes one query may read',
    perTenant: true,
  },
  'query.timeout': {
    kind: 'duration',
    min: 100,
    max: DAY_MS,
    default: 60 * SECOND_MS,
    description: 'longest time of one query, from snapshot to answer; over it 504, and its work at queriers ends',
    perTenant: true,
  },
  'query.range-max': {
    kind: 'duration',
    min: 0,
    max: CENTURY_MS,
    default: 0,
    description: 'longest time range of one query; any at 0, as what a query reads is bounded anyway',
    perTenant: true,
  },
  'query.lookback-max': {
    kind: 'duration',
    min: 0,
    max: CENTURY_MS,
    default: 0,
    description: 'how far back queries look; at 0 as far as there are profiles',
    perTenant: true,
  },
  'query.nodes-default': {
    kind: 'integer',
    min: 1,
    max: NODES_MAX,
    default: 16_384,
    description: 'nodes of a flame graph whose query does not say how many',
    perTenant: true,
  },
  'query.nodes-max': {
    kind: 'integer',
    min: 1,
    max: NODES_MAX,
    default: NODES_MAX,
    description:
      'most nodes of a flame graph; a query that wants more gets these, and is told in X-Flamelake-Max-Nodes',
    perTenant: true,
  },
  'query.federation': {
    kind: 'yaml',
    check: checkFederation,
    default: '',
    description:
      'tenants with whose data that of a tenant may be read in one query: true for any, as by default, false for none, or a list: [team-b, team-c]; each of them must allow it',
    perTenant: true,
  },
  'query.cache-size-max': {
    kind: 'bytes',
    min: 0,
    max: 64 * GIB,
    default: 128 * MIB,
    description: 'memory for open blocks and partial results',
  },
} as const satisfies OptionTable;
