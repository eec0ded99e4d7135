import { type FieldError, type FieldPath, fieldForbidden, fieldInvalid, fieldRequired, fieldUnsupported } from '@keelson/machinery';
import { isUnique } from './lists.ts';
import type { Schema } from './schema.ts';

/** What is wrong with how a schema says that its lists and maps merge. */
export function mergeErrors(schema: Schema, at: FieldPath): FieldError[] {
  return [...mapTypeErrors(schema, at), ...listTypeErrors(schema, at), ...keysErrors(schema, at), ...elementErrors(schema, at)];
}

function mapTypeErrors({ type, 'x-kubernetes-map-type': mapType }: Schema, at: FieldPath): FieldError[] {
  if (mapType === undefined) return [];
  const known = ['granular', 'atomic'];
  const errors = type === 'object' ? [] : [wrongType(type, at, 'must be object if x-kubernetes-map-type is specified')];
  return known.includes(mapType) ? errors : [...errors, fieldUnsupported(at.child('x-kubernetes-map-type'), mapType, known)];
}

function wrongType(type: string | undefined, at: FieldPath, detail: string): FieldError {
  return type ? fieldInvalid(at.child('type'), type, detail) : fieldRequired(at.child('type'), detail);
}

const listTypes = ['atomic', 'set', 'map'];

function listTypeErrors(schema: Schema, at: FieldPath): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  if (listType === undefined) return [];
  const errors: FieldError[] = [];
  if (schema.type !== 'array') errors.push(wrongType(schema.type, at, 'must be array if x-kubernetes-list-type is specified'));
  else if (listType === 'set') errors.push(...setErrors(schema, at.child('items')));
  if (!listTypes.includes(listType)) errors.push(fieldUnsupported(at.child('x-kubernetes-list-type'), listType, listTypes));
  return errors;
}

/** What stands in a set is replaced as a whole. */
function setErrors({ items }: Schema, at: FieldPath): FieldError[] {
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const { type, 'x-kubernetes-list-type': listType, 'x-kubernetes-map-type': mapType } = items ?? {};
  if (type === 'array' && listType !== undefined && listType !== 'atomic')
    return [fieldInvalid(at.child('x-kubernetes-list-type'), listType, detail)];
  // Upstream shows the type of the list, which an object has none of.
  return type === 'object' && mapType !== 'atomic' ? [fieldInvalid(at.child('x-kubernetes-map-type'), listType ?? 'null', detail)] : [];
}

function keysErrors(schema: Schema, at: FieldPath): FieldError[] {
  const { items, 'x-kubernetes-list-type': listType, 'x-kubernetes-list-map-keys': keys = [] } = schema;
  const [type, names] = [at.child('x-kubernetes-list-type'), at.child('x-kubernetes-list-map-keys')];
  const mustBeMap = 'must be map if x-kubernetes-list-map-keys is non-empty';
  if (listType !== 'map') {
    if (keys.length === 0) return [];
    return [listType === undefined ? fieldRequired(type, mustBeMap) : fieldInvalid(type, listType, mustBeMap)];
  }
  const errors = keys.length > 0 ? [] : [fieldRequired(names, 'must not be empty if x-kubernetes-list-type is map')];
  if (!items) return [...errors, fieldRequired(at.child('items'), 'must have a schema if x-kubernetes-list-type is map')];
  if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map";
    return [...errors, fieldInvalid(at.child('items', 'type'), items.type ?? '', detail)];
  }
  if (keys.some((key) => !items.properties?.[key])) errors.push(fieldInvalid(names, keys, 'entries must all be names of item properties'));
  if (new Set(keys).size < keys.length) errors.push(fieldInvalid(names, keys, 'must not contain duplicate entries'));
  return [...errors, ...keys.flatMap((key) => keyErrors(items, key, at.child('items')))];
}

function keyErrors({ type, properties, required = [] }: Schema, key: string, at: FieldPath): FieldError[] {
  const member = properties?.[key];
  const where = at.child('properties').key(key);
  if (!member) return [];
  const errors: FieldError[] = [];
  if (member.type === 'array' || member.type === 'object')
    errors.push(fieldInvalid(where.child('type'), type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
  const must = (what: string): string => `this property is in x-kubernetes-list-map-keys, so it ${what}`;
  if (!required.includes(key) && member.default === undefined)
    errors.push(fieldRequired(where.child('default'), must('must have a default or be a required property')));
  if (member.nullable) errors.push(fieldForbidden(where.child('nullable'), must('cannot be nullable')));
  return errors;
}

function elementErrors(schema: Schema, at: FieldPath): FieldError[] {
  if (!isUnique(schema) || !schema.items?.nullable) return [];
  const detail = `cannot be nullable when x-kubernetes-list-type is ${schema['x-kubernetes-list-type']}`;
  return [fieldForbidden(at.child('items', 'nullable'), detail)];
}
