import type { KindDefinition } from '../kinds/types.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** `stable.example.com/v1.CronTab` → `com.example.stable.v1.CronTab`: how clients know custom types from published documents. */
export function customName(type: string): string {
  const [group = '', rest = ''] = type.split('/');
  return `${group.split('.').toReversed().join('.')}.${rest}`;
}

/** The published schema of a kind that is not built in, with the members every object has. `refs` is where other types stand. */
export function customDefinition({ kind, schema = {}, selectableFields = {} }: KindDefinition, refs: string): object {
  const isV2 = refs === '#/definitions/';
  const root = schema as JsonSchema;
  const fields = Object.keys(selectableFields).map((fieldPath) => ({ fieldPath }));
  const known = {
    'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.kind }],
    ...(fields.length > 0 ? { 'x-kubernetes-selectable-fields': fields } : {}),
  };
  const meta = isV2
    ? { description: texts.metadata, $ref: `${refs}${objectMeta}` }
    : { description: texts.metadata, allOf: [{ $ref: `${refs}${objectMeta}` }] };
  const identity = {
    apiVersion: { description: texts.apiVersion, type: 'string' },
    kind: { description: texts.kind, type: 'string' },
    metadata: meta,
  };
  // Clients of the older document check against it by themselves, and take what is not listed for wrong.
  if (isV2 && root['x-kubernetes-preserve-unknown-fields']) return { type: 'object', ...known };
  const converted = (isV2 ? simplified(root) : root) as JsonSchema & { properties?: object };
  return { ...converted, type: 'object', properties: { ...converted.properties, ...identity }, ...known };
}

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
/** What is said of the members every object has. Upstream's specs look for how these begin. */
export const texts: Readonly<Record<string, string>> = {
  apiVersion: 'APIVersion defines the schema that this object follows: its group and version.',
  kind: 'Kind is what this object is: the REST resource it stands for.',
  metadata: "Standard object's metadata.",
};

const unknownToV2 = ['allOf', 'anyOf', 'oneOf', 'not', 'nullable', 'example', 'externalDocs'];

/** A schema in what Swagger 2.0 can say: alternatives are left out, and what may be null, or anything, is left open. */
function simplified(schema: JsonSchema): JsonSchema {
  const open = schema.nullable === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const kept = Object.entries(schema).filter(([name]) => !unknownToV2.includes(name) && !(open && shape.includes(name)));
  const result = Object.fromEntries(kept.filter(([name]) => !(schema.nullable === true && name === 'type')));
  if (schema['x-kubernetes-int-or-string']) return { ...result, type: 'string', format: 'int-or-string' };
  return Object.fromEntries(Object.entries(result).map(([name, value]) => [name, simplifiedMember(name, value)]));
}

const shape = ['items', 'properties'];

function simplifiedMember(name: string, value: unknown): unknown {
  if (name === 'properties')
    return Object.fromEntries(Object.entries(value as object).map(([key, child]) => [key, simplified(child as JsonSchema)]));
  const nested = name === 'items' || name === 'additionalProperties';
  return nested && typeof value === 'object' && value !== null ? simplified(value as JsonSchema) : value;
}
