import {
  equal,
  type FieldError,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  fieldTypeInvalid,
  fieldUnsupported,
  formatFieldError,
  goJson,
  inOrder,
} from '@keelson/machinery';
import { hasFormat, hasMeaning } from './formats.ts';
import { counterparts } from './lists.ts';
import { nearest } from './nearest.ts';
import { fits } from './pattern.ts';
import { isMap, type JsonMap, type Schema } from './schema.ts';
import { numberErrors } from './validate-numbers.ts';

/**
 * What is wrong with a value by a schema, in the order upstream finds it, with its words: the path as written in JavaScript, the value,
 * and why. Rules in CEL are not looked at. Nothing is wrong with a value that is as it was: `old`, where there was one.
 */
export function validateValue(value: unknown, schema: Schema, path = '', old?: unknown): FieldError[] {
  if (old !== undefined && equal(value, old)) return [];
  if (value === null) return [...typeErrors(value, schema, path), ...enumErrors(value, schema, path)];
  const composed = compositionErrors(value, schema, path, old);
  const errors = [
    ...typeErrors(value, schema, path),
    ...composed,
    ...(typeof value === 'string' ? stringErrors(value, schema, path) : []),
    ...(typeof value === 'number' ? numberErrors(value, schema, { path, at: place(path) }) : []),
    ...(Array.isArray(value) ? listErrors(value, schema, path, old) : []),
    ...enumErrors(value, schema, path),
    ...(isMap(value) ? mapErrors(value, schema, path, old) : []),
  ];
  return composed.length > 0 ? distinct(errors) : errors;
}

/** What several schemas say alike is said once. */
function distinct(errors: readonly FieldError[]): FieldError[] {
  return [...new Map(errors.map((error) => [formatFieldError(error), error])).values()];
}

function typeErrors(value: unknown, schema: Schema, path: string): FieldError[] {
  if (value === null && schema.nullable) return [];
  const wanted = schema['x-kubernetes-int-or-string'] ? ['integer', 'string'] : schema.type ? [schema.type] : [];
  const found = typeOf(value);
  const fits = wanted.includes(found) || (found === 'integer' && wanted.includes('number'));
  if (fits) return [];
  const format = value === null || !hasMeaning(schema) ? undefined : schema.format;
  if (wanted.length === 0 && !format) return [];
  const mistyped = (shown: string, type: string): FieldError[] => [
    fieldTypeInvalid(place(path), shown, `${path} in body must be of type ${type}: ${JSON.stringify(shown)}`),
  ];
  if (!format) return mistyped(found, wanted.join(','));
  // Texts and lists are left to the format, unless numbers are wanted; of other values not the type is told, but the format.
  if (typeof value === 'string' || Array.isArray(value)) return numeric(schema) ? mistyped(found, wanted.join(',')) : [];
  const own = found === 'integer' ? 'int64' : found === 'number' ? 'float64' : '';
  return own === format ? [] : mistyped(own, format);
}

function numeric({ type }: Schema): boolean {
  return type === 'integer' || type === 'number';
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  // What is larger than Go's integers is none to Go.
  if (typeof value === 'number') return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63 ? 'integer' : 'number';
  return typeof value;
}

/** The whole has no path; upstream prints that as Go prints nothing. */
function place(path: string): string {
  return path.replace(/^\./, '') || '<nil>';
}

/** Null is never one of them, whatever they are. */
function enumErrors(value: unknown, schema: Schema, path: string): FieldError[] {
  if (!schema.enum?.length) return [];
  if (value !== null && isAmong(value, schema.enum)) return [];
  const supported = schema.enum.map((one) => (typeof one === 'string' ? one : goJson(inOrder(one))));
  return [fieldUnsupported(place(path), inOrder(value), supported)];
}

function isAmong(value: unknown, all: readonly unknown[]): boolean {
  if (typeof value !== 'object') return all.includes(value);
  const text = goJson(inOrder(value));
  return all.some((one) => goJson(inOrder(one)) === text);
}

function compositionErrors(value: unknown, { allOf, anyOf, oneOf, not }: Schema, path: string, old: unknown): FieldError[] {
  const errors: FieldError[] = [];
  const errorsBy = (schema: Schema): FieldError[] => validateValue(value, schema, path, old);
  const fits = (schema: Schema): boolean => errorsBy(schema).length === 0;
  const must = (what: string): FieldError => fieldInvalid('<nil>', '', `${JSON.stringify(path)} must ${what}`);
  if (anyOf?.length && !anyOf.some(fits)) errors.push(must('validate at least one schema (anyOf)'), ...errorsBy(nearest(value, anyOf)));
  const matching = oneOf?.length ? oneOf.filter(fits).length : 1;
  if (matching > 1) errors.push(must(`validate one and only one schema (oneOf). Found ${matching} valid alternatives`));
  if (oneOf && matching === 0)
    errors.push(must('validate one and only one schema (oneOf). Found none valid'), ...errorsBy(nearest(value, oneOf)));
  const unlike = (allOf ?? []).map(errorsBy).filter((found) => found.length > 0);
  if (unlike.length > 0)
    errors.push(...unlike.flat(), must(`validate all the schemas (allOf)${unlike.length === allOf?.length ? '. None validated' : ''}`));
  if (not && fits(not)) errors.push(must('not validate the schema (not)'));
  return errors;
}

function stringErrors(value: string, { minLength, maxLength, pattern, format }: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const length = [...value].length;
  if (maxLength !== undefined && length > maxLength) errors.push(fieldTooLong(place(path), maxLength));
  else if (minLength !== undefined && length < minLength)
    errors.push(fieldInvalid(place(path), value, `${path} in body should be at least ${minLength} chars long`));
  else if (pattern && !fits(value, pattern)) errors.push(fieldInvalid(place(path), value, `${path} in body should match '${pattern}'`));
  if (format && !hasFormat(value, format))
    errors.push(fieldTypeInvalid(place(path), value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`));
  return errors;
}

function listErrors(value: readonly unknown[], schema: Schema, path: string, old: unknown): FieldError[] {
  const { items, minItems, maxItems } = schema;
  const before = counterparts(old, schema);
  const errors = items ? value.flatMap((element, index) => validateValue(element, items, `${path}[${index}]`, before(element))) : [];
  if (minItems !== undefined && value.length < minItems)
    errors.push(fieldInvalid(place(path), value.length, `${path} in body should have at least ${minItems} items`));
  if (maxItems !== undefined && value.length > maxItems) errors.push(fieldTooMany(place(path), value.length, maxItems));
  return errors;
}

function mapErrors(value: JsonMap, schema: Schema, path: string, old: unknown): FieldError[] {
  const { required = [], minProperties = 0, maxProperties = Infinity, properties = {}, additionalProperties } = schema;
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  const errors: FieldError[] = [];
  if (names.length < minProperties)
    errors.push(fieldInvalid(place(path), names.length, `${path} in body should have at least ${minProperties} properties`));
  if (names.length > maxProperties) errors.push(fieldTooMany(place(path), names.length, maxProperties));
  const below = (name: string, member: Schema, at: string): FieldError[] =>
    validateValue(value[name], member, at, isMap(old) ? old[name] : undefined);
  const others = names.filter((name) => !Object.hasOwn(properties, name));
  for (const name of others) {
    if (typeof additionalProperties === 'object') errors.push(...below(name, additionalProperties, `${path}.${name}`));
    else if (additionalProperties === false)
      errors.push(fieldInvalid(place(path), name, `${path}.${name} in body is a forbidden property`));
  }
  for (const [name, member] of Object.entries(properties))
    if (value[name] !== undefined) errors.push(...below(name, member, path === '' ? name : `${path}.${name}`));
  for (const name of required) if (value[name] === undefined) errors.push(fieldRequired(place(`${path}.${name}`)));
  return errors;
}
