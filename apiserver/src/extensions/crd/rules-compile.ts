import { type Declared, declare, library, optional, Program, type Scope } from '@keelson/cel';
import { compileProblem } from '../cel/conditions.ts';
import { followPath } from './field-path.ts';
import type { Schema, ValidationRule } from './schema.ts';

/** An expression of a rule: a program, or why it is none. */
export type Compiled = { readonly type: 'program'; readonly program: Program } | { readonly type: 'problem'; readonly why: string };

export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly test: Compiled;
  readonly message: Compiled | undefined;
  /** Where what breaks it is said to be, below the value. */
  readonly fieldPath: string;
  /** Asked of changes only, unless the rule says that there may be nothing before. */
  readonly usesOld: boolean;
}

export interface CompiledRules {
  readonly rules: readonly CompiledRule[];
  /** The type of `self`; undefined for values that expressions cannot see. */
  readonly self: Declared | undefined;
}

const compiled = new WeakMap<Schema, CompiledRules>();

/** The rules of a value, each checked against the value's schema. Kept as long as the schema is. @param root whether it is a whole object. */
export function compiledRules(schema: Schema, root: boolean): CompiledRules {
  const known = compiled.get(schema);
  if (known) return known;
  const self = declare(schema, { name: 'selfType', root: root || schema['x-kubernetes-embedded-resource'] === true });
  // What says nothing is refused elsewhere, and asked nowhere.
  const said = (schema['x-kubernetes-validations'] ?? []).filter(({ rule = '' }) => rule.trim() !== '');
  const rules = said.map((rule) => ({ ...compileRule(rule, self), fieldPath: fieldPathOf(rule, schema) }));
  const made = { rules, self };
  compiled.set(schema, made);
  return made;
}

function compileRule(rule: ValidationRule, self: Declared | undefined): Omit<CompiledRule, 'fieldPath'> {
  const variables: Scope['variables'] = self ? { self: self.type, oldSelf: rule.optionalOldSelf ? optional(self.type) : self.type } : {};
  const scope: Scope = { functions: library, variables };
  const test = compile(rule.rule, scope, 'bool', 'cel expression must evaluate to a bool');
  const words = rule.messageExpression?.trim();
  const message =
    words && test.type === 'program' ? compile(words, scope, 'string', 'messageExpression must evaluate to a string') : undefined;
  return { rule, test, message, usesOld: test.type === 'program' && test.program.mentions('oldSelf') };
}

/** Of a path that leads nowhere, nothing is said. */
function fieldPathOf({ fieldPath = '' }: ValidationRule, schema: Schema): string {
  const found = fieldPath === '' ? '' : followPath(schema, fieldPath, true);
  return typeof found === 'string' ? '' : found.path;
}

function compile(expression: string, scope: Scope, type: string, otherwise: string): Compiled {
  try {
    const program = new Program(expression, scope);
    return program.typeText === type ? { type: 'program', program } : { type: 'problem', why: otherwise };
  } catch (error) {
    return { type: 'problem', why: compileProblem(error) };
  }
}
