import { errorMessage } from '@keelson/base';
import { admissionScope, CompileError, dyn, Program, type Scope } from '@keelson/cel';

/** Of webhooks; a policy's may name its parameters as well. */
const scopes = { webhook: admissionScope({}), policy: admissionScope({ params: dyn, namespace: true }) };
const programs = new Map<string, Program>();
const mostPrograms = 10_000;

/** Whose condition it is decides what it may name. */
export type ConditionOwner = keyof typeof scopes;

/** The compiled condition, kept. @throws Error saying why an expression is none. */
export function conditionProgram(expression: string, owner: ConditionOwner = 'webhook'): Program {
  const key = `${owner} ${expression}`;
  const known = programs.get(key);
  if (known) return known;
  const made = typedProgram(expression, scopes[owner], ['bool']);
  if (programs.size >= mostPrograms) programs.clear();
  programs.set(key, made);
  return made;
}

/** @throws Error saying why, when the expression does not compile or is not exactly of one of the types wanted. */
export function typedProgram(expression: string, scope: Scope, types: readonly string[]): Program {
  const program = new Program(expression, scope);
  const [single] = types;
  if (types.length === 0 || types.includes(program.typeText)) return program;
  const wanted = types.length === 1 ? single : `one of [${types.join(' ')}]`;
  throw new Error(`must evaluate to ${wanted} but got ${program.typeText}`);
}

/** Why an expression was refused, in upstream's words. */
export function compileProblem(error: unknown): string {
  return error instanceof CompileError ? `compilation failed: ${error.message}` : errorMessage(error);
}
