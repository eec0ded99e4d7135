import type { Issue } from '../errors.ts';
import type { CallExpr, Expr } from '../expr.ts';
import type { CelType } from '../types.ts';
import { typeText } from '../types.ts';
import { type Clause, clauses, FormatError } from './format-clauses.ts';

type TypeOf = (expr: Expr) => CelType;

/** What is wrong with a pattern that is written out and the list of arguments written out with it. */
export function formatIssue({ target, args: [list], at }: CallExpr, typeOf: TypeOf): Issue[] {
  if (target?.kind !== 'const' || typeof target.value !== 'string' || list?.kind !== 'list') return [];
  const values = list.elements.map(({ value }) => value);
  let next = 0;
  try {
    for (const clause of clauses(target.value)) {
      if (typeof clause === 'string') continue;
      const value = values[next];
      if (!value) return [{ at, message: `index ${next} out of range` }];
      next++;
      const wrong = wrongPart(clause, value, typeOf);
      if (wrong) return [{ at: wrong.at, message: `error during formatting: ${clause.problem(runtimeName(typeOf(wrong)))}` }];
    }
  } catch (error) {
    if (error instanceof FormatError) return [{ at, message: error.message }];
    throw error;
  }
  if (next === values.length) return [];
  return [{ at, message: `too many arguments supplied to string.format (expected ${next}, got ${values.length})` }];
}

/** The part of an argument that a clause cannot show; text shows what is in lists and maps. */
function wrongPart(clause: Clause, value: Expr, typeOf: TypeOf): Expr | undefined {
  const { kind } = typeOf(value);
  if (kind !== 'dyn' && !clause.kinds.includes(kind)) return value;
  if (clause.verb !== 's') return undefined;
  const parts =
    value.kind === 'list'
      ? value.elements.map((element) => element.value)
      : value.kind === 'map'
        ? value.entries.flatMap((entry) => [entry.key, entry.value])
        : [];
  return parts.map((part) => wrongPart(clause, part, typeOf)).find((part) => part !== undefined);
}

/** A type without what it is made of. */
function runtimeName(type: CelType): string {
  return typeText(type, true).replace(/\(.*$/s, '');
}
