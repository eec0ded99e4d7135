import type { Checked } from './check.ts';
import { EvaluationError, type Issue } from './errors.ts';
import type { CallExpr, ConstExpr, Expr, ListExpr, MapExpr } from './expr.ts';
import { formatIssue } from './library/format-check.ts';
import { regexOf } from './regex/program.ts';
import { type CelType, dyn, sameType, typeText } from './types.ts';

/** What is wrong with an expression whose types are right: what upstream's validators of 1.36 find. */
export function validate(checked: Checked): Issue[] {
  const found: Issue[] = [];
  const typeOf = (expr: Expr): CelType => checked.types.get(expr) ?? dyn;
  const visit = (expr: Expr, mixed: boolean): void => {
    if (expr.kind === 'list' && !mixed) found.push(...listIssues(expr, typeOf));
    if (expr.kind === 'map' && !mixed) found.push(...mapIssues(expr, typeOf));
    if (expr.kind === 'call') found.push(...literalIssues(expr, checked), ...(expr.fn === 'format' ? formatIssue(expr, typeOf) : []));
    for (const part of partsOf(expr)) visit(part, mixed || (expr.kind === 'call' && expr.fn === 'format'));
  };
  visit(checked.expr, false);
  return found;
}

/** The expressions an expression is made of. */
function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target ? [expr.target, ...expr.args] : expr.args;
    case 'list':
      return expr.elements.map(({ value }) => value);
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return expr.entries.map(({ value }) => value);
    case 'fold':
      return [expr.range, expr.start, expr.condition, expr.step, expr.result];
    default:
      return [];
  }
}

type TypeOf = (expr: Expr) => CelType;

function given(value: Expr, optional: boolean, typeOf: TypeOf): CelType {
  const type = typeOf(value);
  return optional && type.kind === 'optional' ? type.of : type;
}

/** All elements have one type. Only the first that has another is told of. */
function listIssues({ elements: [first, ...rest] }: ListExpr, typeOf: TypeOf): Issue[] {
  if (!first) return [];
  const wanted = given(first.value, first.optional, typeOf);
  const other = rest.find(({ value, optional }) => !sameType(wanted, given(value, optional, typeOf)));
  return other ? mismatch(other.value, wanted, given(other.value, other.optional, typeOf)) : [];
}

function mapIssues({ entries: [first, ...rest] }: MapExpr, typeOf: TypeOf): Issue[] {
  if (!first) return [];
  const [key, value] = [typeOf(first.key), given(first.value, first.optional, typeOf)];
  return rest.flatMap((entry) => [
    ...mismatch(entry.key, key, typeOf(entry.key)),
    ...mismatch(entry.value, value, given(entry.value, entry.optional, typeOf)),
  ]);
}

function mismatch({ at }: Expr, wanted: CelType, found: CelType): Issue[] {
  if (sameType(wanted, found)) return [];
  return [{ at, message: `expected type '${typeText(wanted)}' but found '${typeText(found)}'` }];
}

/** Literals that are no duration, no time or no pattern. */
function literalIssues(call: CallExpr, checked: Checked): Issue[] {
  const [literal] = call.args;
  if (literal?.kind !== 'const' || !['duration', 'timestamp', 'matches'].includes(call.fn)) return [];
  const right = call.fn === 'matches' ? isPattern(literal) : isComputable(call, literal, checked);
  return right ? [] : [{ at: literal.at, message: `invalid ${call.fn} argument` }];
}

function isPattern({ value }: ConstExpr): boolean {
  try {
    return typeof value !== 'string' || regexOf(value) !== undefined;
  } catch {
    return false;
  }
}

function isComputable(call: CallExpr, { value }: ConstExpr, { calls }: Checked): boolean {
  if (value === null) return false;
  const [overload] = calls.get(call)?.overloads ?? [];
  try {
    overload?.run([value]);
    return true;
  } catch (error) {
    if (error instanceof EvaluationError) return false;
    throw error;
  }
}
