/** One node of a schema: the part of OpenAPI v3 that Kubernetes publishes, with its extensions. */
export interface Schema {
  /** A type name, such as `core.v1.PodSpec`; found in the record that `loadSchemas` answers. */
  $ref?: string;
  type?: 'array' | 'boolean' | 'integer' | 'number' | 'object' | 'string';
  /** `int32`, `int64`, `double`, `byte`, `date-time`, `quantity` or `int-or-string`. */
  format?: string;
  enum?: string[];
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  default?: string | number | boolean;
  'x-kubernetes-list-type'?: 'atomic' | 'map' | 'set';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'atomic' | 'granular';
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-int-or-string'?: true;
  'x-kubernetes-preserve-unknown-fields'?: true;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

/** By type name, spelt `core.v1.Pod`. */
export type Schemas = Readonly<Record<string, Schema>>;

/** Under `''` the type's own description, else a field's. */
export type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * Number, JSON name, label, type. An empty name says that the message's fields are the parent's own in JSON. The type is
 * a protobuf scalar, a type name, or for a map `string,<type>`.
 */
export type ProtobufField = [number: number, name: string, label: 'map' | 'opt' | 'rep', type: string];

export type ProtobufMessages = Readonly<Record<string, { readonly fields: readonly ProtobufField[] }>>;
