import { errorMessage } from '@keelson/base';
import { compile, environment, type Program } from '../../extensions/cel/environment.ts';
import { fromCel, toCel } from '../../extensions/cel/values.ts';

/** What an expression of an issuer's configuration may name: the token's claims, or the user they were mapped to. */
export type Subject = 'claims' | 'user';

const environments = { claims: environment(['claims']), user: environment(['user']) };
const programs = new Map<string, Program>();

/** @throws Error saying why an expression is none, or not of one of these types. */
function programOf(subject: Subject, expression: string, types: readonly string[]): Program {
  const key = `${subject} ${types.join()} ${expression}`;
  const known = programs.get(key);
  if (known) return known;
  const made = compile(environments[subject], expression, types);
  programs.set(key, made);
  return made;
}

export const ruleTypes: readonly string[] = ['bool'];
export const textTypes: readonly string[] = ['string'];
/** A text or several; null stands for none. */
export const listTypes: readonly string[] = ['string', 'list', 'list<string>', 'list<dyn>', 'null'];

/** Why an expression does not compile; undefined when it does. */
export function problemOf(subject: Subject, expression: string, types: readonly string[]): string | undefined {
  try {
    programOf(subject, expression, types);
    return undefined;
  } catch (error) {
    return `compilation failed: ${errorMessage(error).split('\n')[0]}`;
  }
}

/** What an expression comes to for these claims or this user, as JSON. @throws Error when it cannot be computed. */
export function evaluate(subject: Subject, expression: string, value: object, types: readonly string[]): unknown {
  return fromCel(programOf(subject, expression, types)({ [subject]: toCel(value) }));
}
