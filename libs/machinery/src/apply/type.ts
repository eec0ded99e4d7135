/** What apply knows of a place in an object: how its value merges, and what lies below. */
export type MergeType = ScalarType | ListType | MapType | OpenType;

export interface ScalarType {
  readonly is: 'scalar';
  readonly of: 'any' | 'boolean' | 'number' | 'string';
}

export interface ListType {
  readonly is: 'list';
  readonly how: 'atomic' | 'map' | 'set';
  readonly items: MergeType;
  /** Of a `map`: the fields that tell items apart, in order. */
  readonly keys: readonly string[];
  readonly keyDefaults: Readonly<Record<string, unknown>>;
}

export interface MapType {
  readonly is: 'map';
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, Member>;
  /** Of entries that are no declared fields; undefined where there may be none. */
  readonly rest: MergeType | undefined;
}

/** A field of a struct, or an entry of a map. */
export interface Member {
  readonly type: MergeType;
  /** As sets of fields name it. */
  readonly element: string;
  readonly declared: boolean;
  /** Whether it is there even when the JSON leaves it out: structs that Go holds by value, and what it never omits. */
  readonly always: boolean;
}

/** Anything: the value itself tells. Maps in it merge unless it is `atomic`, lists never do. */
export interface OpenType {
  readonly is: 'open';
  readonly atomic: boolean;
}

export const open: OpenType = { is: 'open', atomic: false };
export const openAtomic: OpenType = { is: 'open', atomic: true };
export const anyScalar: ScalarType = { is: 'scalar', of: 'any' };

/** The member of that name, or undefined where the type knows no such field. */
export function memberOf({ fields, rest }: MapType, name: string): Member | undefined {
  return fields.get(name) ?? (rest && { type: rest, element: `f:${name}`, declared: false, always: false });
}

function declared(name: string, type: MergeType, always = false): [string, Member] {
  return [name, { type, element: `f:${name}`, declared: true, always }];
}

/** The node of a schema that types are read from: @keelson/types' schemas, OpenAPI documents and the schemas of custom resources. */
export interface MergeSchema {
  readonly $ref?: string | undefined;
  readonly allOf?: readonly MergeSchema[] | undefined;
  readonly type?: string | undefined;
  readonly format?: string | undefined;
  readonly required?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, MergeSchema>> | undefined;
  readonly items?: MergeSchema | undefined;
  readonly additionalProperties?: MergeSchema | boolean | undefined;
  readonly default?: unknown;
  readonly 'x-kubernetes-list-type'?: string | undefined;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[] | undefined;
  readonly 'x-kubernetes-map-type'?: string | undefined;
  readonly 'x-kubernetes-int-or-string'?: boolean | undefined;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean | undefined;
  readonly 'x-kubernetes-embedded-resource'?: boolean | undefined;
}

export type MergeSchemas = Readonly<Record<string, MergeSchema | undefined>>;

const identityType = 'meta.v1.ObjectMeta';

/** Structs that Go holds by value wherever they stand under these names: JSON may leave them out, they are there all the same. */
const byValue = new Set([
  ...['metadata', 'spec', 'status', 'template', 'jobTemplate', 'strategy', 'updateStrategy', 'loadBalancer', 'nodeInfo'],
  ...['daemonEndpoints', 'kubeletEndpoint', 'state', 'lastState', 'deprecatedSource', 'regarding', 'limitResponse', 'userInfo'],
]);

/** Names under which Go holds structs by value in these types only. */
const byValueIn: Readonly<Record<string, string>> = {
  'core.v1.Container': 'resources',
  'core.v1.EphemeralContainer': 'resources',
  'core.v1.Event': 'source',
  'core.v1.PersistentVolumeClaimSpec': 'resources',
  'authentication.v1.TokenReviewStatus': 'user',
  'discovery.v1.Endpoint': 'conditions',
  'networking.v1.IngressServiceBackend': 'port',
  'networking.v1.NetworkPolicySpec': 'podSelector',
  'resource.v1.AllocationResult': 'devices',
  'resource.v1.ResourceClaimSpec': 'devices',
};
/** Of the structs with a name that says by value, the one that is not. */
const byPointer = 'core.v1.ReplicationControllerSpec.template';

/** Of all built-in types the one that is taken as a whole whatever it holds. */
const rawExtension = 'runtime.RawExtension';

/** A name that is optional in Go and by default none. */
const reference = 'core.v1.LocalObjectReference';

const zeroes: Readonly<Record<string, unknown>> = { string: '', integer: 0, number: 0, boolean: false };

/** What a schema is read as. */
interface Reading {
  /** Whether Go types stand behind it. */
  readonly builtIn: boolean;
  /** Whether unknown fields are kept here and, as upstream's server has it, in all that lies below. */
  readonly keepsUnknown: boolean;
}

const goTypes: Reading = { builtIn: true, keepsUnknown: false };

/** Reads types from schemas, each named one once. */
export class MergeTypes {
  readonly #schemas: MergeSchemas;
  readonly #named = new Map<string, MergeType>();

  constructor(schemas: MergeSchemas) {
    this.#schemas = schemas;
  }

  /** The type of that name; undefined when no schema has it. */
  named(typeName: string): MergeType | undefined {
    const known = this.#named.get(typeName);
    if (known) return known;
    const schema = this.#schemas[typeName];
    if (!schema) return undefined;
    if (schema.properties) return this.#struct(schema, goTypes, typeName);
    const type = typeName === rawExtension ? openAtomic : this.#read(schema, goTypes);
    this.#named.set(typeName, type);
    return type;
  }

  /** The type of a custom resource, by the schema of its version. Without one, everything is as it comes. */
  custom(schema: MergeSchema | undefined): MergeType {
    return this.#resource(schema ?? { type: 'object' }, { builtIn: false, keepsUnknown: false });
  }

  /** Objects with an identity of their own have these fields, whatever their schema says. */
  #resource(schema: MergeSchema, reading: Reading): MergeType {
    const type = this.#read(schema, reading);
    if (type.is !== 'map') return type;
    const metadata = this.named(identityType) ?? open;
    const text = { is: 'scalar', of: 'string' } as const;
    const identity = [declared('apiVersion', text), declared('kind', text), declared('metadata', metadata, true)];
    return { ...type, fields: new Map([...type.fields, ...identity]) };
  }

  #read(schema: MergeSchema, around: Reading): MergeType {
    const mapType = schema['x-kubernetes-map-type'];
    const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
    if (reference !== undefined) {
      const type = this.named(reference) ?? this.named(reference.slice(reference.lastIndexOf('/') + 1)) ?? open;
      return type.is === 'map' && mapType ? { ...type, atomic: mapType === 'atomic' } : type;
    }
    const reading = { ...around, keepsUnknown: around.keepsUnknown || schema['x-kubernetes-preserve-unknown-fields'] === true };
    if (schema['x-kubernetes-int-or-string']) return anyScalar;
    if (schema.type === 'array') return this.#list(schema, reading);
    if (schema.type === 'object' || schema.properties) return this.#map(schema, reading);
    return scalarOf(schema) ?? open;
  }

  #list(schema: MergeSchema, reading: Reading): ListType {
    const asked = schema['x-kubernetes-list-type'];
    const items = schema.items ? this.#read(schema.items, reading) : openAtomic;
    const keys = asked === 'map' ? [...(schema['x-kubernetes-list-map-keys'] ?? [])].sort() : [];
    return {
      is: 'list',
      how: asked === 'set' || (asked === 'map' && keys.length > 0) ? asked : 'atomic',
      items,
      keys,
      keyDefaults: this.#defaultsOf(schema.items, keys, reading),
    };
  }

  /** What Go never omits has a default without being told one. */
  #defaultsOf(items: MergeSchema | undefined, keys: readonly string[], { builtIn }: Reading): Record<string, unknown> {
    const resolved = items?.$ref === undefined ? items : this.#schemas[items.$ref];
    const defaults = keys.map((key) => {
      const { default: told, type } = resolved?.properties?.[key] ?? {};
      const never = builtIn && (items?.$ref === reference || resolved?.required?.includes(key) === true);
      return [key, told ?? (never ? zeroes[type ?? ''] : undefined)] as const;
    });
    return Object.fromEntries(defaults.filter(([, value]) => value !== undefined));
  }

  #map(schema: MergeSchema, reading: Reading): MergeType {
    if (schema.properties) {
      const embedded = schema['x-kubernetes-embedded-resource'];
      return embedded ? this.#resource({ ...schema, 'x-kubernetes-embedded-resource': false }, reading) : this.#struct(schema, reading);
    }
    const values = schema.additionalProperties;
    const rest = typeof values === 'object' ? this.#read(values, reading) : open;
    const atomic = schema['x-kubernetes-map-type'] === 'atomic';
    return { is: 'map', atomic, fields: new Map(), rest };
  }

  /** Named before its fields are read: types may contain themselves. */
  #struct(schema: MergeSchema, reading: Reading, typeName?: string): MapType {
    const fields = new Map<string, Member>();
    const { additionalProperties: values } = schema;
    const takesAny = values === true || (values === undefined && reading.keepsUnknown);
    const type: MapType = {
      is: 'map',
      atomic: schema['x-kubernetes-map-type'] === 'atomic',
      fields,
      rest: typeof values === 'object' ? this.#read(values, reading) : takesAny ? open : undefined,
    };
    if (typeName !== undefined) this.#named.set(typeName, type);
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const field = this.#read(property, reading);
      const always = reading.builtIn && (schema.required?.includes(name) === true || (field.is === 'map' && isByValue(name, typeName)));
      fields.set(...declared(name, field, always));
    }
    return type;
  }
}

function isByValue(name: string, typeName = ''): boolean {
  return byValueIn[typeName] === name || (byValue.has(name) && `${typeName}.${name}` !== byPointer);
}

/** Texts with a format other than bytes may be any scalar, as they may be to upstream. Undefined for what is no scalar. */
function scalarOf({ type, format }: MergeSchema): MergeType | undefined {
  if (type === 'boolean') return { is: 'scalar', of: 'boolean' };
  if (type === 'integer' || type === 'number') return { is: 'scalar', of: 'number' };
  if (type === 'string') return format === undefined || format === 'byte' ? { is: 'scalar', of: 'string' } : anyScalar;
  return undefined;
}
