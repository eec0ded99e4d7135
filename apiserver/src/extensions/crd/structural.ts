import { type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldRequired, formatFieldError } from '@keelson/machinery';
import { defaultErrors } from './default-checks.ts';
import { isEmbedded } from './embedded.ts';
import { ruleSchemaErrors } from './rules-check.ts';
import type { Schema } from './schema.ts';
import { openApiErrors } from './schema-checks.ts';
import { incompleteErrors, nestedErrors, patternErrors } from './structural-nested.ts';
import { unreadable } from './unreadable.ts';

/**
 * Why a schema is not structural: every value has a type, found without looking into allOf, anyOf, oneOf and not, which may only restrict.
 * Also what upstream refuses in any schema. Paths, messages and order are upstream's.
 * @param found what else is wrong with it: where there is something, it is not told that upstream cannot read it.
 */
export function structuralErrors(schema: Schema, at: FieldPath, found: readonly FieldError[] = []): FieldError[] {
  const why = unreadable(schema, at);
  const errors = why ? [] : shapeErrors(schema, at);
  if (!why && errors.length === 0) errors.push(...defaultErrors(schema, at));
  const refused = openApiErrors(schema, at);
  if (why) return refused.length + found.length > 0 ? refused : [fieldInvalid(at, '', why)];
  // What is not structural has no types that rules could be checked against.
  return errors.length > 0 ? [...errors, ...refused] : [...refused, ...ruleSchemaErrors(schema, at)];
}

function shapeErrors(schema: Schema, at: FieldPath): FieldError[] {
  const isObject = !schema.type || schema.type === 'object';
  const errors = [
    ...(isObject ? [] : [fieldInvalid(at.child('type'), schema.type, 'must be object at the root')]),
    ...identityErrors(schema, at, true),
    ...nodeErrors(schema, at, 'must not be empty at the root'),
    ...incompleteErrors(schema, at),
  ];
  const texts = errors.map((error) => [formatFieldError(error), error] as const);
  return texts.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))).map(([, error]) => error);
}

function nodeErrors(schema: Schema, at: FieldPath, whenUntyped: string): FieldError[] {
  return [
    ...typeErrors(schema, at, whenUntyped),
    ...eitherErrors(schema, at),
    ...patternErrors(schema, at),
    ...childErrors(schema, at),
    ...nestedErrors(schema, at),
  ];
}

/** What is a number or a text is no object. */
function eitherErrors(schema: Schema, at: FieldPath): FieldError[] {
  const both = ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const;
  if (!schema['x-kubernetes-int-or-string']) return [];
  return both
    .filter((name) => schema[name])
    .map((name) => fieldInvalid(at.child(name), true, 'must be false if x-kubernetes-int-or-string is true'));
}

function typeErrors(schema: Schema, at: FieldPath, whenUntyped: string): FieldError[] {
  const free = schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields'];
  const where = at.child('type');
  const errors = schema.type === 'array' && !schema.items ? [fieldRequired(at.child('items'), 'must be specified')] : [];
  const mustBeObject = 'must be object if x-kubernetes-embedded-resource is true';
  if (!schema.type && isEmbedded(schema)) return [fieldRequired(where, mustBeObject)];
  if (!schema.type) return free ? [] : [fieldRequired(where, whenUntyped)];
  return schema.type !== 'object' && isEmbedded(schema) ? [...errors, fieldInvalid(where, schema.type, mustBeObject)] : errors;
}

function childErrors({ properties = {}, additionalProperties, items }: Schema, at: FieldPath): FieldError[] {
  const untyped = 'must not be empty for specified object fields';
  const below = (schema: Schema, where: FieldPath, whenUntyped = untyped): FieldError[] => [
    ...identityErrors(schema, where, false),
    ...nodeErrors(schema, where, whenUntyped),
  ];
  return [
    ...Object.entries(properties).flatMap(([name, member]) => below(member, at.child('properties').key(name))),
    ...(typeof additionalProperties === 'object' ? below(additionalProperties, at.child('additionalProperties')) : []),
    ...(items ? below(items, at.child('items'), 'must not be empty for specified array items') : []),
  ];
}

/** What is said of metadata, and of the members that tell what an object is. */
function identityErrors(schema: Schema, at: FieldPath, isRoot: boolean): FieldError[] {
  const embedded = isEmbedded(schema);
  if (!isRoot && !embedded) return [];
  const { properties = {}, additionalProperties } = schema;
  const where = (name: string): FieldPath => at.child('properties').key(name);
  const errors = ['apiVersion', 'kind'].flatMap((name) => {
    const { type } = properties[name] ?? { type: 'string' };
    return type === 'string' ? [] : [fieldInvalid(where(name).child('type'), type ?? '', 'must be string')];
  });
  const { metadata } = properties;
  if (metadata && metadata.type !== 'object')
    errors.push(fieldInvalid(where('metadata').child('type'), metadata.type ?? '', 'must be object'));
  if (isRoot) {
    if (additionalProperties !== undefined) errors.push(fieldForbidden(at.child('additionalProperties'), 'must not be used at the root'));
    if (metadata && !restrictsNames(metadata)) errors.push(fieldForbidden(where('metadata'), onlyNames));
  }
  if (!embedded) return errors;
  if (additionalProperties !== undefined)
    errors.push(fieldForbidden(at.child('additionalProperties'), 'must not be used if x-kubernetes-embedded-resource is set'));
  if (!schema['x-kubernetes-preserve-unknown-fields'] && Object.keys(properties).length === 0)
    errors.push(fieldRequired(at.child('properties'), shapeless));
  return errors;
}

const onlyNames = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
const shapeless = 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';

/** What metadata is, is the server's own to say: a definition may only restrict how its objects are named. */
function restrictsNames({ type: _type, default: _default, properties = {}, ...rest }: Schema): boolean {
  const names = Object.keys(properties);
  const said = Object.values(rest).filter((value) => value !== undefined && value !== false && value !== '');
  return said.length === 0 && names.every((name) => name === 'name' || name === 'generateName');
}
