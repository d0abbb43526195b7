/**
 * The JSON schema of the chart's values. Every object is closed: a key that values.yaml does not have is refused. What stands in values.yaml
 * gives a value's type; what is no plain value there is told here.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Option, OptionTable } from '../services/flamelake/src/options/option.ts';
import { SERVE_OPTIONS } from '../services/flamelake/src/options/serve-options.ts';

type Schema = Readonly<Record<string, unknown>>;
type Values = Readonly<Record<string, unknown>>;

/** Blocks of components: each may say anything that `defaults` has. */
const COMPONENTS = ['distributor', 'segmentWriter', 'queryFrontend', 'querier', 'compactor'];
const TEXT: Schema = { type: 'string' };
const COUNT: Schema = { type: 'integer', minimum: 0 };
const OPEN: Schema = { type: 'object' };
const OBJECTS: Schema = { type: 'array', items: OPEN };
const DIGEST: Schema = { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' };
/** Values whose shape is Kubernetes', or that values.yaml shows empty, by path. */
const TOLD: Readonly<Record<string, Schema>> = {
  mode: { enum: ['single', 'distributed'] },
  'image.digest': DIGEST,
  ...Object.fromEntries(
    ['kafka', 's3', 'redis'].flatMap((part) => [
      [`devSet.${part}.image.digest`, DIGEST],
      [`devSet.${part}.resources`, OPEN],
    ]),
  ),
  'image.pullPolicy': { enum: ['Always', 'IfNotPresent', 'Never'] },
  'service.type': { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
  'defaults.options': closed(
    Object.fromEntries(Object.keys(SERVE_OPTIONS).map((name) => [name, { type: ['string', 'number', 'boolean'] }])),
  ),
  'defaults.podDisruptionBudget.maxUnavailable': { type: ['integer', 'string'] },
  'scraper.rbac.namespaces': { type: 'array', items: { type: 'string', minLength: 1 } },
  'ingress.hosts': { type: 'array', items: TEXT },
  'gateway.hostnames': { type: 'array', items: TEXT },
  ...open(
    'scraper.serviceAccount.annotations',
    'serviceAccount.annotations',
    'service.annotations',
    'ingress.annotations',
    'gateway.annotations',
  ),
  ...open(
    'gateway.timeouts',
    'monitoring.serviceMonitor.labels',
    'monitoring.podMonitor.labels',
    'createJob.nodeSelector',
    'createJob.affinity',
    'monitoring.prometheusRule.labels',
    'monitoring.dashboards.labels',
    'monitoring.dashboards.annotations',
    'commonLabels',
    'podSecurityContext',
    'securityContext',
  ),
  ...open('defaults.resources', 'single.resources', 'defaults.autoscaling.behavior', 'defaults.strategy'),
  ...open('defaults.nodeSelector', 'defaults.affinity', 'defaults.podAnnotations', 'defaults.podLabels'),
};

export function chartSchema(): string {
  const values = parse(readFileSync('helm/flamelake/values.yaml', 'utf8')) as Values;
  const component = schemaOf({ ...(values.defaults as Values) }, 'defaults');
  /** A component with keys of its own. */
  const extended = (name: string): Schema => {
    const keys = Object.keys(values.defaults as Values);
    const shared = keys.map((key) => [key, { $ref: `#/definitions/component/properties/${key}` }]);
    const own = Object.entries(values[name] as Values).filter(([key]) => !keys.includes(key));
    return closed({
      ...Object.fromEntries(shared),
      ...Object.fromEntries(own.map(([key, value]) => [key, schemaOf(value, `${name}.${key}`)])),
    });
  };
  const blocks = Object.fromEntries(COMPONENTS.map((name) => [name, { $ref: '#/definitions/component' }]));
  const rest = Object.entries(values).filter(
    ([name]) => !(name in blocks) && !['defaults', 'single', 'scraper', 'config'].includes(name),
  );
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart flamelake',
    type: 'object',
    additionalProperties: false,
    properties: {
      ...Object.fromEntries(rest.map(([name, value]) => [name, schemaOf(value, name)])),
      config: configSchema(SERVE_OPTIONS),
      defaults: { $ref: '#/definitions/component' },
      single: extended('single'),
      scraper: extended('scraper'),
      ...blocks,
      // Of charts that have this one as a part.
      global: OPEN,
    },
    definitions: { component },
  };
  return `${JSON.stringify(schema, undefined, 1)}\n`;
}

function open(...paths: string[]): Readonly<Record<string, Schema>> {
  return Object.fromEntries(paths.map((path) => [path, OPEN]));
}

function schemaOf(value: unknown, path: string): Schema {
  const told = TOLD[path];
  if (told !== undefined) return told;
  if (Array.isArray(value)) return path.endsWith('.ports') ? { type: 'array', items: COUNT } : OBJECTS;
  if (typeof value === 'boolean') return { type: 'boolean' };
  if (typeof value === 'number') return COUNT;
  if (typeof value === 'string') return TEXT;
  const entries = Object.entries(value as Values);
  if (entries.length === 0) throw new Error(`${path} is empty in values.yaml: tell its schema`);
  return closed(Object.fromEntries(entries.map(([key, inner]) => [key, schemaOf(inner, `${path}.${key}`)])));
}

function closed(properties: Values): Schema {
  return { type: 'object', additionalProperties: false, properties };
}

/** Options as the configuration file nests them. What the chart sets itself is not among them. */
function configSchema(table: OptionTable): Schema {
  const tree: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    if (['config.file', 'target', 'data.directory', 'server.port'].includes(name)) continue;
    const keys = name.split('.');
    const last = keys.pop() ?? '';
    let node = tree;
    for (const key of keys) node = (node[key] ??= {}) as Record<string, unknown>;
    node[last] = optionSchema(option);
  }
  const close = (node: Values): Schema =>
    closed(
      Object.fromEntries(
        Object.entries(node).map(([key, inner]) => [key, isSchema(inner) ? inner : close(inner as Values)]),
      ),
    );
  return close(tree);
}

function isSchema(node: unknown): boolean {
  return typeof (node as { description?: unknown }).description === 'string';
}

function optionSchema(option: Option): Schema {
  const { description } = option;
  switch (option.kind) {
    case 'integer':
      return { type: 'integer', minimum: option.min, maximum: option.max, description };
    case 'bytes':
      return { type: ['string', 'integer'], pattern: '^\\d+(\\.\\d+)?\\s*([KMGT]iB|B)?$', description };
    case 'duration':
      return { type: 'string', pattern: '^[0-9]', description };
    case 'switch':
      return { type: 'boolean', description };
    case 'choice':
      return { enum: option.choices, description };
    case 'yaml':
      return { type: ['array', 'object', 'string'], description };
    case 'text':
      return { type: 'string', description };
  }
}
