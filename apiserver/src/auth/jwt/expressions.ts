import { dyn, fromCel, library, list, map, object, Program, type Scope, string } from '@keelson/cel';
import { compileProblem } from '../../extensions/cel/conditions.ts';
import { celJson } from './cel-json.ts';

/** What an expression of an issuer's configuration may name: the token's claims, or the user they were mapped to. */
export type Subject = 'claims' | 'user';

const texts = list(string);
const user = object('kubernetes.UserInfo', { username: string, uid: string, groups: texts, extra: map(string, texts) });
const scopes: Readonly<Record<Subject, Scope>> = {
  claims: { functions: library, variables: { claims: map(string, dyn) } },
  user: { functions: library, variables: { user } },
};
const programs = new Map<string, Program>();

/** @throws Error saying why an expression is none. */
function programOf(subject: Subject, expression: string): Program {
  const key = `${subject} ${expression}`;
  const known = programs.get(key);
  if (known) return known;
  const made = new Program(expression, scopes[subject]);
  programs.set(key, made);
  return made;
}

/** Why an expression does not compile, or, for a rule, is none; undefined when it does. What a mapping comes to, only values tell. */
export function problemOf(subject: Subject, expression: string, use: 'rule' | 'mapping'): string | undefined {
  try {
    const { typeText } = programOf(subject, expression);
    return use === 'rule' && typeText !== 'bool' ? 'must evaluate to bool' : undefined;
  } catch (error) {
    return compileProblem(error);
  }
}

/** Whether an expression selects this claim by its name, `claims.email` or `claims.?email`; one that does not compile selects none. */
export function selectsClaim(expression: string, claim: string): boolean {
  if (problemOf('claims', expression, 'mapping') !== undefined) return false;
  return [...programOf('claims', expression).checked.types.keys()].some((expr) => {
    if (expr.kind === 'select') return expr.field === claim && isClaims(expr.operand);
    const [owner, field] = expr.kind === 'call' && expr.fn === '_?._' ? expr.args : [];
    return owner !== undefined && isClaims(owner) && field?.kind === 'const' && field.value === claim;
  });
}

function isClaims(expr: { readonly kind: string; readonly name?: string }): boolean {
  return expr.kind === 'ident' && expr.name === 'claims';
}

/** What an expression comes to for these claims or this user, as JSON. @throws Error when it cannot be computed. */
export function evaluate(subject: Subject, expression: string, value: object): unknown {
  return fromCel(programOf(subject, expression).run({ [subject]: celJson(value) }));
}
