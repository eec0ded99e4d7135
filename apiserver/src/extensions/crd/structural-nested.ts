import { equal, type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldRequired } from '@keelson/machinery';
import { patternOf } from './pattern.ts';
import type { Schema } from './schema.ts';

/** What stands under allOf, anyOf, oneOf and not may only restrict values. */
export function nestedErrors(schema: Schema, at: FieldPath): FieldError[] {
  return nestedIn(schema, at).flatMap(([nested, where]) => {
    // That of a number or a text, alone or as the first of what all has to hold, is the one way in which types may be named.
    if (nested === schema.allOf?.[0] && isNumberOrText(nested)) return restrictionErrors(nested, where, true);
    return isNumberOrText(schema) && schema.anyOf?.includes(nested) ? [] : restrictionErrors(nested, where);
  });
}

/** What the allOf, anyOf, oneOf and not of a whole object restrict has a schema outside. Those of its parts upstream does not ask this of. */
export function incompleteErrors(schema: Schema, at: FieldPath): FieldError[] {
  return nestedIn(schema, at).flatMap(([nested, where]) => missingErrors(nested, schema, where, at));
}

function nestedIn(schema: Schema, at: FieldPath): (readonly [Schema, FieldPath])[] {
  const lists = (['allOf', 'anyOf', 'oneOf'] as const).flatMap((name) =>
    (schema[name] ?? []).map((nested, index) => [nested, at.child(name).index(index)] as const),
  );
  return schema.not ? [...lists, [schema.not, at.child('not')]] : lists;
}

function isNumberOrText({ anyOf }: Schema): boolean {
  return equal(anyOf, [{ type: 'integer' }, { type: 'string' }]);
}

export function patternErrors({ pattern }: Schema, at: FieldPath): FieldError[] {
  const problem = pattern ? patternOf(pattern) : undefined;
  if (typeof problem !== 'string') return [];
  return [fieldInvalid(at.child('pattern'), pattern, `must be a valid regular expression, but isn't: ${problem}`)];
}

/** Members that say more than which values are allowed, by what upstream says of them there. */
const structureOnly: Readonly<Record<string, string>> = {
  ...{ type: 'empty', title: 'empty', description: 'empty', 'x-kubernetes-list-map-keys': 'empty', 'x-kubernetes-validations': 'empty' },
  ...{ additionalProperties: 'undefined', default: 'undefined' },
  ...{ 'x-kubernetes-list-type': 'undefined', 'x-kubernetes-map-type': 'undefined' },
  ...{ nullable: 'false', 'x-kubernetes-preserve-unknown-fields': 'false', 'x-kubernetes-embedded-resource': 'false' },
  'x-kubernetes-int-or-string': 'false',
};

/** @param eitherType whether its anyOf names the types of what is a number or a text. */
function restrictionErrors(schema: Schema, at: FieldPath, eitherType = false): FieldError[] {
  const raw = schema as Readonly<Record<string, unknown>>;
  const errors = Object.entries(structureOnly)
    .filter(([name]) => (name === 'default' ? raw[name] !== undefined && raw[name] !== null : says(raw[name])))
    .map(([name, what]) => fieldForbidden(at.child(name), `must be ${what} to be structural`));
  if (schema.properties?.metadata)
    errors.push(fieldForbidden(at.child('properties').key('metadata'), 'must not be specified in a nested context'));
  const nested = nestedIn(eitherType ? { ...schema, anyOf: [] } : schema, at);
  return [
    ...errors,
    ...patternErrors(schema, at),
    ...nested.flatMap(([one, where]) => restrictionErrors(one, where)),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, one]) => restrictionErrors(one, at.child('properties').key(name))),
    ...(schema.items ? restrictionErrors(schema.items, at.child('items')) : []),
  ];
}

function says(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0);
}

/** Values that are restricted and have no schema outside. @param at where `nested` stands. @param outside where `schema` does. */
function missingErrors(nested: Schema, schema: Schema | undefined, at: FieldPath, outside: FieldPath): FieldError[] {
  if (!schema) return [fieldRequired(outside, `because it is defined in ${at}`)];
  const below = Object.entries(nested.properties ?? {}).flatMap(([name, member]) =>
    missingErrors(member, schema.properties?.[name], at.child('properties').key(name), outside.child('properties').key(name)),
  );
  const items = nested.items ? missingErrors(nested.items, schema.items, at.child('items'), outside.child('items')) : [];
  return [...nestedIn(nested, at).flatMap(([one, where]) => missingErrors(one, schema, where, outside)), ...items, ...below];
}
