import { errorMessage } from '@keelson/base';
import { type Evaluation, EvaluationError, Optional, type Program, typedCel } from '@keelson/cel';
import { equal, type FieldError, fieldDuplicate, fieldForbidden, fieldInvalid, fieldRequired } from '@keelson/machinery';
import { outOfBudget, rulesBudget } from '../cel/budget.ts';
import { type CompiledRule, compiledRules } from './rules-compile.ts';
import { isMap, memberSchema, type Schema, type ValidationRule } from './schema.ts';
import { validateValue } from './validate.ts';

/** Whether any value of the schema has rules: most have none, and are not walked. */
export function hasRules(schema: Schema): boolean {
  const { properties = {}, items, additionalProperties } = schema;
  const below = [...Object.values(properties), items, typeof additionalProperties === 'object' ? additionalProperties : undefined];
  return (schema['x-kubernetes-validations']?.length ?? 0) > 0 || below.some((child) => child !== undefined && hasRules(child));
}

const notChecked =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

/** Values that are no such values at all cannot be asked about. */
const blocking: ReadonlySet<FieldError['type']> = new Set(['Unsupported', 'Required', 'TooLong', 'TooMany', 'TypeInvalid']);

/**
 * What breaks the rules of a schema. Rules that name `oldSelf` are asked of changes only, and what did not change is not blamed for what
 * it was before. All rules of a write have one budget.
 */
export function ruleErrors(value: unknown, old: unknown, schema: Schema): FieldError[] {
  if (validateValue(value, schema).some(({ type }) => blocking.has(type))) return [fieldInvalid('<nil>', null, notChecked)];
  const check = new RuleCheck(rulesBudget);
  check.value(value, old, schema, '');
  return check.errors;
}

/** One value, and what it was. */
interface Subject {
  readonly value: unknown;
  readonly old: unknown;
  readonly path: string;
}

class RuleCheck {
  readonly errors: FieldError[] = [];
  #budget: number;
  /** Whether no more rules are to be asked. */
  #ended = false;

  constructor(budget: number) {
    this.#budget = budget;
  }

  value(value: unknown, old: unknown, schema: Schema, path: string): void {
    if (this.#ended || value === undefined || value === null || (old !== undefined && equal(value, old))) return;
    this.#own({ value, old, path }, schema);
    this.#below(value, old, schema, path);
  }

  #below(value: unknown, old: unknown, schema: Schema, path: string): void {
    const { items } = schema;
    if (Array.isArray(value)) {
      if (!items || !mayHaveRules(items)) return;
      for (const [index, one] of value.entries()) this.value(one, counterpart(one, old, schema), items, `${path}[${index}]`);
      return;
    }
    if (!isMap(value)) return;
    for (const [name, member] of Object.entries(value)) {
      const nested = memberSchema(schema, name);
      if (nested && mayHaveRules(nested)) this.value(member, isMap(old) ? old[name] : undefined, nested, path ? `${path}.${name}` : name);
    }
  }

  #own(subject: Subject, schema: Schema): void {
    if (!schema['x-kubernetes-validations']?.length) return;
    const root = subject.path === '';
    const { rules } = compiledRules(schema, root);
    const self = convert(subject.value, schema, root);
    const before = subject.old === undefined ? undefined : convert(subject.old, schema, root);
    for (const rule of rules) {
      if (this.#ended) return;
      if (rule.usesOld && before === undefined && !rule.rule.optionalOldSelf) continue;
      this.#ask(rule, subject, { self, oldSelf: rule.rule.optionalOldSelf ? optionally(before) : before });
    }
  }

  #ask(compiled: CompiledRule, { value, path }: Subject, values: Values): void {
    const { rule, test } = compiled;
    const found = test.type === 'program' ? this.#evaluate(test.program, values) : undefined;
    if (found?.type === 'value') {
      if (found.value === true) return;
      const place = (path + (rule.fieldPath ?? '')).replace(/^\./, '') || '<nil>';
      this.errors.push(refusal(rule, place, typeName(value), this.#message(compiled, values)));
      return;
    }
    const why = test.type === 'problem' ? `rule compile error: ${test.why}` : found ? this.#failure(found.error, rule) : outOfBudget;
    this.errors.push(fieldInvalid(path || '<nil>', typeName(value), why));
  }

  /** Undefined when there is nothing left to spend. */
  #evaluate(program: Program, values: Values): Evaluation | undefined {
    const failed = Object.values(values).find((one) => one instanceof EvaluationError);
    if (failed instanceof EvaluationError) return { type: 'error', error: failed, cost: 0 };
    const found = program.evaluate(values);
    this.#budget -= found.cost;
    if (this.#budget >= 0) return found;
    this.#ended = true;
    return undefined;
  }

  #failure(error: Error, rule: ValidationRule): string {
    const message = errorMessage(error);
    const words = rule.message?.trim() || rule.rule.trim();
    if (message.startsWith('no such overload'))
      return `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${words}`;
    if (!message.startsWith('operation cancelled')) return `${message} evaluating rule: ${words}`;
    this.#ended = true;
    return `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${words}`;
  }

  #message({ rule, message: computed }: CompiledRule, values: Values): string {
    const fixed = rule.message?.trim() || `failed rule: ${rule.rule.trim()}`;
    if (computed?.type !== 'program') return fixed;
    const found = this.#evaluate(computed.program, values);
    const words = found?.type === 'value' && typeof found.value === 'string' ? found.value.trim() : '';
    return words === '' || words.length > longestMessage || words.includes('\n') ? fixed : words;
  }
}

type Values = Readonly<Record<string, unknown>>;

/** Characters of a computed message. */
const longestMessage = 5 * 1024;

const ruled = new WeakMap<Schema, boolean>();

function mayHaveRules(schema: Schema): boolean {
  const known = ruled.get(schema);
  if (known !== undefined) return known;
  const found = hasRules(schema);
  ruled.set(schema, found);
  return found;
}

/** Values that do not read as their format says are what each rule about them fails with. */
function convert(value: unknown, schema: Schema, root: boolean): unknown {
  try {
    return typedCel(value, schema, root || schema['x-kubernetes-embedded-resource'] === true);
  } catch (error) {
    return new EvaluationError(errorMessage(error));
  }
}

function optionally(before: unknown): unknown {
  return before === undefined ? Optional.none : Optional.of(before);
}

/** An element before the change: only lists whose elements have keys know. */
function counterpart(element: unknown, old: unknown, schema: Schema): unknown {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'map' || !keys || !Array.isArray(old) || !isMap(element)) return undefined;
  return old.find((one) => isMap(one) && keys.every((key) => equal(one[key], element[key])));
}

function refusal({ reason }: ValidationRule, at: string, value: string, message: string): FieldError {
  if (reason === 'FieldValueForbidden') return fieldForbidden(at, message);
  if (reason === 'FieldValueRequired') return fieldRequired(at, message);
  if (reason === 'FieldValueDuplicate') return fieldDuplicate(at, value);
  return fieldInvalid(at, value, message);
}

/** Values are told by their type: whole ones would be too long. */
function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (isMap(value)) return 'object';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}
