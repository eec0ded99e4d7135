import { copyOf, type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldRequired, fieldUnsupported } from '@keelson/machinery';
import { applyDefaults } from './defaults.ts';
import { patternOf } from './pattern.ts';
import { prune } from './prune.ts';
import { ruleSchemaErrors } from './rules-check.ts';
import { isMap, type Schema } from './schema.ts';
import { validateValue } from './validate.ts';

/**
 * Why a schema is not structural: every value has a type, found without looking into allOf, anyOf, oneOf and not, which may only restrict.
 * Also what upstream refuses in any schema. Paths and messages are upstream's.
 */
export function structuralErrors(schema: Schema, at: FieldPath): FieldError[] {
  const isObject = schema.type === undefined || schema.type === 'object';
  const errors = [
    ...(isObject ? [] : [fieldInvalid(at.child('type'), schema.type, 'must be object at the root')]),
    ...nodeErrors(schema, at, 'must not be empty at the root'),
  ];
  // What is not structural has no types that rules could be checked against.
  return errors.length > 0 ? errors : ruleSchemaErrors(schema, at);
}

function nodeErrors(schema: Schema, at: FieldPath, whenUntyped: string): FieldError[] {
  return [
    ...typeErrors(schema, at, whenUntyped),
    ...unsupportedErrors(schema, at),
    ...listErrors(schema, at),
    ...childErrors(schema, at),
    ...restrictedErrors(schema, at),
    ...defaultErrors(schema, at),
  ];
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

function typeErrors(schema: Schema, at: FieldPath, whenUntyped: string): FieldError[] {
  const free = schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields'];
  const where = at.child('type');
  if (!schema.type) return free ? [] : [fieldRequired(where, whenUntyped)];
  if (!types.includes(schema.type)) return [fieldUnsupported(where, schema.type, types)];
  if (schema['x-kubernetes-int-or-string']) return [fieldForbidden(where, 'must be empty if x-kubernetes-int-or-string is true')];
  if (schema.type !== 'object' && schema['x-kubernetes-embedded-resource'])
    return [fieldInvalid(where, schema.type, 'must be object if x-kubernetes-embedded-resource is true')];
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
  if (Array.isArray(schema.items)) errors.push(fieldForbidden(at.child('items'), 'items must be a schema object and not an array'));
  const pattern = schema.pattern ? patternOf(schema.pattern) : undefined;
  if (typeof pattern === 'string')
    errors.push(fieldInvalid(at.child('pattern'), schema.pattern, `must be a valid regular expression, but isn't: ${pattern}`));
  return errors;
}

const listTypes = ['atomic', 'set', 'map'];

function listErrors(schema: Schema, at: FieldPath): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const mapType = schema['x-kubernetes-map-type'];
  const errors: FieldError[] = [];
  if (listType !== undefined && !listTypes.includes(listType))
    errors.push(fieldUnsupported(at.child('x-kubernetes-list-type'), listType, listTypes));
  if (listType !== undefined && schema.type !== 'array')
    errors.push(fieldInvalid(at.child('type'), schema.type ?? '', 'must be array if x-kubernetes-list-type is specified'));
  if (mapType !== undefined && !['granular', 'atomic'].includes(mapType))
    errors.push(fieldUnsupported(at.child('x-kubernetes-map-type'), mapType, ['granular', 'atomic']));
  if (listType === 'map' && keys.length === 0)
    errors.push(fieldRequired(at.child('x-kubernetes-list-map-keys'), 'must not be empty if x-kubernetes-list-type is map'));
  if (listType !== 'map') return errors;
  for (const key of keys) {
    const member = schema.items?.properties?.[key];
    const where = at.child('items', 'properties').key(key);
    if (!member) errors.push(fieldInvalid(at.child('x-kubernetes-list-map-keys'), keys, 'entries must all be names of item properties'));
    else if (!schema.items?.required?.includes(key) && member.default === undefined)
      errors.push(
        fieldRequired(
          where.child('default'),
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      );
  }
  return errors;
}

function childErrors({ properties = {}, additionalProperties, items }: Schema, at: FieldPath): FieldError[] {
  const untyped = 'must not be empty for specified object fields';
  return [
    ...Object.entries(properties).flatMap(([name, member]) => nodeErrors(member, at.child('properties').key(name), untyped)),
    ...(typeof additionalProperties === 'object' ? nodeErrors(additionalProperties, at.child('additionalProperties'), untyped) : []),
    ...(items && !Array.isArray(items) ? nodeErrors(items, at.child('items'), 'must not be empty for specified array items') : []),
  ];
}

/** Members that say more than which values are allowed have no place under allOf, anyOf, oneOf and not. */
const structureOnly = ['additionalProperties', 'type', 'default', 'title', 'description', 'nullable'];

function restrictedErrors(schema: Schema, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [index, nested] of (schema[name] ?? []).entries())
      errors.push(...restrictionErrors(nested, at.child(name).index(index), schema));
  if (schema.not) errors.push(...restrictionErrors(schema.not, at.child('not'), schema));
  return errors;
}

function restrictionErrors(schema: Schema, at: FieldPath, parent: Schema): FieldError[] {
  const raw = schema as Readonly<Record<string, unknown>>;
  const intOrString = parent['x-kubernetes-int-or-string'];
  const errors = structureOnly
    .filter((name) => raw[name] !== undefined && raw[name] !== '' && raw[name] !== false && !(intOrString && name === 'type'))
    .map((name) => fieldForbidden(at.child(name), 'must be empty to be structural'));
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [index, nested] of (schema[name] ?? []).entries())
      errors.push(...restrictionErrors(nested, at.child(name).index(index), parent));
  for (const [name, nested] of Object.entries(schema.properties ?? {}))
    errors.push(...restrictionErrors(nested, at.child('properties').key(name), {}));
  if (schema.items) errors.push(...restrictionErrors(schema.items, at.child('items'), {}));
  return errors;
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
