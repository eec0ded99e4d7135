import { errorMessage } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { fieldInvalid, formatFieldError, goJson } from '@keelson/machinery';
import type { Kind } from '@keelson/types';
import { loadSchemas, type Schemas } from '@keelson/types/schemas';
import { DecodeError } from './decode-error.ts';
import { fieldFaults, type Source } from './field-faults.ts';
import { conversionError, goError, jsonKind } from './go-errors.ts';
import { RepeatedBodies } from './repeated-bodies.ts';
import { Misfit, pathText, Shapes } from './shapes.ts';
import { typeMetaFault } from './type-meta.ts';
import { BuiltInKinds, checkKind } from './wrong-kind.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface DecodeResult {
  readonly object: KubeObject;
  /** Warnings about unknown and duplicate fields, in Warn mode. */
  readonly warnings: readonly string[];
}

/** An API object within another, as it was sent. */
type Embedded = Record<string, unknown>;

/** A type that is not built in, and how its objects get their shape. */
export interface CustomType {
  /** Drops, in place, what the type does not know, and returns the paths of what went. `shapeEmbedded` does so for what every API object has. */
  prune(object: KubeObject, shapeEmbedded: (resource: Embedded, path: string) => readonly string[]): readonly string[];
}

/** Brings parsed input into the shape of a kind, and says in Go's words what does not fit. */
export class Decoder {
  readonly repeated = new RepeatedBodies<DecodeResult>();
  readonly #schemas: Schemas;
  readonly #shapes: Shapes;
  readonly #builtIn: BuiltInKinds;
  readonly #custom = new Map<string, CustomType>();

  private constructor(schemas: Schemas) {
    this.#schemas = schemas;
    this.#shapes = new Shapes(schemas);
    this.#builtIn = new BuiltInKinds(schemas);
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
    this.repeated.forget();
  }

  isCustom({ typeName }: Pick<Kind, 'typeName'>): boolean {
    return this.#custom.has(typeName);
  }

  /** @throws DecodeError for a wrong kind, version or JSON type, and in Strict mode for unknown and duplicate fields. */
  decode(kind: Pick<Kind, 'kind' | 'apiVersion' | 'typeName'>, value: unknown, source: Source, mode: FieldValidation): DecodeResult {
    const custom = this.#custom.get(kind.typeName);
    const object = named(kind, value, custom !== undefined);
    if (custom || this.#schemas[kind.typeName]?.properties?.metadata) object.metadata ??= {};
    if (!custom) keepReset(object.metadata);
    const prefix = `${kind.kind} in version "${kind.apiVersion.split('/').at(-1)}" cannot be handled as a ${kind.kind}`;
    checkKind(kind, object, custom ? undefined : this.#builtIn);
    const unknown = custom ? this.#shapeCustom(custom, object, prefix) : this.#shape(kind.typeName, object, prefix);
    if (mode === 'Ignore') return { object, warnings: [] };
    const { warnings, text } = fieldFaults(source, unknown, custom !== undefined);
    if (text !== '' && mode === 'Strict') throw new DecodeError(`strict decoding error: ${text}`, prefix);
    return { object, warnings };
  }

  /** Metadata is the same typed matter in every object; the rest is the custom type's. */
  #shapeCustom(type: CustomType, object: KubeObject, prefix: string): string[] {
    const own = this.#shapeMetadata(object.metadata, prefix).map((field) => `metadata.${field}`);
    return [...own, ...type.prune(object, (resource, path) => this.#shapeEmbedded(resource, path, prefix))];
  }

  #shapeMetadata(metadata: unknown, prefix: string): string[] {
    const found = jsonKind(metadata);
    if (found !== 'object') throw new DecodeError(`json: cannot unmarshal ${found} into Go value of type v1.ObjectMeta`, prefix);
    return this.#shape('meta.v1.ObjectMeta', metadata as object, prefix);
  }

  #shapeEmbedded(resource: Embedded, path: string, prefix: string): string[] {
    const fault = (member: string, value: unknown, why: string): DecodeError =>
      new DecodeError(formatFieldError(fieldInvalid(`${path}.${member}`, value, why)), prefix);
    for (const member of ['apiVersion', 'kind'])
      if (member in resource && typeof resource[member] !== 'string') throw fault(member, resource[member], 'must be a string');
    if (!('metadata' in resource)) return [];
    const given = structuredClone(resource.metadata);
    resource.metadata ??= {};
    try {
      return this.#shapeMetadata(resource.metadata, '').map((field) => `${path}.metadata.${field}`);
    } catch (error) {
      if (error instanceof DecodeError) throw fault('metadata', given, error.why);
      throw error;
    }
  }

  /** Drops what the type does not know and returns the paths. @throws DecodeError for values of the wrong JSON type. */
  #shape(typeName: string, value: object, prefix: string): string[] {
    try {
      return this.#shapes.apply(typeName, value).map(pathText);
    } catch (error) {
      if (!(error instanceof Misfit)) throw new DecodeError(errorMessage(error), prefix);
      throw new DecodeError(goError(this.#schemas, typeName, error), prefix, conversionError(error));
    }
  }
}

/** An empty account asks for a new one, as one that says nothing does: as a list it would be dropped with the other empty ones. */
function keepReset(metadata: (KubeObject['metadata'] & { managedFields?: unknown }) | undefined): void {
  if (metadata && Array.isArray(metadata.managedFields) && metadata.managedFields.length === 0) metadata.managedFields = [{}];
}

/** What does not say what it is, is what the path says: custom resources always have to say it. */
function named(expected: Pick<Kind, 'kind' | 'apiVersion'>, value: unknown, isCustom: boolean): KubeObject {
  const fault = typeMetaFault(value);
  if (fault) throw new DecodeError(`the object provided is unrecognized (must be of type ${expected.kind}): ${fault}`);
  const object = (value ?? {}) as KubeObject;
  if (isCustom && !object.kind) throw new DecodeError(`Object 'Kind' is missing in '${goJson(value)}'`);
  object.kind ||= expected.kind;
  object.apiVersion ||= expected.apiVersion;
  return object;
}
