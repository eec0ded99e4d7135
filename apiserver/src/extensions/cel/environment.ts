import { Program as Compiled, dyn, library, type Scope } from '@keelson/cel';

/** A compiled expression. @throws EvaluationError when it cannot be computed for these values, CostExceeded when that costs too much. */
export type Program = (variables: Readonly<Record<string, unknown>>) => unknown;

/** What an expression may name: variables without declared types. */
export function environment(variables: readonly string[]): Scope {
  return { functions: library, variables: Object.fromEntries(variables.map((name) => [name, dyn])) };
}

/**
 * @param types as messages name them, `list<string>` for a list of text. A value whose type is not known before is let pass.
 * @throws Error saying why, when the expression does not compile or is not of one of the types wanted.
 */
export function compile(scope: Scope, expression: string, types: readonly string[] = []): Program {
  const program = new Compiled(expression, scope);
  const { type, typeText } = program;
  const wanted = types.map((one) => one.replace('<', '(').replace('>', ')'));
  const fits = wanted.includes(typeText) || wanted.includes(type.kind);
  if (types.length > 0 && type.kind !== 'dyn' && !fits) throw new Error(`must evaluate to ${types.join(' or ')}`);
  return (values) => program.run(values);
}
