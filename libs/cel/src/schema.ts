import type { CelType, ObjectType } from './types.ts';
import * as types from './types.ts';

/** What is read of a schema: a custom resource's, or a built-in kind's. */
export interface DeclaredSchema {
  readonly $ref?: string | undefined;
  readonly type?: string | undefined;
  readonly format?: string | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly default?: unknown;
  readonly required?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, DeclaredSchema>> | undefined;
  readonly items?: DeclaredSchema | undefined;
  readonly additionalProperties?: DeclaredSchema | boolean | undefined;
  readonly maxLength?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly maxProperties?: number | undefined;
  readonly 'x-kubernetes-int-or-string'?: boolean | undefined;
  readonly 'x-kubernetes-embedded-resource'?: boolean | undefined;
  readonly 'x-kubernetes-list-type'?: string | undefined;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[] | undefined;
}

export interface Declared {
  readonly type: CelType;
  /** Bytes of its shortest JSON: what bounds how many of it fit in a request. */
  readonly least: number;
}

export interface DeclareOptions {
  /** What the type is called. */
  readonly name: string;
  /** Whether it is a whole object, with `kind`, `apiVersion` and `metadata`. */
  readonly root?: boolean;
  /** Finds what `$ref` names. */
  readonly resolve?: (name: string) => DeclaredSchema | undefined;
}

/** The largest request that is taken. Bytes. */
export const maxRequestSize: number = 3 * 1024 * 1024;

/** How many values of a size may be in one request. */
export function cardinality({ least }: Declared): number {
  return Math.floor(maxRequestSize / (least + 1));
}

const longestText = maxRequestSize - 2;

/** The type of what a schema describes; undefined for what expressions do not see: values without a type. */
export function declare(schema: DeclaredSchema, options: DeclareOptions): Declared | undefined {
  const { resolve } = options;
  if (schema.$ref !== undefined) {
    const found = resolve?.(schema.$ref);
    return found && declare(found, { ...options, name: schema.$ref });
  }
  if (isIntOrString(schema))
    return { type: { kind: 'dyn', max: schema.maxLength === undefined ? longestText : 4 * schema.maxLength }, least: 1 };
  switch (options.root ? 'object' : schema.type) {
    case 'array':
      return declareList(schema, options);
    case 'object':
      return declareObject(options.root ? withMeta(schema) : schema, options);
    case 'string':
      return declareText(schema);
    case 'boolean':
      return { type: { kind: 'bool', max: 0 }, least: 4 };
    case 'number':
      return { type: { kind: 'double', max: 0 }, least: 1 };
    case 'integer':
      return { type: { kind: 'int', max: 0 }, least: 1 };
    default:
      return undefined;
  }
}

export function isIntOrString(schema: DeclaredSchema): boolean {
  return schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string';
}

function declareList({ items, maxItems }: DeclaredSchema, { name, resolve }: DeclareOptions): Declared | undefined {
  const of = items && nested(items, `${name}.@idx`, resolve);
  if (!of) return undefined;
  return { type: types.list(of.type, maxItems ?? Math.floor((maxRequestSize - 2) / (of.least + 1))), least: 2 };
}

function nested(schema: DeclaredSchema, name: string, resolve: DeclareOptions['resolve']): Declared | undefined {
  const root = schema['x-kubernetes-embedded-resource'] === true;
  return declare(schema, { name, root, ...(resolve ? { resolve } : {}) });
}

function declareObject(schema: DeclaredSchema, { name, resolve }: DeclareOptions): Declared | undefined {
  const { additionalProperties, maxProperties, properties = {}, required = [] } = schema;
  if (typeof additionalProperties === 'object') {
    const value = nested(additionalProperties, `${name}.@elem`, resolve);
    if (!value) return undefined;
    const max = maxProperties ?? Math.floor((maxRequestSize - 2) / (value.least + 6));
    return { type: types.map({ kind: 'string', max: 0 }, value.type, max), least: 2 };
  }
  const fields: Record<string, CelType> = {};
  let least = 2;
  for (const [property, member] of Object.entries(properties)) {
    const escaped = escapeName(property);
    if (member.$ref !== undefined) {
      if (escaped !== undefined) defineLater(fields, escaped, () => nested(member, `${name}.${property}`, resolve)?.type);
      continue;
    }
    const declared = nested(member, `${name}.${property}`, resolve);
    if (!declared) continue;
    if (escaped !== undefined) fields[escaped] = declared.type;
    if (required.includes(property) && member.default === undefined) least += property.length + declared.least + 4;
  }
  const type: ObjectType = { kind: 'object', name, fields, max: 0 };
  return { type, least };
}

/** Types of built-in kinds may hold themselves: a field's is found when it is first asked for. */
function defineLater(fields: Record<string, CelType>, name: string, find: () => CelType | undefined): void {
  let found: { readonly type: CelType | undefined } | undefined;
  const get = (): CelType | undefined => {
    found ??= { type: find() };
    return found.type;
  };
  Object.defineProperty(fields, name, { enumerable: true, get });
}

function declareText({ format, maxLength, enum: values = [] }: DeclaredSchema): Declared {
  if (format === 'byte') return { type: { kind: 'bytes', max: maxLength ?? longestText }, least: 2 };
  if (format === 'duration') return { type: { kind: 'duration', max: 32 }, least: 3 };
  if (format === 'date') return { type: { kind: 'timestamp', max: 12 }, least: 12 };
  if (format === 'date-time') return { type: { kind: 'timestamp', max: 32 }, least: 21 };
  const longest = Math.max(0, ...values.map((value) => (typeof value === 'string' ? value.length : 0)));
  // A character may be four bytes, and bytes are what is counted.
  const max = maxLength !== undefined ? 4 * maxLength : values.length > 0 ? longest : longestText;
  return { type: { kind: 'string', max }, least: 2 };
}

const text: DeclaredSchema = { type: 'string' };

/** A schema of whole objects, with what is known of all of them. */
export function withMeta(schema: DeclaredSchema): DeclaredSchema {
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  const named =
    metadata?.$ref !== undefined || (metadata?.properties?.name?.type === 'string' && metadata.properties.generateName?.type === 'string');
  if (kind?.type === 'string' && apiVersion?.type === 'string' && named) return schema;
  const meta: DeclaredSchema = { type: 'object', properties: { name: text, generateName: text } };
  return { ...schema, properties: { ...schema.properties, kind: text, apiVersion: text, metadata: meta } };
}

const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const written: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' };

/** A property's name as expressions write it: `__namespace__`, `a__dash__b`; undefined for one they cannot name. */
export function escapeName(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined;
  return name.replaceAll(/__|[./-]/g, (part) => written[part] ?? part);
}
