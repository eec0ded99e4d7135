import type { FieldPath } from '@keelson/machinery';
import { isMap, type Schema } from './schema.ts';

/** A schema within another, where it stands, and the property it is of. */
export type Child = readonly [schema: Schema, at: FieldPath, property?: string];

/** Members that hold schemas, but that no schema of a definition may have. */
interface Unsupported {
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly dependencies?: Readonly<Record<string, Schema | readonly string[]>>;
}

/** All schemas a schema is made of, also those it should not have. */
export function childrenOf(schema: Schema & Unsupported, at: FieldPath): Child[] {
  const { additionalProperties, properties = {}, not, definitions = {}, dependencies = {} } = schema;
  const items: Schema | readonly Schema[] | undefined = schema.items;
  const several = (name: 'allOf' | 'oneOf' | 'anyOf'): Child[] =>
    (schema[name] ?? []).map((one, index): Child => [one, at.child(name).index(index)]);
  return [
    ...(typeof additionalProperties === 'object' ? [[additionalProperties, at.child('additionalProperties')] as const] : []),
    ...Object.entries(properties).map(([name, one]): Child => [one, at.child('properties').key(name), name]),
    ...(not ? [[not, at.child('not')] as const] : []),
    ...several('allOf'),
    ...several('oneOf'),
    ...several('anyOf'),
    ...Object.entries(definitions).map(([name, one]): Child => [one, at.child('definitions').key(name)]),
    ...(Array.isArray(items) ? items : []).map((one, index): Child => [one, at.child('items').index(index)]),
    ...(isMap(items) ? [[items, at.child('items')] as const] : []),
    ...Object.entries(dependencies).flatMap(([name, one]): Child[] => (isMap(one) ? [[one, at.child('dependencies').key(name)]] : [])),
  ];
}
