/** Strict JSON schemas of Kubernetes' kinds, from its OpenAPI description and from definitions of custom resources. */

export type JsonSchema = { readonly [key: string]: unknown };

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Types whose description is narrower than what the API takes. */
const WIDER: Readonly<Record<string, JsonSchema>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { oneOf: [{ type: 'string' }, { type: 'integer' }] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { oneOf: [{ type: 'string' }, { type: 'number' }] },
};

/** @returns schemas by the name kubeconform looks for: kind, first part of the group, version */
export function swaggerSchemas(swagger: { readonly definitions: Readonly<Record<string, JsonSchema>> }) {
  const { definitions } = swagger;
  const strict = new Map<string, JsonSchema>();
  const strictOf = (name: string): JsonSchema => {
    const known = strict.get(name) ?? (makeStrict(WIDER[name] ?? definitions[name]) as JsonSchema);
    strict.set(name, known);
    return known;
  };
  const schemas = new Map<string, JsonSchema>();
  for (const [name, definition] of Object.entries(definitions)) {
    const kinds = definition['x-kubernetes-group-version-kind'] as readonly Kind[] | undefined;
    // Those of every group at once are of requests, not of objects.
    if (kinds === undefined || kinds.length > 1) continue;
    const needed = new Set([name]);
    for (const one of needed) for (const inner of references(definitions[one])) needed.add(inner);
    needed.delete(name);
    const others = Object.fromEntries([...needed].map((one) => [one, strictOf(one)]));
    for (const kind of kinds) schemas.set(fileName(kind), { ...named(strictOf(name), kind), definitions: others });
  }
  return schemas;
}

/** A CustomResourceDefinition. */
export interface CustomDefinition {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: JsonSchema };
    }[];
  };
}

export function crdSchemas({ spec }: CustomDefinition): Map<string, JsonSchema> {
  return new Map(
    spec.versions.map(({ name: version, schema }) => {
      const kind = { group: spec.group, version, kind: spec.names.kind };
      const { metadata: _, ...properties } = schema.openAPIV3Schema.properties as Record<string, unknown>;
      const whole = { ...schema.openAPIV3Schema, properties: { ...properties, metadata: {} } };
      return [fileName(kind), named(makeStrict(whole) as JsonSchema, kind)];
    }),
  );
}

function fileName({ kind, group, version }: Kind): string {
  return [kind.toLowerCase(), group.split('.')[0], version].filter((part) => part !== '').join('-');
}

function named(schema: JsonSchema, { group, version, kind }: Kind): JsonSchema {
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const properties = {
    ...(schema.properties as JsonSchema),
    apiVersion: { enum: [apiVersion] },
    kind: { enum: [kind] },
  };
  return { ...schema, properties, required: [...((schema.required ?? []) as string[]), 'apiVersion', 'kind'] };
}

/** Refuses properties that are not described. */
function makeStrict(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(makeStrict);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, inner]) =>
      !key.startsWith('x-kubernetes') &&
      !(['description', 'format', 'default'].includes(key) && typeof inner !== 'object'),
  );
  const made = Object.fromEntries(kept.map(([key, inner]) => [key, makeStrict(inner)]));
  const isOpen = 'x-kubernetes-preserve-unknown-fields' in value || 'additionalProperties' in made;
  if (isProperties(made.properties) && !isOpen) made.additionalProperties = false;
  if ('x-kubernetes-int-or-string' in value) return WIDER['io.k8s.apimachinery.pkg.util.intstr.IntOrString'];
  return made;
}

function isProperties(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner.split('/').at(-1) ?? ''] : references(inner),
  );
}
