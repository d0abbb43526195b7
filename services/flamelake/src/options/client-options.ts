/** Options of the client commands. */
import { STACK_KIND_NAMES } from '@flamelake/formats';
import type { OptionTable } from './option.ts';
import { SERVE_OPTIONS } from './serve-options.ts';

const CONNECTION = {
  url: { kind: 'text', default: 'http://localhost:4040', description: 'server to talk to' },
  tenant: { kind: 'text', default: '', description: 'tenant, where the server has several' },
} as const satisfies OptionTable;

/** How a file is read. */
const READING = {
  format: {
    kind: 'choice',
    choices: ['auto', 'pprof', 'jfr', 'groups', 'lines', 'trie', 'tree', 'speedscope', 'perf'],
    default: 'auto',
    description: 'format of the files; auto guesses by their content, groups is folded text with counts',
  },
  kind: {
    kind: 'choice',
    choices: STACK_KIND_NAMES,
    default: 'cpu',
    description: 'what the values of a format without sample types count',
  },
  'sample-rate': {
    kind: 'integer',
    min: 0,
    max: 1_000_000_000,
    default: 100,
    unit: 'Hz',
    description: 'rate of samples that stand for time, where the format has none; at 0 they stay counts',
  },
} as const satisfies OptionTable;

export const PUSH_OPTIONS = {
  ...CONNECTION,
  ...READING,
  service: { kind: 'text', default: '', description: 'service_name; the file name without its ending if empty' },
  name: { kind: 'text', default: '', description: 'profile name (__name__); guessed from the sample types if empty' },
  labels: { kind: 'text', default: '', description: 'further labels: region=eu,version=1.2' },
  time: {
    kind: 'choice',
    choices: ['now', 'keep'],
    default: 'now',
    description: 'time of the profiles: when pushed, or their own',
  },
} as const satisfies OptionTable;

export const QUERY_OPTIONS = {
  ...CONNECTION,
  type: { kind: 'text', default: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds', description: 'profile type id' },
  selector: { kind: 'text', default: '{}', description: 'label selector, such as {service_name="shop"}' },
  from: {
    kind: 'text',
    default: 'now-1h',
    description: 'start of the range: now-1h, 2026-11-20T20:30:00Z, or unix time in s, ms, µs or ns',
  },
  until: { kind: 'text', default: 'now', description: 'end of the range' },
  'as-of': {
    kind: 'text',
    default: '',
    description:
      'read what was stored then: now-10m, 2026-11-20T20:30:00Z, unix time, or a snapshot by name; bounded by compactor.keep',
  },
  'max-nodes': {
    kind: 'integer',
    min: 1,
    max: 1_048_576,
    default: 16_384,
    unit: 'nodes',
    description: 'most nodes of a flame graph',
  },
  step: { kind: 'duration', min: 1, max: 86_400_000, default: 15_000, description: 'width of a point of a series' },
  'group-by': { kind: 'text', default: '', description: 'labels that split a series, comma separated' },
  rows: { kind: 'integer', min: 1, max: 10_000, default: 20, unit: 'rows', description: 'rows of the table' },
  output: { kind: 'text', default: '', description: 'file for pprof; standard output if empty' },
} as const satisfies OptionTable;

const DATA_OPTIONS = {
  ...CONNECTION,
  token: { kind: 'text', default: '', description: 'admin.token of the server, if it has one' },
  selector: { kind: 'text', default: '', description: 'label selector, such as {service_name="shop"}' },
  from: { kind: 'text', default: '', description: 'start of the range, as of flamelake query; all time if empty' },
  until: { kind: 'text', default: '', description: 'end of the range; all time if empty' },
  by: { kind: 'text', default: '', description: 'who wants it, for the record; the user of this machine if empty' },
} as const satisfies OptionTable;

export const DELETE_OPTIONS = {
  ...DATA_OPTIONS,
  all: { kind: 'switch', default: false, description: 'delete every profile of the tenant, or of the range' },
  'dry-run': { kind: 'switch', default: false, description: 'only say what would go' },
  after: {
    kind: 'text',
    default: '',
    description: 'X-Flamelake-Commit of a push: delete what it pushed, too, though it is not readable yet',
  },
} as const satisfies OptionTable;

export const RETENTION_OPTIONS = {
  ...CONNECTION,
  token: DATA_OPTIONS.token,
  size: {
    kind: 'bytes',
    min: 0,
    max: 1_125_899_906_842_624,
    default: 0,
    description: 'what would expire if limits.retention-size were this; at 0 as it is',
  },
} as const satisfies OptionTable;

export const PIN_OPTIONS = DATA_OPTIONS;

export const PROBE_OPTIONS = {
  ...CONNECTION,
  'push-url': { kind: 'text', default: '', description: 'server to push to, where another one answers queries' },
} as const satisfies OptionTable;

export const INSPECT_OPTIONS = {
  ...READING,
  rows: {
    kind: 'integer',
    min: 0,
    max: 10_000,
    default: 10,
    unit: 'rows',
    description: 'functions shown for each sample type',
  },
  'size-max': {
    kind: 'bytes',
    min: 1024,
    max: 1_073_741_824,
    default: 268_435_456,
    description: 'largest file read, uncompressed',
  },
} as const satisfies OptionTable;

export const VERIFY_OPTIONS = {
  'data.directory': SERVE_OPTIONS['data.directory'],
  url: { kind: 'text', default: '', description: 'server over this store; not asked if empty' },
  tenant: { kind: 'text', default: '', description: 'tenant whose answers are compared; all of the store if empty' },
  'limits.ingestion-window': SERVE_OPTIONS['limits.ingestion-window'],
} as const satisfies OptionTable;

export const PGO_OPTIONS = {
  ...CONNECTION,
  type: QUERY_OPTIONS.type,
  selector: { ...QUERY_OPTIONS.selector, description: 'further labels of the profiles, such as {env="production"}' },
  from: { ...QUERY_OPTIONS.from, default: 'now-24h' },
  until: QUERY_OPTIONS.until,
  'keep-locations': {
    kind: 'integer',
    min: 0,
    max: 1_000,
    default: 5,
    description: 'frames of each stack, from the leaf; 0 keeps all',
  },
  'max-size': {
    kind: 'bytes',
    min: 1_024,
    max: 1_073_741_824,
    default: 16_777_216,
    description: 'most bytes of the profile; the lightest stacks go first',
  },
  output: { kind: 'text', default: 'default.pgo', description: 'file to write', isRequired: true },
} as const satisfies OptionTable;
