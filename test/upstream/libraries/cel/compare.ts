import type { Random } from '@keelson/base';
import {
  admissionScope,
  type CelType,
  CompileError,
  declare,
  dyn,
  library,
  mutationScope,
  Program,
  type Scope,
  sizesOf,
  toCel,
  typedCel,
} from '@keelson/cel';
import { type Comparison, type Difference, differing } from '../../comparison.ts';
import { randomGarble } from './garble.ts';
import { randomExpression } from './grammar.ts';
import { mutations } from './mutations.ts';
import { type Question, variables } from './questions.ts';
import { written } from './written.ts';

type Values = Record<string, unknown>;

function scopeOf({ Variables }: Question): { scope: Scope; values: Values } {
  const declared: Record<string, CelType> = {};
  const values: Values = {};
  for (const [name, { Schema, Value }] of Object.entries(Variables)) {
    declared[name] = (Schema && declare(Schema, { name: `${name}Type` })?.type) ?? dyn;
    values[name] = Schema ? typedCel(Value, Schema) : toCel(Value);
  }
  return { scope: { functions: library, variables: declared }, values };
}

const unbounded = 2 ** 64;
/** Digits of large costs that both count alike. */
const digits = 9;
const told = (cost: number): number | string => (cost >= unbounded ? 'unbounded' : Number(cost.toPrecision(digits)));

/** What ours says of an expression of a policy that mutates. */
function oursInAdmission({ Expression }: Question): Values {
  try {
    return { type: new Program(Expression, mutationScope(admissionScope({ params: dyn, namespace: true }))).typeText };
  } catch (error) {
    const lead = error instanceof CompileError ? 'compilation failed: ' : '';
    return { problem: lead + (error as Error).message };
  }
}

/** What ours says, in the words and the order of upstream's program. */
export function ours(question: Question): Values {
  const { scope, values } = scopeOf(question);
  let program: Program;
  try {
    program = new Program(question.Expression, scope);
  } catch (error) {
    return { problem: (error as Error).message };
  }
  const { min, max } = program.estimate(sizesOf(scope.variables.self ?? dyn));
  const found = program.evaluate(values);
  return {
    type: program.typeText,
    ...(found.type === 'error' ? { error: found.error.message } : { value: written(found.value) }),
    ...{ cost: found.cost, min: told(min), max: told(max) },
  };
}

function randomQuestion(random: Random): Question {
  return { Expression: randomExpression(random), Variables: variables };
}

/** Large costs as far as both count alike. What a failure cost is left out: only a budget sees it, and by a few. */
export function plain(answer: unknown): Values {
  const { min, max, cost, ...rest } = answer as { min?: unknown; max?: unknown; cost?: unknown } & Values;
  const bound = (one: unknown): unknown => (typeof one === 'number' ? told(one) : one);
  return { ...rest, ...('error' in rest ? {} : { cost }), min: bound(min), max: bound(max) };
}

/** Differences that are left, by what upstream says. */
const reasons: readonly (readonly [said: RegExp, reason: string])[] = [
  [/missing method Add/, 'the library asked is newer than the one of 1.36, and falls over its own count of costs'],
  [/lists\.range: size must be non-negative/, 'the library asked is newer than the one of 1.36, which makes empty lists of negative sizes'],
  [/invalid RFC 3339 timestamp/, 'the library asked is newer than the one of 1.36, which says that text is no timestamp'],
  [/"panic: /, 'upstream falls over what is optional, or of any type, among the elements of a list'],
  [/invalid qualifier type/, 'keys of other types are named by their Go types'],
  [/join: invalid input: \{/, 'maps are shown in no order'],
  [/\berror, error\b/, 'lists of a schema with keys and other lists have no sum'],
];

/** The mistakes in the syntax that an answer tells of. */
function mistakes(answer: unknown): readonly string[] {
  return String((answer as Values).problem ?? '').match(/\d+:\d+: (?:Syntax error|invalid argument to has\(\)).*/g) ?? [];
}

/** Whether both find a mistake in the syntax, one the same, and more of them are found by one. */
function recoversElsewhere({ theirs, ours: own }: Difference): boolean {
  const [first, second] = [mistakes(theirs), mistakes(own)];
  return Math.max(first.length, second.length) > 1 && first.some((mistake) => second.includes(mistake));
}

function reasonFor(difference: Difference): string | undefined {
  const { question, theirs, ours: own } = difference;
  if (recoversElsewhere(difference)) return 'after a first mistake in the syntax the parser goes on elsewhere';
  const [first, second] = [theirs, own].map((answer) => JSON.stringify({ ...(answer as Values), cost: 0 }));
  if (first === second) return 'what fails beside what decides costs more upstream, as nobody can see';
  const known = reasons.find(([said]) => said.test(JSON.stringify(theirs)))?.[1];
  if (known !== undefined || typeof question !== 'string') return known;
  if (/\b(add|sub)\(.*asInteger/.test(question)) return 'upstream takes a sum of fractions for no integer';
  if (/\b(add|sub)\(/.test(question) && /"error":"no such overload"/.test(second ?? '') !== /"error":"no such overload"/.test(first ?? ''))
    return 'upstream finds nothing equal to a sum that stands on the right';
  if (/\.find(All)?\(/.test(question) && /no such overload/.test(first ?? '') && /no such overload/.test(second ?? ''))
    return 'upstream tells no types where a pattern is constant';
  if (question.includes('asApproximateFloat')) return 'upstream rounds where it multiplies by a power of ten';
  if (/\burl\(url\(/.test(question)) return 'upstream bounds what a URL of a URL costs by a longer text';
  return /\.(sort|sortBy|reverse)\(|self\.lo\b/.test(question)
    ? 'upstream forgets what lists it sorted, or that have keys, are made of'
    : undefined;
}

/** Expressions: what is wrong with them, their types, what they come to, what they cost and may cost. */
export const compare: Comparison = async ({ oracle, random, cases }) => {
  const questions = Array.from({ length: cases }, () => randomQuestion(random));
  const garbled = Array.from({ length: cases }, () => ({ Expression: randomGarble(random), Variables: variables }));
  const patches = mutations.map((Expression) => ({ Expression, Variables: {}, Admission: true }));
  const all = [...questions, ...garbled, ...patches];
  const theirs = (await oracle.ask(all)).map(plain);
  const own = all.map((question) => plain('Admission' in question ? oursInAdmission(question) : ours(question)));
  return differing(
    all.map(({ Expression }) => Expression),
    theirs,
    own,
    reasonFor,
  );
};
