import { errorMessage } from '@keelson/base';
import type { Variable } from '@keelson/types';
import { compile, environment, type Program } from '../cel/environment.ts';

/** What expressions of policies may name. */
const env = environment(['object', 'oldObject', 'request', 'params', 'namespaceObject', 'variables']);
/** Programs by expression: policies are few, requests many. */
const programs = new Map<string, Program>();

export type Values = Readonly<Record<string, unknown>>;

/** @throws Error saying why the expression is none, or is not of one of these types. */
export function programOf(expression: string, types: readonly string[] = []): Program {
  const key = `${types.join()} ${expression}`;
  const known = programs.get(key);
  if (known) return known;
  const made = compile(env, expression, types);
  programs.set(key, made);
  return made;
}

/** Why an expression does not compile; undefined when it does. */
export function problemOf(expression: string, types: readonly string[] = []): string | undefined {
  try {
    programOf(expression, types);
    return undefined;
  } catch (error) {
    return `compilation failed: ${errorMessage(error)}`;
  }
}

/** The values with `variables` beside them, each computed when first asked for, from those before it. */
export function withVariables(values: Values, variables: readonly Variable[]): Values {
  const lazy = {};
  const all = { ...values, variables: lazy };
  for (const { name, expression } of variables) {
    let known: { value: unknown } | undefined;
    const get = (): unknown => {
      known ??= { value: programOf(expression)(all) };
      return known.value;
    };
    Object.defineProperty(lazy, name, { enumerable: true, get });
  }
  return all;
}

/** The first line of what went wrong: the rest shows where. */
export function evaluationProblem(expression: string, error: unknown): string {
  return `expression '${expression}' resulted in error: ${errorMessage(error).split('\n')[0]}`;
}
