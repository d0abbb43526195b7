/** Options of roles that are processes of their own. */
import type { OptionTable } from './option.ts';

const MIB = 1_048_576;
const GIB = 1_024 * MIB;

/** What `target` may be. */
export const TARGETS = [
  'all',
  'distributor',
  'segment-writer',
  'query-frontend',
  'querier',
  'compactor',
  'scraper',
] as const;

export const ROLE_OPTIONS = {
  target: {
    kind: 'choice',
    choices: TARGETS,
    default: 'all',
    description: 'role of this process; all needs nothing but a directory, the others share a Kafka topic and a bucket',
  },
  'querier.host': { kind: 'text', default: '0.0.0.0', description: 'address on which a querier takes tasks' },
  'querier.port': {
    kind: 'integer',
    min: 0,
    max: 65_535,
    default: 9095,
    description: 'port on which a querier takes tasks; 0 picks one',
  },
  'querier.memory-max': {
    kind: 'bytes',
    min: 64 * MIB,
    max: 64 * GIB,
    default: GIB,
    description:
      'memory of all query tasks that run at the same time: what they read, decode and add up; over it they wait, and one that needs more is refused',
  },
  'query-frontend.memory-max': {
    kind: 'bytes',
    min: 64 * MIB,
    max: 64 * GIB,
    default: 512 * MIB,
    description:
      'memory of all queries that a query-frontend, or all, answers at the same time: plans, results of queriers, what is merged and drawn; over it they wait, and one that needs more is refused',
  },
  'query-frontend.queriers': {
    kind: 'text',
    default: '',
    description:
      'queriers to send tasks to: host:port,host:port, or dns:name:port or file:path, which are looked at again as they come and go',
  },
  'distributor.placement-file': {
    kind: 'text',
    default: '',
    description:
      'YAML file that says which services share several partitions, and from which hour on; empty: each service has one of all',
  },
  'segment-writer.adopt-after': {
    kind: 'duration',
    min: 0,
    max: 3_600_000,
    default: 30_000,
    description:
      'how long a partition of another segment-writer may stand still before this one writes it too; 0 never',
  },
  'compactor.peers': {
    kind: 'text',
    default: '',
    description:
      'all compactors, which share the partitions: host:port,host:port, dns:name:port or file:path; empty: each works on everything',
  },
  'compactor.address': {
    kind: 'text',
    default: '',
    description:
      'which of compactor.peers this process is; if empty the one with an address, or the name, of this machine',
  },
} as const satisfies OptionTable;
