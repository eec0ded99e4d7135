import type { CallExpr, Expr } from './expr.ts';
import { access, type IndexCost } from './steps.ts';

/** Upstream reads a chain of names and fields as one attribute; on anything else a selection costs once more. */
export function isAttribute(expr: Expr): boolean {
  if (expr.kind === 'ident') return true;
  if (expr.kind === 'select') return !expr.test;
  return expr.kind === 'call' && ['_[_]', '_?._', '_[?_]', '_?_:_'].includes(expr.fn);
}

function isChoice(expr: Expr): boolean {
  return expr.kind === 'call' && expr.fn === '_?_:_';
}

/** Of what a condition chooses, upstream counts the fields and not the variable they begin with. */
export function branchCost(branch: Expr): number {
  return isAttribute(branch) && !isChoice(branch) ? -access : 0;
}

/** A key that is read itself costs no more than that, unless it leads nowhere, when it costs less. */
export function indexCost({ args: [owner, key] }: CallExpr): IndexCost {
  const base = owner && isAttribute(owner) ? 0 : access;
  return key && isAttribute(key) && !isChoice(key) ? { base, found: 0, missing: -access } : { base, found: access, missing: 0 };
}
