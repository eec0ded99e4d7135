import type { Checked } from './check.ts';
import type { Overload } from './declare.ts';
import { EvaluationError } from './errors.ts';
import type { ConstExpr, Expr } from './expr.ts';
import { Uint } from './values.ts';

const conversions = new Set(['bool', 'bytes', 'double', 'duration', 'dyn', 'int', 'string', 'timestamp', 'uint']);
const searches = new Set(['matches', 'find', 'findAll']);

/** What is wrong with the constants of an expression: patterns that are none, and what cannot be converted. It is found before anything runs. */
export function constantFault({ calls }: Checked): string | undefined {
  for (const [expr, { overloads, operands }] of calls) {
    const [overload] = overloads;
    const args = expr.kind === 'call' ? knownArguments(expr.fn, operands) : undefined;
    const fault = overload && args && faultOf(overload, args);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** To try a call with: a search is tried on no text. Undefined for calls that are no such ones, or wait for a value. */
function knownArguments(fn: string, [first, second]: readonly Expr[]): unknown[] | undefined {
  if (conversions.has(fn) && !second && isConstant(first)) return [literal(first)];
  return searches.has(fn) && isConstant(second) ? ['', literal(second)] : undefined;
}

function isConstant(expr: Expr | undefined): expr is ConstExpr {
  return expr?.kind === 'const';
}

function literal({ value }: ConstExpr): unknown {
  return typeof value === 'object' && value !== null && 'uint' in value ? new Uint(value.uint) : value;
}

function faultOf(overload: Overload, args: readonly unknown[]): string | undefined {
  try {
    overload.run(args);
  } catch (error) {
    if (error instanceof EvaluationError) return error.message;
    throw error;
  }
  return undefined;
}
