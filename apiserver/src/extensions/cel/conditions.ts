import { compile, environment, type Program } from './environment.ts';

const env = environment(['object', 'oldObject', 'request']);
const programs = new Map<string, Program>();

/** @throws Error saying why an expression is none. */
export function conditionProgram(expression: string): Program {
  const known = programs.get(expression);
  if (known) return known;
  const made = compile(env, expression, ['bool']);
  programs.set(expression, made);
  return made;
}
