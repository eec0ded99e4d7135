import {
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldUnsupported,
  repeats,
} from '@keelson/machinery';
import { itemsForm } from './internal-form.ts';
import type { Schema } from './schema.ts';

/** What is wrong with how a schema says that its lists and maps merge. */
export function mergeErrors(schema: Schema, at: FieldPath): FieldError[] {
  return [
    ...mapTypeErrors(schema, at),
    ...listTypeErrors(schema, at),
    ...keysErrors(schema, at),
    ...elementErrors(schema, at.child('items')),
  ];
}

function mapTypeErrors({ type, 'x-kubernetes-map-type': mapType }: Schema, at: FieldPath): FieldError[] {
  if (mapType === undefined) return [];
  const known = ['atomic', 'granular'];
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
  return type === 'object' && mapType !== 'atomic' ? [fieldInvalid(at.child('x-kubernetes-map-type'), listType ?? null, detail)] : [];
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
  if (Array.isArray(items))
    return [
      ...errors,
      fieldInvalid(at.child('items'), itemsForm(items), 'must only have a single schema if x-kubernetes-list-type is map'),
    ];
  if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map";
    return [...errors, fieldInvalid(at.child('items', 'type'), items.type ?? '', detail)];
  }
  const again = repeats(keys);
  return [...errors, ...keys.flatMap((key, index) => keyErrors(schema, key, again.has(index), at))];
}

function keyErrors({ items, 'x-kubernetes-list-map-keys': keys }: Schema, key: string, again: boolean, at: FieldPath): FieldError[] {
  const type = items?.properties?.[key]?.type;
  const where = at.child('x-kubernetes-list-map-keys');
  const errors: FieldError[] = [];
  if (!items?.properties?.[key]) errors.push(fieldInvalid(where, keys, 'entries must all be names of item properties'));
  else if (type === 'array' || type === 'object') {
    const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    errors.push(fieldInvalid(at.child('items', 'properties').key(key).child('type'), items.type, detail));
  }
  if (again) errors.push(fieldInvalid(where, keys, 'must not contain duplicate entries'));
  return errors;
}

function elementErrors(schema: Schema, at: FieldPath): FieldError[] {
  const { items, 'x-kubernetes-list-type': listType, 'x-kubernetes-list-map-keys': keys = [] } = schema;
  if (!items || (listType !== 'set' && listType !== 'map')) return [];
  const errors = items.nullable
    ? [fieldForbidden(at.child('nullable'), `cannot be nullable when x-kubernetes-list-type is ${listType}`)]
    : [];
  return listType === 'map' ? [...errors, ...keys.flatMap((key) => neededErrors(items, key, at.child('properties').key(key)))] : errors;
}

function neededErrors({ properties, required = [] }: Schema, key: string, at: FieldPath): FieldError[] {
  const member = properties?.[key];
  if (!member) return [];
  const must = (what: string): string => `this property is in x-kubernetes-list-map-keys, so it ${what}`;
  const errors: FieldError[] = [];
  if (!required.includes(key) && member.default === undefined)
    errors.push(fieldRequired(at.child('default'), must('must have a default or be a required property')));
  if (member.nullable) errors.push(fieldForbidden(at.child('nullable'), must('cannot be nullable')));
  return errors;
}
