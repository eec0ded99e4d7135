/** What a strategic merge needs to know of a type: the shape of @keelson/types' schemas and of OpenAPI documents. */
export interface PatchSchema {
  readonly $ref?: string | undefined;
  readonly allOf?: readonly PatchSchema[] | undefined;
  readonly properties?: Readonly<Record<string, PatchSchema>> | undefined;
  readonly items?: PatchSchema | undefined;
  readonly additionalProperties?: PatchSchema | boolean | undefined;
  /** `merge`, `replace`, `retainKeys`, or two of them with a comma between. */
  readonly 'x-kubernetes-patch-strategy'?: string | undefined;
  readonly 'x-kubernetes-patch-merge-key'?: string | undefined;
}

/** Schemas by type name, as `$ref`s name them (with or without the path OpenAPI puts before). */
export type PatchSchemas = Readonly<Record<string, PatchSchema | undefined>>;

/** A place in a type. Unknown places merge objects and replace lists. */
export interface PatchType {
  readonly schemas: PatchSchemas;
  readonly schema: PatchSchema | undefined;
  /** Whether an empty list is as good as none. */
  readonly omitsEmpty: boolean;
}

export interface PatchField {
  /** The value's type; of a list, its elements'. */
  readonly type: PatchType;
  readonly strategy: 'merge' | 'replace' | '';
  /** Keys of the old value that the patch does not name go. */
  readonly retainKeys: boolean;
  /** The field that identifies a list's elements; '' for lists of scalars. */
  readonly mergeKey: string;
}

/** The type of a name. */
export function patchType(schemas: PatchSchemas, typeName: string): PatchType {
  return { schemas, schema: resolve(schemas, { $ref: typeName }), omitsEmpty: false };
}

/** The type of documents nobody has a schema for. */
export const untyped: PatchType = { schemas: {}, schema: undefined, omitsEmpty: false };

function resolve(schemas: PatchSchemas, schema: PatchSchema | undefined): PatchSchema | undefined {
  if (!schema) return undefined;
  if (schema.allOf?.length === 1) return resolve(schemas, schema.allOf[0]);
  if (schema.$ref === undefined) return schema;
  return resolve(schemas, schemas[schema.$ref] ?? schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)]);
}

/** How a field of an object of that type is patched. */
export function patchField({ schemas, schema, omitsEmpty }: PatchType, name: string): PatchField {
  const values = typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  const declared = schema?.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : values;
  const resolved = resolve(schemas, declared);
  const strategies = declared?.['x-kubernetes-patch-strategy']?.split(',') ?? [];
  return {
    type: { schemas, schema: resolved?.items ? resolve(schemas, resolved.items) : resolved, omitsEmpty },
    strategy: strategies.includes('merge') ? 'merge' : strategies.includes('replace') ? 'replace' : '',
    retainKeys: strategies.includes('retainKeys'),
    mergeKey: declared?.['x-kubernetes-patch-merge-key'] ?? '',
  };
}
