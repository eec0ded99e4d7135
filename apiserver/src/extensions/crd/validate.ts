import {
  type FieldError,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  fieldTypeInvalid,
  fieldUnsupported,
  goJson,
} from '@keelson/machinery';
import { hasFormat } from './formats.ts';
import { fits } from './pattern.ts';
import { isMap, memberSchema, type Schema } from './schema.ts';

/**
 * What is wrong with a value by a schema, in the order upstream finds it, with its words: the path as written in JavaScript, the value,
 * and why. Rules in CEL are not looked at.
 */
export function validateValue(value: unknown, schema: Schema, path = ''): FieldError[] {
  if (value === null && schema.nullable) return [];
  const wrongType = typeError(value, schema, path);
  if (wrongType) return [wrongType];
  return [
    ...enumErrors(value, schema, path),
    ...compositionErrors(value, schema, path),
    ...(typeof value === 'string' ? stringErrors(value, schema, path) : []),
    ...(typeof value === 'number' ? numberErrors(value, schema, path) : []),
    ...(Array.isArray(value) ? listErrors(value, schema, path) : []),
    ...(isMap(value) ? mapErrors(value, schema, path) : []),
  ];
}

function typeError(value: unknown, schema: Schema, path: string): FieldError | undefined {
  const wanted = schema['x-kubernetes-int-or-string'] ? ['integer', 'string'] : schema.type ? [schema.type] : [];
  const found = typeOf(value);
  if (wanted.length === 0 || wanted.includes(found)) return undefined;
  if (found === 'integer' && wanted.includes('number')) return undefined;
  return fieldTypeInvalid(place(path), found, `${path} in body must be of type ${wanted.join(',')}: ${JSON.stringify(found)}`);
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

function compositionErrors(value: unknown, { allOf, anyOf, oneOf, not }: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const fits = (schema: Schema): boolean => validateValue(value, schema, path).length === 0;
  const must = (what: string): FieldError => fieldInvalid('<nil>', '', `${JSON.stringify(path)} must ${what}`);
  if (anyOf?.length && !anyOf.some(fits)) errors.push(must('validate at least one schema (anyOf)'));
  const matching = oneOf?.length ? oneOf.filter(fits).length : 1;
  if (matching !== 1) errors.push(must(`validate one and only one schema (oneOf). Found ${matching === 0 ? 'none' : matching} valid`));
  for (const schema of allOf ?? []) errors.push(...validateValue(value, schema, path));
  if (allOf?.some((schema) => !fits(schema))) errors.push(must('validate all the schemas (allOf)'));
  if (not && fits(not)) errors.push(must('not validate the schema (not)'));
  return errors;
}

function stringErrors(value: string, { minLength, maxLength, pattern, format }: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const length = [...value].length;
  if (maxLength !== undefined && length > maxLength) errors.push(fieldTooLong(place(path), maxLength));
  if (minLength !== undefined && length < minLength)
    errors.push(fieldInvalid(place(path), value, `${path} in body should be at least ${minLength} chars long`));
  if (pattern && !fits(value, pattern)) errors.push(fieldInvalid(place(path), value, `${path} in body should match '${pattern}'`));
  if (format && !hasFormat(value, format))
    errors.push(fieldInvalid(place(path), value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`));
  return errors;
}

const ranges: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63],
};

function numberErrors(value: number, schema: Schema, path: string): FieldError[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format } = schema;
  const wrong: string[] = [];
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum))
    wrong.push(`should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum))
    wrong.push(`should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  if (multipleOf && !Number.isInteger(Number((value / multipleOf).toPrecision(15)))) wrong.push(`should be a multiple of ${multipleOf}`);
  const [low, high] = ranges[format ?? ''] ?? [-Infinity, Infinity];
  if (value < low || value > high) wrong.push(`must be of type ${format}: ${JSON.stringify(String(value))}`);
  return wrong.map((what) => fieldInvalid(place(path), value, `${path} in body ${what}`));
}

function listErrors(value: readonly unknown[], schema: Schema, path: string): FieldError[] {
  const { items, minItems, maxItems } = schema;
  const errors: FieldError[] = [];
  if (maxItems !== undefined && value.length > maxItems) errors.push(fieldTooMany(place(path), value.length, maxItems));
  if (minItems !== undefined && value.length < minItems)
    errors.push(fieldInvalid(place(path), value, `${path} in body should have at least ${minItems} items`));
  if (items) for (const [index, element] of value.entries()) errors.push(...validateValue(element, items, `${path}[${index}]`));
  return errors;
}

function mapErrors(value: Readonly<Record<string, unknown>>, schema: Schema, path: string): FieldError[] {
  const { required = [], minProperties, maxProperties } = schema;
  const names = Object.keys(value);
  const errors: FieldError[] = [];
  if (maxProperties !== undefined && names.length > maxProperties) errors.push(fieldTooMany(place(path), names.length, maxProperties));
  if (minProperties !== undefined && names.length < minProperties)
    errors.push(fieldInvalid(place(path), value, `${path} in body should have at least ${minProperties} properties`));
  const under = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const name of required) if (value[name] === undefined) errors.push(fieldRequired(under(name)));
  for (const name of names) {
    const member = memberSchema(schema, name);
    if (member && value[name] !== undefined) errors.push(...validateValue(value[name], member, under(name)));
  }
  return errors;
}
