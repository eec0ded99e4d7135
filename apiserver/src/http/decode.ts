import { errorMessage } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { badRequest, StatusError } from '@keelson/machinery';
import type { Kind } from '@keelson/types';
import { loadSchemas, type Schemas } from '@keelson/types/schemas';
import { fieldFaults, type Source } from './field-faults.ts';
import { conversionError, goError } from './go-errors.ts';
import { RepeatedBodies } from './repeated-bodies.ts';
import { Misfit, pathText, Shapes } from './shapes.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface DecodeResult {
  readonly object: KubeObject;
  /** Warnings about unknown and duplicate fields, in Warn mode. */
  readonly warnings: readonly string[];
}

/** A type that is not built in, and how its objects get their shape. */
export interface CustomType {
  /** Drops, in place, what the type does not know, and returns the paths of what went. `shapeMeta` does so for embedded metadata. */
  prune(object: KubeObject, shapeMeta: (metadata: object) => readonly string[]): readonly string[];
}

/** Brings parsed input into the shape of a kind, and says in Go's words what does not fit. */
export class Decoder {
  readonly repeated = new RepeatedBodies();
  readonly #schemas: Schemas;
  readonly #shapes: Shapes;
  readonly #custom = new Map<string, CustomType>();

  private constructor(schemas: Schemas) {
    this.#schemas = schemas;
    this.#shapes = new Shapes(schemas);
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

  /** @throws DecodeError for a wrong kind, version or JSON type, and in Strict mode for unknown and duplicate fields. */
  decode(kind: Pick<Kind, 'kind' | 'apiVersion' | 'typeName'>, value: unknown, source: Source, mode: FieldValidation): DecodeResult {
    const object = checkKind(kind, value);
    const prefix = `${kind.kind} in version "${kind.apiVersion.split('/').at(-1)}" cannot be handled as a ${kind.kind}`;
    const custom = this.#custom.get(kind.typeName);
    const unknown = custom ? this.#shapeCustom(custom, object, prefix) : this.#shape(kind.typeName, object, prefix);
    if (mode === 'Ignore') return { object, warnings: [] };
    const { warnings, text } = fieldFaults(source, unknown, custom !== undefined);
    if (text !== '' && mode === 'Strict') throw new DecodeError(`strict decoding error: ${text}`, prefix);
    return { object, warnings };
  }

  /** Metadata is the same typed matter in every object; the rest is the custom type's. */
  #shapeCustom(type: CustomType, object: KubeObject, prefix: string): string[] {
    const shapeMeta = (metadata: object): string[] => this.#shape('meta.v1.ObjectMeta', metadata, prefix);
    return [...shapeMeta(object.metadata).map((field) => `metadata.${field}`), ...type.prune(object, shapeMeta)];
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

/** Input that does not have its kind's shape. A BadRequest, unless a patch made it: then the patch is Invalid. */
export class DecodeError extends StatusError {
  /** Go's words for it, without saying of what. */
  readonly why: string;
  /** The same in the words of Go's converter, which strategic merge patches go through. */
  readonly converting: string;

  constructor(why: string, prefix = '', converting = why) {
    super(badRequest(prefix ? `${prefix}: ${why}` : why).status);
    this.name = 'DecodeError';
    this.why = why;
    this.converting = converting;
  }
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
