/** Options of queries that are spread over processes: tasks for queriers, and Redis for what they learn. */
import type { OptionTable } from './option.ts';

const SECOND_MS = 1_000;
const DAY_MS = 86_400 * SECOND_MS;
const KIB = 1_024;
const MIB = 1_024 * KIB;

export const QUERY_FAN_OUT_OPTIONS = {
  'query-frontend.lookup-interval': {
    kind: 'duration',
    min: 100,
    max: 600 * SECOND_MS,
    default: 5 * SECOND_MS,
    description: 'how often the name or file of the queriers is looked at',
  },
  'query-frontend.query-tasks-max': {
    kind: 'integer',
    min: 1,
    max: 4_096,
    default: 64,
    unit: 'tasks',
    description: 'tasks of one query that run at the same time on queriers',
  },
  'query-frontend.tasks-max': {
    kind: 'integer',
    min: 1,
    max: 65_536,
    default: 512,
    unit: 'tasks',
    description: 'tasks of all queries that run at the same time on queriers',
  },
  'query-frontend.querier-tasks-max': {
    kind: 'integer',
    min: 1,
    max: 4_096,
    default: 16,
    unit: 'tasks',
    description: 'tasks that one querier runs at the same time for this query-frontend',
  },
  'query-frontend.waiting-tasks-max': {
    kind: 'integer',
    min: 0,
    max: 1_048_576,
    default: 8_192,
    unit: 'tasks',
    description: 'tasks that wait for a querier; over it queries get 429',
  },
  'query-frontend.tenant-waiting-tasks-max': {
    kind: 'integer',
    min: 0,
    max: 1_048_576,
    default: 2_048,
    unit: 'tasks',
    description: 'tasks of one tenant that wait for a querier; over it its queries get 429',
  },
  'query-frontend.task-timeout': {
    kind: 'duration',
    min: SECOND_MS,
    max: 3_600 * SECOND_MS,
    default: 60 * SECOND_MS,
    description: 'longest time of a task, waiting and further tries included',
  },
  'query-frontend.task-attempts-max': {
    kind: 'integer',
    min: 1,
    max: 100,
    default: 5,
    unit: 'tries',
    description: 'queriers asked one after another for a task',
  },
  'query-frontend.hedge-delay': {
    kind: 'duration',
    min: 0,
    max: 60 * SECOND_MS,
    default: 50,
    description: 'shortest wait before a second querier is asked beside a slow one; 0 asks none',
  },
  'redis.mode': {
    kind: 'choice',
    choices: ['none', 'single', 'sentinel', 'cluster'],
    default: 'none',
    description: 'Redis that queriers share for results; none: each keeps its own in memory',
  },
  'redis.addresses': {
    kind: 'text',
    default: '',
    description: 'host:port of the server, or comma separated those of the sentinels or of some nodes of the cluster',
  },
  'redis.master-name': { kind: 'text', default: 'mymaster', description: 'what the sentinels call the master' },
  'redis.username': {
    kind: 'text',
    default: '',
    description: 'user of an access control list; empty is the default user',
  },
  'redis.password': { isSecret: true, kind: 'text', default: '', description: 'password; none if empty' },
  'redis.sentinel.username': { kind: 'text', default: '', description: 'user at the sentinels' },
  'redis.sentinel.password': { isSecret: true, kind: 'text', default: '', description: 'password at the sentinels' },
  'redis.database': {
    kind: 'integer',
    min: 0,
    max: 65_535,
    default: 0,
    description: 'number of the database; a cluster has but 0',
  },
  'redis.tls.enabled': { kind: 'switch', default: false, description: 'speak TLS, with the sentinels too' },
  'redis.tls.ca-file': {
    kind: 'text',
    default: '',
    description: 'PEM file of the certificates that sign the server’s; the system’s if empty',
  },
  'redis.tls.cert-file': { kind: 'text', default: '', description: 'PEM file of a client certificate; none if empty' },
  'redis.tls.key-file': { kind: 'text', default: '', description: 'PEM file of its key' },
  'redis.tls.server-name': {
    kind: 'text',
    default: '',
    description: 'name the server’s certificate is for, where its address is not that name',
  },
  'redis.timeout': {
    kind: 'duration',
    min: 1,
    max: 10 * SECOND_MS,
    default: 100,
    description: 'longest an operation may take; then the result is computed',
  },
  'redis.value-size-max': {
    kind: 'bytes',
    min: KIB,
    max: 64 * MIB,
    default: MIB,
    description: 'largest value kept, compressed',
  },
  'redis.kept': {
    kind: 'duration',
    min: SECOND_MS,
    max: 365 * DAY_MS,
    default: 3 * DAY_MS,
    description: 'how long Redis keeps a value that was not made again',
  },
} as const satisfies OptionTable;
