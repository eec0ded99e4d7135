import { errorMessage } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { badRequest, StatusError } from '@keelson/machinery';
import type { Kind } from '@keelson/types';
import { loadSchemas, type Schema, type Schemas } from '@keelson/types/schemas';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { goError, isBase64, isTime, unescapePointer } from './go-errors.ts';
import { Quantities } from './quantities.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface DecodeResult {
  readonly object: KubeObject;
  /** Warnings about unknown and duplicate fields, in Warn mode. */
  readonly warnings: readonly string[];
}

/** A type that is not built in, and how its objects get their shape. */
export interface CustomType {
  /** Drops, in place, what the type does not know, and returns the paths of what went. */
  prune(object: KubeObject): readonly string[];
}

/**
 * Brings parsed input into the shape of a kind, as Go's typed decoding does: members the type does not know are dropped (and told or
 * refused, as asked), nulls count as absent, required members are there, and a value of the wrong JSON type is refused.
 */
export class Decoder {
  readonly #schemas: Schemas;
  readonly #ajv: Ajv;
  readonly #quantities: Quantities;
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #custom = new Map<string, CustomType>();

  private constructor(schemas: Schemas) {
    this.#schemas = schemas;
    this.#quantities = new Quantities(schemas);
    this.#ajv = new Ajv({
      allErrors: true,
      useDefaults: true,
      verbose: true,
      strict: false,
      formats: { byte: isBase64, 'date-time': isTime },
      inlineRefs: false,
      code: { optimize: 1 },
    });
  }

  static async load(): Promise<Decoder> {
    return new Decoder(await loadSchemas());
  }

  /** By type name; for patches and protobuf bodies. */
  get schemas(): Schemas {
    return this.#schemas;
  }

  /** From now on objects of `typeName` are of this custom type; of none, when absent. */
  define(typeName: string, type: CustomType | undefined): void {
    if (type) this.#custom.set(typeName, type);
    else this.#custom.delete(typeName);
  }

  /** @throws DecodeError for a wrong kind, version or JSON type, and in Strict mode for unknown and duplicate fields. */
  decode(
    kind: Pick<Kind, 'kind' | 'apiVersion' | 'typeName'>,
    value: unknown,
    duplicates: readonly string[],
    mode: FieldValidation,
  ): DecodeResult {
    const object = checkKind(kind, value);
    const prefix = `${kind.kind} in version "${kind.apiVersion.split('/').at(-1)}" cannot be handled as a ${kind.kind}`;
    const custom = this.#custom.get(kind.typeName);
    const unknown = custom ? this.#shapeCustom(custom, object, prefix) : this.#shape(kind.typeName, object, prefix);
    const strict = [...unknown.map((field) => `unknown field "${field}"`), ...duplicates.map((field) => `duplicate field "${field}"`)];
    if (strict.length > 0 && mode === 'Strict') throw new DecodeError(`strict decoding error: ${strict.join(', ')}`, prefix);
    return { object, warnings: mode === 'Warn' ? strict : [] };
  }

  /** Metadata is the same typed matter in every object; the rest is the custom type's. */
  #shapeCustom(type: CustomType, object: KubeObject, prefix: string): string[] {
    const unknown = this.#shape('meta.v1.ObjectMeta', object.metadata, prefix).map((field) => `metadata.${field}`);
    return [...unknown, ...type.prune(object)];
  }

  /** Drops what the type does not know and returns the paths. @throws DecodeError for values of the wrong JSON type. */
  #shape(typeName: string, value: object, prefix: string): string[] {
    const errors = this.#check(typeName, value);
    const unknown = errors.filter((error) => error.keyword === 'additionalProperties').map((error) => removeUnknown(value, error));
    const wrong = errors.find((error) => error.keyword !== 'additionalProperties');
    if (wrong) throw new DecodeError(goError(this.#schemas, typeName, wrong), prefix);
    this.#canonicalize(typeName, value, prefix);
    return unknown;
  }

  #canonicalize(typeName: string, object: object, prefix: string): void {
    try {
      this.#quantities.canonicalize(typeName, object);
    } catch (error) {
      throw new DecodeError(errorMessage(error), prefix);
    }
  }

  #check(typeName: string, value: object): ErrorObject[] {
    const validate = this.#validator(typeName);
    if (validate(value)) return [];
    const nulls = (validate.errors ?? []).filter((error) => error.data === null && error.keyword === 'type');
    if (nulls.length === 0) return validate.errors ?? [];
    dropNulls(value);
    validate(value);
    return validate.errors ?? [];
  }

  #validator(typeName: string): ValidateFunction {
    const compiled = this.#compiled.get(typeName);
    if (compiled) return compiled;
    this.#add(typeName);
    const validate = this.#ajv.getSchema(typeName);
    if (!validate) throw new Error(`no schema for ${typeName}`);
    this.#compiled.set(typeName, validate);
    return validate;
  }

  /** An open Kubernetes type as a closed schema without semantic checks: those are the kinds' own, with Kubernetes' messages. */
  #forAjv(schema: Schema): Record<string, unknown> {
    if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string') return { type: ['integer', 'string'] };
    if (schema.format === 'quantity') return { type: ['string', 'number'] };
    if (schema.format === 'int32') return { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
    if (schema.format === 'int64') return { type: 'integer', minimum: -(2 ** 63), maximum: 2 ** 63 - 1025 };
    if (schema['x-kubernetes-preserve-unknown-fields']) return {};
    if (schema.$ref) return { $ref: schema.$ref };
    if (schema.items) return { type: 'array', items: this.#forAjv(schema.items) };
    if (schema.properties) return { type: 'object', properties: this.#properties(schema), additionalProperties: false };
    if (typeof schema.additionalProperties === 'object')
      return { type: 'object', additionalProperties: this.#forAjv(schema.additionalProperties) };
    if (schema.format === 'byte' || schema.format === 'date-time') return { type: 'string', format: schema.format };
    return schema.type ? { type: schema.type } : {};
  }

  #properties({ properties = {}, required = [] }: Schema): Record<string, object> {
    const entries = Object.entries(properties).map(([name, property]) => {
      const zero = required.includes(name) || name === 'spec' ? this.#zero(property) : undefined;
      return [name, { ...this.#forAjv(property), ...(zero === undefined ? {} : { default: zero }) }];
    });
    return Object.fromEntries(entries);
  }

  /** What Go has in a required member that was left out: never nothing. Undefined where it is a null on the wire. */
  #zero(schema: Schema): unknown {
    if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string') return 0;
    if (schema.format === 'quantity' || schema.format === 'date-time' || schema['x-kubernetes-preserve-unknown-fields']) return undefined;
    if (schema.$ref) return this.#zero(this.#schemas[schema.$ref] ?? {});
    return schema.type && structuredClone(zeroes[schema.type]);
  }

  /** Registers a type and all it refers to; compiled on first use only. */
  #add(typeName: string): void {
    if (this.#ajv.schemas[typeName]) return;
    const schema = this.#schemas[typeName];
    if (!schema) throw new Error(`no schema for ${typeName}`);
    const closed = this.#forAjv(schema);
    this.#ajv.addSchema({ $id: typeName, ...closed }, typeName);
    for (const reference of referencesOf(schema)) this.#add(reference);
  }
}

/** Input that does not have its kind's shape. A BadRequest, unless a patch made it: then the patch is Invalid. */
export class DecodeError extends StatusError {
  /** Go's words for it, without saying of what. */
  readonly why: string;

  constructor(why: string, prefix = '') {
    super(badRequest(prefix ? `${prefix}: ${why}` : why).status);
    this.name = 'DecodeError';
    this.why = why;
  }
}

const zeroes = { array: [], boolean: false, integer: 0, number: 0, object: {}, string: '' };

function referencesOf(schema: Schema): string[] {
  if (schema.$ref) return [schema.$ref];
  const nested = [schema.items, ...Object.values(schema.properties ?? {}), schema.additionalProperties];
  return nested.flatMap((child) => (typeof child === 'object' ? referencesOf(child) : []));
}

function checkKind(expected: Pick<Kind, 'kind' | 'apiVersion'>, value: unknown): KubeObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const found = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
    throw new DecodeError(
      `the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${found} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const object = value as KubeObject;
  object.kind ??= expected.kind;
  object.apiVersion ??= expected.apiVersion;
  if (object.apiVersion !== expected.apiVersion) {
    throw new DecodeError(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${expected.apiVersion})`,
    );
  }
  if (object.kind !== expected.kind) {
    throw new DecodeError(
      `${object.kind} in version "${object.apiVersion.split('/').at(-1)}" cannot be handled as a ${expected.kind}: converting (${object.kind}) to (${expected.kind}): unknown conversion`,
    );
  }
  if (object.metadata === undefined || object.metadata === null) object.metadata = {};
  return object;
}

/** Removes the member an additionalProperties error tells of and returns its path. */
function removeUnknown(root: object, { instancePath, params }: ErrorObject): string {
  const segments = instancePath.split('/').slice(1).map(unescapePointer);
  let target: unknown = root;
  for (const segment of segments) target = (target as Record<string, unknown>)[segment];
  const name = (params as { additionalProperty: string }).additionalProperty;
  delete (target as Record<string, unknown>)[name];
  return fieldPath([...segments, name]);
}

function fieldPath(segments: readonly string[]): string {
  return segments
    .map((segment) => (/^\d+$/.test(segment) ? `[${segment}]` : `.${segment}`))
    .join('')
    .replace(/^\./, '');
}

/** In Go a null leaves the member at its zero value, which is left out on the way back. */
function dropNulls(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (member === null && !Array.isArray(value)) delete (value as Record<string, unknown>)[key];
    else dropNulls(member);
  }
}
