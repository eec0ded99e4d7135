import { errorMessage } from '@keelson/base';
import { type Evaluation, EvaluationError, Optional, type Program, typedCel } from '@keelson/cel';
import {
  equal,
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  formatFieldError,
  inOrder,
  omitted,
} from '@keelson/machinery';
import { outOfBudget, rulesBudget } from '../cel/budget.ts';
import { counterparts } from './lists.ts';
import { type CompiledRule, compiledRules } from './rules-compile.ts';
import { isMap, memberPath, memberSchema, type Schema, somewhere, type ValidationRule } from './schema.ts';

/** Whether any value of the schema has rules: most have none, and are not walked. */
export function hasRules(schema: Schema): boolean {
  return somewhere(schema, ({ 'x-kubernetes-validations': rules = [] }) => rules.length > 0);
}

/** What the rules of a schema say of a write. */
export interface RuleFindings {
  readonly errors: readonly FieldError[];
  /** Of rules broken by values that were so before: those are taken as they are. */
  readonly warnings: readonly string[];
}

/**
 * What breaks the rules of a schema. Rules that name `oldSelf` are asked of changes only; a value that did not change is not blamed for the
 * others. All rules of a write have one budget. @param value one that the rest of the schema allows.
 */
export function checkRules(value: unknown, old: unknown, schema: Schema): RuleFindings {
  const check = new RuleCheck(rulesBudget);
  check.value({ value, old, path: '', unchanged: false }, schema);
  return check;
}

/** One value, and what it was. */
interface Subject {
  readonly value: unknown;
  readonly old: unknown;
  readonly path: string;
  /** Whether it is part of something that is as it was. */
  readonly unchanged: boolean;
}

class RuleCheck {
  readonly errors: FieldError[] = [];
  readonly warnings: string[] = [];
  #budget: number;
  /** Whether no more rules are to be asked. */
  #ended = false;

  constructor(budget: number) {
    this.#budget = budget;
  }

  value(subject: Subject, schema: Schema): void {
    const { value, old } = subject;
    if (this.#ended || value === undefined || value === null || !mayHaveRules(schema)) return;
    const unchanged = !typeMeta.has(subject.path) && (subject.unchanged || (old !== undefined && equal(value, old)));
    this.#own({ ...subject, unchanged }, schema);
    this.#below({ ...subject, unchanged }, schema);
  }

  #below({ value, old, path, unchanged }: Subject, schema: Schema): void {
    const { items } = schema;
    if (Array.isArray(value)) {
      if (!items) return;
      const before = counterparts(old, schema);
      for (const [index, one] of value.entries()) this.value({ value: one, old: before(one), path: `${path}[${index}]`, unchanged }, items);
    } else if (isMap(value)) {
      const before = isMap(old) ? old : {};
      for (const [name, member] of Object.entries(value)) {
        const nested = memberSchema(schema, name);
        if (nested) this.value({ value: member, old: before[name], path: memberPath(schema, path, name), unchanged }, nested);
      }
    }
  }

  #own(subject: Subject, schema: Schema): void {
    if (!schema['x-kubernetes-validations']?.length) return;
    const root = subject.path === '';
    const { rules } = compiledRules(schema, root);
    const self = convert(subject.value, schema, root);
    const before = subject.old === undefined || subject.old === null ? undefined : convert(subject.old, schema, root);
    for (const rule of rules) {
      if (this.#ended) return;
      if (rule.usesOld && before === undefined && !rule.rule.optionalOldSelf) continue;
      this.#ask(rule, { ...subject, type: schema.type ?? '' }, { self, oldSelf: rule.rule.optionalOldSelf ? optionally(before) : before });
    }
  }

  #ask(compiled: CompiledRule, { value, path, unchanged, type }: Subject & { readonly type: string }, values: Values): void {
    const { rule, test, usesOld } = compiled;
    const found = test.type === 'program' ? this.#evaluate(test.program, values) : undefined;
    if (found?.type === 'value') {
      if (found.value === true) return;
      const place = (path + compiled.fieldPath).replace(/^\./, '') || '<nil>';
      const error = refusal(rule, place, shown(value, type), this.#message(compiled, values));
      if (unchanged && !usesOld) this.warnings.push(formatFieldError(error));
      else this.errors.push(error);
      return;
    }
    const why = test.type === 'problem' ? `rule compile error: ${test.why}` : found ? this.#failure(found.error, rule) : outOfBudget;
    this.errors.push(fieldInvalid(path || '<nil>', type, why));
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

/** What every object says of its kind: it is the same before and after, and may have been another. */
const typeMeta: ReadonlySet<string> = new Set(['apiVersion', 'kind']);

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

function refusal({ reason }: ValidationRule, at: string, value: unknown, message: string): FieldError {
  if (reason === 'FieldValueForbidden') return fieldForbidden(at, message);
  if (reason === 'FieldValueRequired') return fieldRequired(at, message);
  if (reason === 'FieldValueDuplicate') return fieldDuplicate(at, value);
  return fieldInvalid(at, value, message);
}

/** Values as a broken rule shows them: whole lists and objects would be too long. */
function shown(value: unknown, type: string): unknown {
  return type === 'object' || type === 'array' ? omitted : inOrder(value);
}
