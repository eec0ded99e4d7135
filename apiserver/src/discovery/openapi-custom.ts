import type { Schema } from '../extensions/crd/schema.ts';
import type { KindDefinition } from '../kinds/types.ts';

type Published = Readonly<Record<string, unknown>>;

/** `stable.example.com/v1.CronTab` → `com.example.stable.v1.CronTab`: how clients know custom types from published documents. */
export function customName(type: string): string {
  const [group = '', rest = ''] = type.split('/');
  return `${group.split('.').toReversed().join('.')}.${rest}`;
}

/** How the list of a kind that is not built in is known. */
export function customListType({ kind: { group, version, kind, listKind } }: Pick<KindDefinition, 'kind'>): string {
  return `${group}/${version}.${listKind ?? `${kind}List`}`;
}

/** The published schema of a kind that is not built in, with the members every object has. `refs` is where other types stand. */
export function customDefinition(definition: KindDefinition, refs: string): object {
  const { kind, schema = {} } = definition as KindDefinition & { readonly schema?: Schema };
  const known = knownAs(definition, kind.kind);
  // Clients of the older document check against it by themselves, and take what is not listed for wrong.
  if (isV2(refs) && schema['x-kubernetes-preserve-unknown-fields']) return { type: 'object', ...known };
  const made = published(schema, refs) as { readonly properties?: object };
  return { ...made, type: 'object', properties: { ...made.properties, ...identity(refs, 'ObjectMeta') }, ...known };
}

/** The published schema of its list. */
export function customList(definition: KindDefinition, refs: string): object {
  const { typeName, kind, listKind = `${kind}List`, resource } = definition.kind;
  const items = { description: `List of ${resource}.`, type: 'array', items: { $ref: refs + customName(typeName) } };
  return {
    ...{ description: `${listKind} is a list of ${kind}`, type: 'object', required: ['items'] },
    properties: { items, ...identity(refs, 'ListMeta') },
    ...knownAs(definition, listKind),
  };
}

function isV2(refs: string): boolean {
  return refs === '#/definitions/';
}

function knownAs({ kind: { group, version }, selectableFields = {} }: KindDefinition, kind: string): Published {
  const fields = Object.keys(selectableFields).map((fieldPath) => ({ fieldPath }));
  return {
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
    ...(fields.length > 0 ? { 'x-kubernetes-selectable-fields': fields } : {}),
  };
}

function identity(refs: string, meta: 'ListMeta' | 'ObjectMeta'): Published {
  const metadata = { $ref: `${refs}io.k8s.apimachinery.pkg.apis.meta.v1.${meta}` };
  return {
    apiVersion: { description: texts.apiVersion, type: 'string' },
    kind: { description: texts.kind, type: 'string' },
    metadata: { description: texts.metadata, ...(isV2(refs) ? metadata : { allOf: [metadata] }) },
  };
}

/** What is said of the members every object has. Upstream's specs look for how these begin. */
export const texts: Readonly<Record<string, string>> = {
  apiVersion: 'APIVersion defines the schema that this object follows: its group and version.',
  kind: 'Kind is what this object is: the REST resource it stands for.',
  metadata: "Standard object's metadata.",
};

function published(schema: Schema, refs: string): Published {
  const { properties, items, additionalProperties, ...rest } = isV2(refs) ? narrowed(schema) : spelledOut(schema);
  const own = Object.entries(properties ?? {}).map(([name, member]) => [name, published(member, refs)] as const);
  const made: Published = {
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== false && value !== null)),
    ...(properties ? { properties: Object.fromEntries(own) } : {}),
    ...(items ? { items: published(items, refs) } : {}),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: typeof additionalProperties === 'object' ? published(additionalProperties, refs) : additionalProperties }),
  };
  const open = isV2(refs) && schema['x-kubernetes-preserve-unknown-fields'];
  return schema['x-kubernetes-embedded-resource'] && !open ? embedded(made, refs) : made;
}

/** An API object within another says what it is. */
function embedded(made: Published, refs: string): Published {
  const { properties = {}, required = [] } = made as { readonly properties?: object; readonly required?: readonly string[] };
  const missing = ['kind', 'apiVersion'].filter((name) => !required.includes(name));
  return { ...made, required: [...required, ...missing], properties: { ...properties, ...identity(refs, 'ObjectMeta') } };
}

const either: readonly Schema[] = [{ type: 'integer' }, { type: 'string' }];

/** What is a number or a text says so where everybody can read it. */
function spelledOut(schema: Schema): Schema {
  const { anyOf, allOf = [] } = schema;
  const says = (one: Schema | undefined): boolean => JSON.stringify(one?.anyOf) === JSON.stringify(either);
  if (!schema['x-kubernetes-int-or-string'] || says(schema) || says(allOf[0])) return schema;
  return anyOf ? { ...schema, allOf: [{ anyOf: either }, ...allOf] } : { ...schema, anyOf: either };
}

/** A schema in what Swagger 2.0 can say: alternatives are left out, and what may be null, or anything, is left open. */
function narrowed({ allOf: _all, anyOf: _any, oneOf: _one, not: _not, nullable, ...schema }: Schema): Schema {
  const open = nullable || schema['x-kubernetes-preserve-unknown-fields'];
  const { type, items, properties, required, ...rest } = schema;
  const isNull = nullable || (open && (type === 'object' || type === 'array')) || (type === 'array' && !items);
  const shape = { ...(isNull ? {} : { type }), ...(open ? {} : { items, properties }) };
  const others = schema.additionalProperties;
  const needed = typeof others === 'object' && others.nullable ? [] : required?.filter((name) => open || !properties?.[name]?.nullable);
  return { ...rest, ...withoutHoles(shape), ...(needed?.length ? { required: needed } : {}) };
}

function withoutHoles(schema: Schema): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}
