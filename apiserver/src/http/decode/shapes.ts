import { canonicalMicroTime, canonicalQuantity, canonicalTime, isObject } from '@keelson/machinery';
import type { Schema, Schemas } from '@keelson/types/schemas';
import { zeroSays } from '../protobuf/protobuf-zeroes.ts';
import { alwaysThere } from './always-there.ts';
import { base64Fault, isBase64 } from './go-errors.ts';

/** Where a value stands: names of members, places in lists. */
export type Path = readonly (number | string)[];

/** As faults name a place: `spec.containers[0].name`. */
export function pathText(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}

/** A value that its type does not take. */
export class Misfit extends Error {
  readonly path: Path;
  readonly value: unknown;
  readonly wanted: Schema;

  constructor(path: Path, value: unknown, wanted: Schema) {
    super(`a value does not fit its type at ${path.join('.')}`);
    this.path = [...path];
    this.value = value;
    this.wanted = wanted;
  }
}

/** One walk through one object. */
interface Walk {
  readonly path: (number | string)[];
  /** Of members no type knows. */
  readonly unknown: Path[];
}

/** Brings a value into its type's shape, in place where it can. */
type Shaper = (value: unknown, walk: Walk) => unknown;

interface Member {
  readonly shape: Shaper;
  /** What is there when nothing is given; undefined where a member may be absent. */
  readonly zero: (() => unknown) | undefined;
  /** Whatever is given is taken as it is, null included. */
  readonly open: boolean;
  /** Whether a value counts as absent, as Go's `omitempty` has it. */
  readonly isNothing: ((value: unknown) => boolean) | undefined;
}

/**
 * Brings parsed input into the shapes of types, as Go's typed decoding does, in one pass in the order of the document: members a type does
 * not know go, nulls, empty lists and maps, and zeroes nobody points to count as absent, required members are there, quantities and
 * times are such. What a type needs is put together when it is first met.
 */
export class Shapes {
  readonly #schemas: Schemas;
  readonly #types = new Map<string, Shaper>();

  constructor(schemas: Schemas) {
    this.#schemas = schemas;
  }

  /** Changes the object. @returns the paths of members that were dropped. @throws Misfit, or Error in Kubernetes' words for a quantity. */
  apply(typeName: string, object: object): readonly Path[] {
    const walk: Walk = { path: [], unknown: [] };
    this.#type(typeName)(object, walk);
    return walk.unknown;
  }

  #type(name: string): Shaper {
    const known = this.#types.get(name);
    if (known) return known;
    const schema = this.#schemas[name];
    if (!schema) throw new Error(`no schema for ${name}`);
    const made = this.#either(name) ?? this.#shaper(schema, name);
    this.#types.set(name, made);
    return made;
  }

  /** @param name of the type; empty where it has none. */
  #shaper(schema: Schema, name = ''): Shaper {
    const { $ref, items, properties, additionalProperties } = schema;
    if (isIntOrString(schema)) return scalar(schema, (value) => Number.isInteger(value) || typeof value === 'string');
    if (schema.format === 'quantity') return quantity;
    if (schema.format === 'byte') return text(schema, bytes);
    if (schema.format === 'date-time') return text(schema, name === 'meta.v1.MicroTime' ? canonicalMicroTime : canonicalTime);
    if (isOpen(schema)) return (value) => value;
    if ($ref !== undefined) return this.#referred($ref);
    if (items) return this.#list(schema, items);
    if (properties) return this.#struct(schema, properties, name);
    if (typeof additionalProperties === 'object') return this.#map(schema, additionalProperties);
    return scalar(schema, fits[schema.format ?? ''] ?? fits[schema.type ?? ''] ?? (() => true));
  }

  /** What is a schema of a custom resource, or else something simpler: Go reads it aside, and tells of nothing it does not know in it. */
  #either(name: string): Shaper | undefined {
    const other = orElse[name];
    if (!other) return undefined;
    const schema = this.#referred('apiextensions.v1.JSONSchemaProps');
    return (value, { path }) => {
      const aside: Walk = { path, unknown: [] };
      if (isObject(value)) return schema(value, aside);
      return other === 'schemas' && Array.isArray(value) ? value.map((one) => schema(one, aside)) : simpler[other](value);
    };
  }

  /** Types that hold themselves are put together only as deep as somebody writes them. */
  #referred(name: string): Shaper {
    let shape: Shaper | undefined;
    return (value, walk) => {
      shape ??= this.#type(name);
      return shape(value, walk);
    };
  }

  #list(schema: Schema, items: Schema): Shaper {
    const item = this.#member(items, true);
    return (value, walk) => {
      if (!Array.isArray(value)) throw new Misfit(walk.path, value, schema);
      for (let i = 0; i < value.length; i++) value[i] = shaped(item, value[i], i, walk);
      return value;
    };
  }

  #map(schema: Schema, values: Schema): Shaper {
    const { format } = values.$ref === undefined ? values : (this.#schemas[values.$ref] ?? {});
    // A null in a map of quantities is none of it, as Go's Quantity reads it; in one of times it is a time that says nothing.
    const member = { ...this.#member(values, true), ...(format === 'quantity' ? { zero: () => '0' } : {}) };
    return (value, walk) => {
      if (!isObject(value)) throw new Misfit(walk.path, value, schema);
      for (const name of Object.keys(value))
        if (value[name] !== null || format !== 'date-time') keep(value, name, shaped(member, value[name], name, walk));
      return value;
    };
  }

  #struct(schema: Schema, properties: Readonly<Record<string, Schema>>, typeName: string): Shaper {
    const always = Object.keys(properties).filter((name) => name === 'spec' || alwaysThere(typeName, name));
    const given = (schema.required ?? []).filter((name) => !pointers.has(`${typeName}.${name}`));
    const required = new Set([...given, ...always]);
    const memberOf = (name: string, property: Schema): Member => {
      const member = this.#member(property, required.has(name));
      return isPlain(property) && !required.has(name) && leavesOut(typeName, name) ? { ...member, isNothing: isZero } : member;
    };
    const all = Object.entries(properties).map(([name, property]) => [name, memberOf(name, property)] as const);
    const members = new Map(all);
    const filled = all.filter(([, { zero }]) => zero !== undefined);
    return (value, walk) => {
      if (!isObject(value)) throw new Misfit(walk.path, value, schema);
      for (const name of Object.keys(value)) {
        const member = members.get(name);
        if (member) keep(value, name, shaped(member, value[name], name, walk));
        else {
          walk.unknown.push([...walk.path, name]);
          delete value[name];
        }
      }
      for (const [name, member] of filled) if (value[name] === undefined) value[name] = shaped(member, undefined, name, walk);
      return value;
    };
  }

  #member(schema: Schema, mustBe: boolean): Member {
    const isMany = schema.items !== undefined || typeof schema.additionalProperties === 'object';
    const zero = mustBe ? this.#zero(schema) : undefined;
    return { shape: this.#shaper(schema), zero, open: isOpen(schema), isNothing: isMany && !mustBe ? isEmpty : undefined };
  }

  /** What Go has where nothing was given: never nothing. Undefined where it is a null on the wire. */
  #zero(schema: Schema): (() => unknown) | undefined {
    if (isIntOrString(schema)) return () => 0;
    if (schema.format === 'quantity' || schema.format === 'date-time' || isOpen(schema)) return undefined;
    if (schema.$ref !== undefined) return this.#zero(this.#schemas[schema.$ref] ?? {});
    return schema.type && zeroes[schema.type];
  }
}

/** A member's value in its shape; undefined where it is absent, and may be. */
function shaped({ shape, zero, open, isNothing }: Member, given: unknown, name: number | string, walk: Walk): unknown {
  const absent = given === undefined || (given === null && !open);
  const value = absent ? zero?.() : given;
  if (value === undefined) return undefined;
  walk.path.push(name);
  const made = shape(value, walk);
  walk.path.pop();
  return isNothing?.(made) ? undefined : made;
}

/** Of a list or a map. */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value as object) return false;
  return true;
}

function isZero(value: unknown): boolean {
  return value === '' || value === 0 || value === false;
}

/** Whether a type's text, number or yes is left out when it is empty, 0 or no: of stable types, whose pointers are known. */
function leavesOut(typeName: string, field: string): boolean {
  const [, version = ''] = typeName.split('.');
  return /^v\d+$/.test(version) && !zeroSays(typeName, field) && !kept.has(`${typeName}.${field}`) && !alwaysThere(typeName, field);
}

/** What Go points to in types that other types are made of. */
const kept: ReadonlySet<string> = new Set([
  ...['core.v1.EphemeralContainer.restartPolicy', 'admissionregistration.v1.RuleWithOperations.scope'],
  'admissionregistration.v1.NamedRuleWithOperations.scope',
]);

/** What has to be given and is nothing when it is not: Go points to it. */
const pointers: ReadonlySet<string> = new Set([
  ...['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'].map((kind) => `apps.v1.${kind}Spec.selector`),
  ...['Mutating', 'Validating'].map((name) => `admissionregistration.v1.${name}Webhook.sideEffects`),
  'networking.v1.HTTPIngressPath.pathType',
]);

/** What of a type may stand instead of a schema. */
const orElse: Readonly<Record<string, 'boolean' | 'names' | 'schemas'>> = {
  'apiextensions.v1.JSONSchemaPropsOrArray': 'schemas',
  'apiextensions.v1.JSONSchemaPropsOrBool': 'boolean',
  'apiextensions.v1.JSONSchemaPropsOrStringArray': 'names',
};

/** Anything else than that is nothing, but where a yes or no is asked for. */
const simpler: Readonly<Record<'boolean' | 'names' | 'schemas', (value: unknown) => unknown>> = {
  boolean(value) {
    if (typeof value !== 'boolean') throw new Error('boolean or JSON schema expected');
    return value;
  },
  names: (value) => (Array.isArray(value) ? value : undefined),
  schemas: () => undefined,
};

/** Sets a member only where that changes something: most objects stay as they are. */
function keep(object: Record<string, unknown>, name: string, value: unknown): void {
  if (value === undefined) delete object[name];
  else if (value !== object[name]) object[name] = value;
}

const zeroes: Readonly<Record<string, () => unknown>> = {
  array: () => [],
  boolean: () => false,
  integer: () => 0,
  number: () => 0,
  object: () => ({}),
  string: () => '',
};

/** By format, else by type. */
const fits: Readonly<Record<string, (value: unknown) => boolean>> = {
  array: Array.isArray,
  boolean: (value) => typeof value === 'boolean',
  int32: (value) => Number.isInteger(value) && Math.abs((value as number) + 0.5) < 2 ** 31,
  int64: (value) => Number.isInteger(value) && (value as number) >= -(2 ** 63) && (value as number) <= 2 ** 63 - 1025,
  integer: Number.isInteger,
  number: (value) => typeof value === 'number',
  object: isObject,
  string: (value) => typeof value === 'string',
};

function scalar(schema: Schema, check: (value: unknown) => boolean): Shaper {
  return (value, walk) => {
    if (!check(value)) throw new Misfit(walk.path, value, schema);
    return value;
  };
}

/** Texts of a format: what it makes of them, or throws. */
function text(schema: Schema, canonical: (text: string) => string): Shaper {
  return (value, walk) => {
    if (typeof value !== 'string') throw new Misfit(walk.path, value, schema);
    return canonical(value);
  };
}

/** Standard base64; the line breaks that Go skips are gone. */
function bytes(value: string): string {
  const bare = value.replace(/[\r\n]/g, '');
  if (!isBase64(bare)) throw new Error(base64Fault(value));
  return bare;
}

/** Quantities in their canonical text: `1000m` → `1`, the number 2 → `"2"`. What is neither is read as its JSON, and is none. */
function quantity(value: unknown): string {
  return canonicalQuantity(typeof value === 'string' ? value.trim() : typeof value === 'number' ? value : JSON.stringify(value));
}

function isIntOrString(schema: Schema): boolean {
  return schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string';
}

/** A text, a number, a yes or no. */
function isPlain({ type, format, $ref }: Schema): boolean {
  if ($ref !== undefined) return false;
  if (type === 'string') return format === undefined || format === 'byte';
  return type === 'boolean' || type === 'integer' || type === 'number';
}

function isOpen(schema: Schema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true;
}
