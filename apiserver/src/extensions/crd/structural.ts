import { copyOf, type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldRequired, fieldUnsupported } from '@keelson/machinery';
import { applyDefaults } from './defaults.ts';
import { isEmbedded } from './embedded.ts';
import { patternOf } from './pattern.ts';
import { prune } from './prune.ts';
import { ruleSchemaErrors } from './rules-check.ts';
import { isMap, type Schema } from './schema.ts';
import { mergeErrors } from './structural-lists.ts';
import { nestedErrors } from './structural-nested.ts';
import { validateValue } from './validate.ts';

/**
 * Why a schema is not structural: every value has a type, found without looking into allOf, anyOf, oneOf and not, which may only restrict.
 * Also what upstream refuses in any schema. Paths and messages are upstream's.
 */
export function structuralErrors(schema: Schema, at: FieldPath): FieldError[] {
  const isObject = schema.type === undefined || schema.type === 'object';
  const errors = [
    ...(isObject ? [] : [fieldInvalid(at.child('type'), schema.type, 'must be object at the root')]),
    ...identityErrors(schema, at, true),
    ...nodeErrors(schema, at, 'must not be empty at the root'),
  ];
  // What is not structural has no types that rules could be checked against.
  return errors.length > 0 ? errors : ruleSchemaErrors(schema, at);
}

function nodeErrors(schema: Schema, at: FieldPath, whenUntyped: string): FieldError[] {
  return [
    ...typeErrors(schema, at, whenUntyped),
    ...eitherErrors(schema, at),
    ...unsupportedErrors(schema, at),
    ...mergeErrors(schema, at),
    ...childErrors(schema, at),
    ...nestedErrors(schema, at),
    ...defaultErrors(schema, at),
  ];
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

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
  const mustBeObject = 'must be object if x-kubernetes-embedded-resource is true';
  if (!schema.type && isEmbedded(schema)) return [fieldRequired(where, mustBeObject)];
  if (!schema.type) return free ? [] : [fieldRequired(where, whenUntyped)];
  if (schema.type === 'null') return [fieldForbidden(where, 'type cannot be set to null, use nullable as an alternative')];
  if (!types.includes(schema.type)) return [fieldUnsupported(where, schema.type, types)];
  if (schema['x-kubernetes-int-or-string']) return [fieldForbidden(where, 'must be empty if x-kubernetes-int-or-string is true')];
  if (schema.type !== 'object' && isEmbedded(schema)) return [fieldInvalid(where, schema.type, mustBeObject)];
  if (schema.type === 'array' && !schema.items) return [fieldRequired(at.child('items'), 'must be specified')];
  return [];
}

const unsupported = ['$ref', 'definitions', 'dependencies', 'id', 'patternProperties', 'additionalItems'];

function unsupportedErrors(schema: Schema, at: FieldPath): FieldError[] {
  const raw = schema as Readonly<Record<string, unknown>>;
  const errors = unsupported
    .filter((name) => raw[name] !== undefined)
    .map((name) => fieldForbidden(at.child(name), `${name} is not supported`));
  if (schema.uniqueItems)
    errors.push(
      fieldForbidden(at.child('uniqueItems'), 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'),
    );
  if (schema.properties && schema.additionalProperties !== undefined && Object.keys(schema.properties).length > 0)
    errors.push(fieldForbidden(at.child('additionalProperties'), 'additionalProperties and properties are mutual exclusive'));
  if (schema.additionalProperties === false)
    errors.push(fieldForbidden(at.child('additionalProperties'), 'additionalProperties cannot be set to false'));
  const preserve = 'x-kubernetes-preserve-unknown-fields';
  if (schema[preserve] === false) errors.push(fieldInvalid(at.child(preserve), false, 'must be true or undefined'));
  if (Array.isArray(schema.items)) errors.push(fieldForbidden(at.child('items'), 'items must be a schema object and not an array'));
  const pattern = schema.pattern ? patternOf(schema.pattern) : undefined;
  if (typeof pattern === 'string')
    errors.push(fieldInvalid(at.child('pattern'), schema.pattern, `must be a valid regular expression, but isn't: ${pattern}`));
  return errors;
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
    ...(items && !Array.isArray(items) ? below(items, at.child('items'), 'must not be empty for specified array items') : []),
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
  return Object.keys(rest).length === 0 && names.every((name) => name === 'name' || name === 'generateName');
}

/** A default is what the server itself would write: pruned, and valid when the defaults within it are filled in. */
function defaultErrors(schema: Schema, at: FieldPath): FieldError[] {
  if (schema.default === undefined) return [];
  const value = copyOf(schema.default);
  const where = at.child('default');
  const gone = prune(value, schema, false);
  if (gone.length > 0) return [fieldInvalid(where, schema.default, 'must not have unknown fields')];
  if (isMap(value)) applyDefaults(value, schema);
  return validateValue(value, schema, String(where));
}
