/**
 * The schema of a custom resource as its definition spells it (JSONSchemaProps), in the part that says what values may be. All code that
 * walks values by a schema is written to this.
 */
export interface Schema {
  readonly type?: string | undefined;
  readonly format?: string | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly nullable?: boolean | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly additionalProperties?: Schema | boolean | undefined;
  readonly items?: Schema | undefined;
  readonly required?: readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly pattern?: string | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly exclusiveMinimum?: boolean | undefined;
  readonly exclusiveMaximum?: boolean | undefined;
  readonly multipleOf?: number | undefined;
  readonly minItems?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly minProperties?: number | undefined;
  readonly maxProperties?: number | undefined;
  readonly uniqueItems?: boolean | undefined;
  readonly allOf?: readonly Schema[] | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly oneOf?: readonly Schema[] | undefined;
  readonly not?: Schema | undefined;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean | undefined;
  readonly 'x-kubernetes-embedded-resource'?: boolean | undefined;
  readonly 'x-kubernetes-int-or-string'?: boolean | undefined;
  readonly 'x-kubernetes-list-type'?: string | undefined;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[] | undefined;
  readonly 'x-kubernetes-map-type'?: string | undefined;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[] | undefined;
}

/** One rule in CEL, as `x-kubernetes-validations` lists them. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string | undefined;
  readonly messageExpression?: string | undefined;
  readonly reason?: string | undefined;
  readonly fieldPath?: string | undefined;
  readonly optionalOldSelf?: boolean | undefined;
}

export type JsonMap = Record<string, unknown>;

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Schema of a member of an object, or undefined where the schema says nothing of it. */
export function memberSchema(schema: Schema, name: string): Schema | undefined {
  const own = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
  if (own) return own;
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/** Where a member of an object is: members without a schema of their own are elements of a map, and stand in brackets. */
export function memberPath({ properties }: Schema, path: string, name: string): string {
  if (!properties || !Object.hasOwn(properties, name)) return `${path}[${name}]`;
  return path === '' ? name : `${path}.${name}`;
}

/** Whether anything is true of the schema of any value, so that schemas of which it is not are not walked with each object. */
export function somewhere(schema: Schema, holds: (schema: Schema) => boolean): boolean {
  const { properties = {}, items, additionalProperties } = schema;
  const below = [...Object.values(properties), items, typeof additionalProperties === 'object' ? additionalProperties : undefined];
  return holds(schema) || below.some((child) => child !== undefined && somewhere(child, holds));
}
