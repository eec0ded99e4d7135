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
} from '@keelson/machinery';
import { hasFormat } from './formats.ts';
import { counterparts } from './lists.ts';
import { nearest } from './nearest.ts';
import { fits } from './pattern.ts';
import { isMap, memberSchema, type Schema } from './schema.ts';

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
    ...(typeof value === 'number' ? numberErrors(value, schema, path) : []),
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
  if (wanted.length === 0 || wanted.includes(found)) return [];
  if (found === 'integer' && wanted.includes('number')) return [];
  return [fieldTypeInvalid(place(path), found, `${path} in body must be of type ${wanted.join(',')}: ${JSON.stringify(found)}`)];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** The whole has no path; upstream prints that as Go prints nothing. */
function place(path: string): string {
  return path || '<nil>';
}

function enumErrors(value: unknown, schema: Schema, path: string): FieldError[] {
  if (!schema.enum) return [];
  const text = goJson(value);
  if (schema.enum.some((one) => goJson(one) === text)) return [];
  const supported = schema.enum.map((one) => (typeof one === 'string' ? one : goJson(one)));
  return [fieldUnsupported(place(path), value, supported)];
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

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63],
};

function numberErrors(value: number, schema: Schema, path: string): FieldError[] {
  const { type, minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format } = schema;
  const wrong: string[] = [];
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum))
    wrong.push(`should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum))
    wrong.push(`should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  if (multipleOf && !Number.isInteger(Number((value / multipleOf).toPrecision(15)))) wrong.push(`should be a multiple of ${multipleOf}`);
  const [low, high] = ranges[format ?? ''] ?? [-Infinity, Infinity];
  if (value < low || value > high) wrong.push(`must be of type ${format}: ${JSON.stringify(String(value))}`);
  const errors = wrong.map((what) => fieldInvalid(place(path), value, `${path} in body ${what}`));
  if (type !== 'integer' || Number.isInteger(value)) return errors;
  const wanted = format ? `with format ${format}` : '(default format)';
  return [fieldInvalid('<nil>', '', `Checked value must be of type integer ${wanted} in ${path}`), ...errors];
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

function mapErrors(value: Readonly<Record<string, unknown>>, schema: Schema, path: string, old: unknown): FieldError[] {
  const { required = [], minProperties, maxProperties } = schema;
  const names = Object.keys(value);
  if (minProperties !== undefined && names.length < minProperties)
    return [fieldInvalid(place(path), value, `${path} in body should have at least ${minProperties} properties`)];
  if (maxProperties !== undefined && names.length > maxProperties) return [fieldTooMany(place(path), names.length, maxProperties)];
  const errors: FieldError[] = [];
  const under = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const name of names) {
    const member = memberSchema(schema, name);
    if (!member || value[name] === undefined) continue;
    errors.push(...validateValue(value[name], member, under(name), isMap(old) ? old[name] : undefined));
  }
  for (const name of required) if (value[name] === undefined) errors.push(fieldRequired(under(name)));
  return errors;
}
