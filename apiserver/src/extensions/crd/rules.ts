import { errorMessage } from '@keelson/base';
import { equal, type FieldError, fieldDuplicate, fieldForbidden, fieldInvalid, fieldRequired } from '@keelson/machinery';
import { compile, environment, type Program } from '../cel/environment.ts';
import { toCel } from '../cel/values.ts';
import { isMap, memberSchema, type Schema, type ValidationRule } from './schema.ts';

const env = environment(['self', 'oldSelf']);
const programs = new Map<string, Program>();

/** @throws Error saying why a rule is none. */
export function ruleProgram(rule: string, type: 'bool' | 'string' = 'bool'): Program {
  const key = `${type} ${rule}`;
  const known = programs.get(key);
  if (known) return known;
  const made = compile(env, rule, [type]);
  programs.set(key, made);
  return made;
}

/** Whether any value of the schema has rules: most have none, and are not walked. */
export function hasRules(schema: Schema): boolean {
  const { properties = {}, items, additionalProperties } = schema;
  const below = [...Object.values(properties), items, typeof additionalProperties === 'object' ? additionalProperties : undefined];
  return (schema['x-kubernetes-validations']?.length ?? 0) > 0 || below.some((child) => child !== undefined && hasRules(child));
}

/**
 * What breaks the rules of a schema. Rules that name `oldSelf` are asked of changes only, and what did not change is not blamed for what
 * it was before.
 */
export function ruleErrors(value: unknown, old: unknown, schema: Schema, path = ''): FieldError[] {
  if (value === undefined || value === null || (old !== undefined && equal(value, old))) return [];
  const own = (schema['x-kubernetes-validations'] ?? []).flatMap((rule) => check(rule, value, old, path));
  return [...own, ...below(value, old, schema, path)];
}

function below(value: unknown, old: unknown, schema: Schema, path: string): FieldError[] {
  const { items } = schema;
  if (Array.isArray(value))
    return items ? value.flatMap((one, index) => ruleErrors(one, counterpart(one, old, schema), items, `${path}[${index}]`)) : [];
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const nested = memberSchema(schema, name);
    return nested ? ruleErrors(member, isMap(old) ? old[name] : undefined, nested, path ? `${path}.${name}` : name) : [];
  });
}

/** An element before the change: only lists whose elements have keys know. */
function counterpart(element: unknown, old: unknown, schema: Schema): unknown {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'map' || !keys || !Array.isArray(old) || !isMap(element)) return undefined;
  return old.find((one) => isMap(one) && keys.every((key) => equal(one[key], element[key])));
}

function check(rule: ValidationRule, value: unknown, old: unknown, path: string): FieldError[] {
  const transition = /\boldSelf\b/.test(rule.rule);
  if (transition && old === undefined && !rule.optionalOldSelf) return [];
  const at = (path + (rule.fieldPath ?? '')).replace(/^\./, '') || '<nil>';
  const values = { self: toCel(value), oldSelf: old === undefined ? undefined : toCel(old) };
  try {
    if (ruleProgram(rule.rule)(values) === true) return [];
  } catch (error) {
    return [
      fieldInvalid(at, typeName(value), `rule evaluation error: ${errorMessage(error).split('\n')[0]}: evaluating rule: ${rule.rule}`),
    ];
  }
  return [refusal(rule, at, typeName(value), messageOf(rule, values))];
}

function refusal({ reason }: ValidationRule, at: string, value: string, message: string): FieldError {
  if (reason === 'FieldValueForbidden') return fieldForbidden(at, message);
  if (reason === 'FieldValueRequired') return fieldRequired(at, message);
  if (reason === 'FieldValueDuplicate') return fieldDuplicate(at, value);
  return fieldInvalid(at, value, message);
}

/** Objects and lists are told by their type: whole ones would be too long. */
function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (isMap(value)) return 'object';
  return value as string;
}

function messageOf({ rule, message, messageExpression }: ValidationRule, values: Readonly<Record<string, unknown>>): string {
  const fixed = message?.trim() || `failed rule: ${rule.trim()}`;
  if (!messageExpression) return fixed;
  try {
    const computed = ruleProgram(messageExpression, 'string')(values);
    return typeof computed === 'string' && computed.trim() !== '' ? computed.trim() : fixed;
  } catch {
    return fixed;
  }
}
