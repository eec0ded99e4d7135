import type { Random } from '@keelson/base';
import type { Schema, Schemas } from '@keelson/types/schemas';
import { zeroSays } from '../http/protobuf/protobuf-zeroes.ts';

const words = ['a', 'web', 'x-1', 'Ünï', 'long '.repeat(40), '"\\\n', '\u0000'] as const;
const quantities = ['1', '100m', '1Gi', '0', '1500m'] as const;
const integers = [1, 0, -1, 127, 128, 300, 65_535, 2 ** 31 - 1, -(2 ** 31)] as const;
const anything = [{ a: [1, 'b', null, { c: true }] }, { kind: 'X', apiVersion: 'y/v1' }] as const;

/** Objects of any built-in type, by chance: of its shape, not of its meaning. */
export class RandomObjects {
  readonly #schemas: Schemas;
  readonly #random: Random;

  constructor(schemas: Schemas, random: Random) {
    this.#schemas = schemas;
    this.#random = random;
  }

  /** An object of that type with about two thirds of its members, without `kind` and `apiVersion`. */
  ofType(typeName: string): unknown {
    return this.#object(typeName, this.#schemas[typeName] ?? {}, 0);
  }

  #object(typeName: string, schema: Schema, depth: number): unknown {
    const { properties = {}, required = [] } = schema;
    const whole = schema['x-kubernetes-group-version-kind'] !== undefined;
    const members = Object.entries(properties).flatMap(([name, property]) => {
      if (whole && (name === 'kind' || name === 'apiVersion')) return [];
      const needed = required.includes(name);
      if (!needed && (depth > 6 || this.#random.next() < 0.35)) return [];
      const value = this.#zero(property, needed || zeroSays(typeName, name)) ?? this.#value(property, depth + 1);
      return isEmptyList(property, value) ? [] : [[name, value] as const];
    });
    return Object.fromEntries(members);
  }

  #value(schema: Schema, depth: number): unknown {
    if (schema.$ref !== undefined) return this.#reference(schema.$ref, depth);
    if (schema.items) return this.#several(depth).map(() => this.#value(schema.items ?? {}, depth + 1));
    if (schema.additionalProperties) {
      const inner = schema.additionalProperties;
      return Object.fromEntries(this.#several(depth).map((_, at) => [`k${at}`, this.#value(inner, depth + 1)]));
    }
    if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string') return this.#pick(['80%', 7, 'http']);
    return this.#scalar(schema);
  }

  #reference(typeName: string, depth: number): unknown {
    const named = special[typeName];
    if (named) return named(() => this.#value({ $ref: 'apiextensions.v1.JSONSchemaProps' }, depth + 3), this.#random);
    const schema = this.#schemas[typeName] ?? {};
    return schema.properties ? this.#object(typeName, schema, depth) : this.#value(schema, depth);
  }

  /** Now and then nothing at all, where that says something. */
  #zero({ type, format, $ref }: Schema, says: boolean): unknown {
    if (!says || this.#random.next() < 0.7) return undefined;
    if ($ref === 'util.intstr.IntOrString') return 0;
    if ($ref === 'apiextensions.v1.JSON') return this.#pick([0, '', false]);
    return format === undefined || /^(int|double)/.test(format) ? zeroes[type ?? ''] : undefined;
  }

  #scalar({ type, format }: Schema): unknown {
    if (format === 'quantity') return this.#pick(quantities);
    if (format === 'date-time') return '2026-03-01T10:20:30Z';
    if (format === 'byte') return Buffer.from(this.#pick(words)).toString('base64');
    if (type === 'boolean') return true;
    if (type === 'integer') return format === 'int64' && this.#random.next() < 0.3 ? 2 ** 52 + 1 : this.#pick(integers.filter(Boolean));
    if (type === 'number') return this.#pick([1.5, -0.25, 1e300]);
    if (type === 'object') return this.#pick(anything);
    return this.#pick(words);
  }

  #several(depth: number): undefined[] {
    return Array.from({ length: depth > 6 ? 0 : 1 + Math.floor(this.#random.next() * 2) }, () => undefined);
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random.next() * values.length)] as T;
  }
}

const zeroes: Readonly<Record<string, unknown>> = { string: '', integer: 0, number: 0, boolean: false };

/** Types whose JSON is not an object of their own members. */
const special: Readonly<Record<string, (schema: () => unknown, random: Random) => unknown>> = {
  'meta.v1.Time': () => '2026-03-01T10:20:30Z',
  'meta.v1.MicroTime': () => '2026-03-01T10:20:30.012345Z',
  'apiextensions.v1.CustomResourceSubresourceStatus': () => ({}),
  'apiextensions.v1.JSON': (_, random) => (random.next() < 0.5 ? 'text' : [1, { a: null }]),
  'apiextensions.v1.JSONSchemaPropsOrBool': (schema, random) => (random.next() < 0.5 ? random.next() < 0.5 : schema()),
  'apiextensions.v1.JSONSchemaPropsOrArray': (schema, random) => (random.next() < 0.5 ? [schema(), schema()] : schema()),
  'apiextensions.v1.JSONSchemaPropsOrStringArray': (schema, random) => (random.next() < 0.5 ? ['a', 'b'] : schema()),
};

/** Protobuf does not tell an empty list or map from none. */
function isEmptyList({ items, additionalProperties }: Schema, value: unknown): boolean {
  return (items !== undefined || additionalProperties !== undefined) && Object.keys(value as object).length === 0;
}
