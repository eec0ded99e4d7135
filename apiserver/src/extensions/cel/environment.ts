import { Environment } from '@marcbachmann/cel-js';

/** A compiled expression. @throws EvaluationError when it cannot be computed for these values. */
export type Program = (variables: Readonly<Record<string, unknown>>) => unknown;

/** What an expression may name: variables without declared types. */
export function environment(variables: readonly string[]): Environment {
  const made = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false, enableOptionalTypes: true });
  for (const name of variables) made.registerVariable(name, 'dyn');
  return made;
}

/** @throws Error saying why, when the expression does not compile or is not of one of the types wanted. */
export function compile(env: Environment, expression: string, types: readonly string[] = []): Program {
  const parsed = env.parse(expression);
  const { valid, type = 'dyn', error } = parsed.check();
  if (!valid) throw error ?? new Error('invalid expression');
  if (types.length > 0 && type !== 'dyn' && !types.includes(type)) throw new Error(`must evaluate to ${types.join(' or ')}`);
  return (values) => parsed(values as Record<string, unknown>);
}
