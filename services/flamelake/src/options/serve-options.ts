/** Every option of `flamelake serve`. */
import { KAFKA_OPTIONS } from './kafka-options.ts';
import type { OptionTable, OptionValues } from './option.ts';
import { POLICY_OPTIONS } from './policy-options.ts';
import { QUERY_FAN_OUT_OPTIONS } from './query-fan-out-options.ts';
import { QUERY_OPTIONS } from './query-options.ts';
import { ROLE_OPTIONS } from './role-options.ts';
import { SCRAPER_OPTIONS } from './scraper-options.ts';
import { SERVER_OPTIONS } from './server-options.ts';
import { STORE_OPTIONS } from './store-options.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

export const SERVE_OPTIONS = {
  'config.file': { kind: 'text', default: '', description: 'YAML file with these options' },
  ...ROLE_OPTIONS,
  ...SERVER_OPTIONS,
  'data.directory': {
    kind: 'text',
    default: './data',
    isRequired: true,
    description: 'where the profile log and the object store live',
  },
  ...STORE_OPTIONS,
  ...KAFKA_OPTIONS,
  ...QUERY_FAN_OUT_OPTIONS,
  ...SCRAPER_OPTIONS,
  'log.level': {
    kind: 'choice',
    choices: ['debug', 'info', 'warn', 'error'],
    default: 'info',
    description: 'least important line that is logged',
  },
  'log.format': { kind: 'choice', choices: ['json', 'text'], default: 'json', description: 'form of log lines' },
  'multitenancy.enabled': {
    kind: 'switch',
    default: false,
    description: 'demand X-Scope-OrgID; off, everybody is tenant anonymous',
  },
  'multitenancy.tenants-per-query-max': {
    kind: 'integer',
    min: 1,
    max: 64,
    default: 16,
    description: 'tenants one query may read together, as in X-Scope-OrgID: a|b; 1 lets each be read alone only',
  },
  'admin.token': {
    isSecret: true,
    kind: 'text',
    default: '',
    description:
      'deletes and pins need Authorization: Bearer and this; if empty, whoever may query a tenant may delete its profiles',
  },
  'self-profiling.enabled': {
    kind: 'switch',
    default: true,
    description: 'store our own CPU and heap profiles as service flamelake',
  },
  'self-profiling.interval': {
    kind: 'duration',
    min: 1000,
    max: HOUR_MS,
    default: 15_000,
    description: 'length of one profile of ourselves',
  },
  'metrics.tenants-max': {
    kind: 'integer',
    min: 0,
    max: 100_000,
    default: 1_000,
    unit: 'tenants',
    description:
      'tenants that metrics of a distributor tell apart, first come first served; others are counted together',
  },
  'traces.endpoint': {
    kind: 'text',
    default: '',
    description: 'OTLP/HTTP receiver of our own traces, such as http://collector:4318; empty sends none',
  },
  'traces.sample-ratio': {
    kind: 'text',
    default: '0.01',
    description: 'share of traces that are recorded, 0 to 1; where a caller sends a traceparent it has decided',
  },
  'canary.enabled': {
    kind: 'switch',
    default: true,
    description: 'push a tiny profile now and then, as tenant flamelake-canary, and measure how soon queries show it',
  },
  'canary.interval': {
    kind: 'duration',
    min: 1000,
    max: HOUR_MS,
    default: 30_000,
    description: 'time between two such profiles',
  },
  'canary.push-url': {
    kind: 'text',
    default: '',
    description:
      'distributor to which a query-frontend pushes them, such as http://distributor:4040; without it only target all does',
  },
  'workers.count': {
    kind: 'integer',
    min: 0,
    max: 64,
    default: 1,
    unit: 'threads',
    description: 'worker threads for large profiles and merges, started when needed',
  },
  'profile-log.size-max': {
    kind: 'bytes',
    min: 16 * MIB,
    max: 1024 * GIB,
    default: 4 * GIB,
    description: 'bytes of profile log on disk; over it pushes get 429',
  },
  'segment-writer.flush-interval': {
    kind: 'duration',
    min: 10,
    max: MINUTE_MS,
    default: 500,
    description: 'longest time from acknowledgement to segment',
  },
  'compactor.fold-interval': {
    kind: 'duration',
    min: 100,
    max: HOUR_MS,
    default: 30_000,
    description: 'how often segments are folded into blocks',
  },
  'compactor.fold-segments': {
    kind: 'integer',
    min: 2,
    max: 10_000,
    default: 32,
    unit: 'segments',
    description: 'chain length that folds at once',
  },
  'compactor.keep': {
    kind: 'duration',
    min: 1000,
    max: 30 * DAY_MS,
    default: HOUR_MS,
    description: 'how long superseded manifests and their objects stay',
  },
  'compactor.rewrite-after': {
    kind: 'duration',
    min: 0,
    max: 30 * DAY_MS,
    default: DAY_MS,
    description: 'how long a block may hold single expired profiles, which no query shows, until it is written anew',
  },
  ...QUERY_OPTIONS,
  'mcp.enabled': {
    kind: 'switch',
    default: true,
    description: 'answer programs that speak the Model Context Protocol at /mcp, who may ask what queries may',
  },
  'ad-hoc.files-max': {
    kind: 'integer',
    min: 1,
    max: 900,
    default: 100,
    unit: 'files',
    description: 'files uploaded to look at that a tenant keeps; the oldest makes way for one more',
    perTenant: true,
  },
  'ad-hoc.file-size-max': {
    kind: 'bytes',
    min: KIB,
    max: 32 * MIB,
    default: 16 * MIB,
    description: 'one such file as uploaded; kept for as long as profiles are (limits.retention-period)',
    perTenant: true,
  },
  'runtime-config.file': {
    kind: 'text',
    default: '',
    description: 'YAML file with options of single tenants: overrides: { tenant: { limits.samples-max: 500000 } }',
  },
  'runtime-config.reload-interval': {
    kind: 'duration',
    min: 100,
    max: HOUR_MS,
    default: 10_000,
    description: 'how often that file and distributor.placement-file are looked at; a broken one changes nothing',
  },
  'limits.retention-period': {
    perTenant: true,
    kind: 'duration',
    min: 0,
    max: 36_500 * DAY_MS,
    default: 31 * DAY_MS,
    description: 'how long profiles are kept, by their own time; 0 keeps them for ever',
  },
  'limits.retention-size': {
    perTenant: true,
    kind: 'bytes',
    min: 0,
    max: 1_048_576 * GIB,
    default: 0,
    description:
      'most bytes of blocks a tenant keeps, by hours of profile time: beyond, the oldest expire; 0 is no limit',
  },
  'limits.ingestion-window': {
    perTenant: true,
    kind: 'duration',
    min: MINUTE_MS,
    max: 36_500 * DAY_MS,
    default: HOUR_MS,
    description:
      "oldest profile taken; beyond 1h resends are no longer recognised; a tenant's own may be shorter than everybody's",
  },
  'limits.body-size-max': {
    perTenant: true,
    kind: 'bytes',
    min: MIB,
    max: GIB,
    default: 64 * MIB,
    description: 'one request body as sent; inflated it may be four times as large',
  },
  'limits.profile-size-max': {
    perTenant: true,
    kind: 'bytes',
    min: KIB,
    max: 256 * MIB,
    default: 32 * MIB,
    description: 'one profile, uncompressed',
  },
  'limits.samples-max': {
    perTenant: true,
    kind: 'integer',
    min: 1,
    max: 10_000_000,
    default: 250_000,
    unit: 'samples',
    description: 'samples of one profile',
  },
  'limits.series-labels-max': {
    perTenant: true,
    kind: 'integer',
    min: 8,
    max: 1024,
    default: 64,
    unit: 'labels',
    description: 'labels of one series',
  },
  'limits.resource-labels-max': {
    perTenant: true,
    kind: 'integer',
    min: 8,
    max: 1024,
    default: 256,
    unit: 'labels',
    description: 'labels of one series of an OTLP resource',
  },
  'limits.sample-labels-max': {
    perTenant: true,
    kind: 'integer',
    min: 1,
    max: 10_000,
    default: 100,
    unit: 'labels',
    description: 'labels of one sample',
  },
  'limits.profile-series-max': {
    perTenant: true,
    kind: 'integer',
    min: 1,
    max: 100_000,
    default: 5000,
    unit: 'label sets',
    description:
      'label sets the sample labels of one profile may split it into; labels that split it into more are demoted',
  },
  'limits.label-values-max': {
    perTenant: true,
    kind: 'integer',
    min: 0,
    max: 10_000_000,
    default: 50_000,
    unit: 'values',
    description:
      'values one label of a service may have within an hour, as each distributor counts them (about 3 % off); a label with more leaves the series and totals stay, until it has half as many; 0 for no limit',
  },
  'limits.label-name-size-max': {
    perTenant: true,
    kind: 'bytes',
    min: 16,
    max: 64 * KIB,
    default: KIB,
    description: 'one label name',
  },
  'limits.label-value-size-max': {
    perTenant: true,
    kind: 'bytes',
    min: 16,
    max: 64 * KIB,
    default: 2 * KIB,
    description: 'one label value',
  },
  'limits.ingestion-rate': {
    perTenant: true,
    kind: 'bytes',
    min: 0,
    max: 1024 * GIB,
    default: 0,
    description: 'uncompressed bytes a second of a tenant; 0 is unlimited',
  },
  ...POLICY_OPTIONS,
  'distributor.in-flight-size-max': {
    kind: 'bytes',
    min: 64 * MIB,
    max: 64 * GIB,
    default: 512 * MIB,
    description: 'bytes of profiles read, decoded or written at once; over it pushes get 429',
  },
} as const satisfies OptionTable;

export type ServeOptions = OptionValues<typeof SERVE_OPTIONS>;
