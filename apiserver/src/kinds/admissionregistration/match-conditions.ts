import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  fieldTooMany,
  isQualifiedName,
} from '@keelson/machinery';
import type { MatchCondition } from '@keelson/types';
import { type ConditionOwner, compileProblem, conditionProgram } from '../../extensions/cel/conditions.ts';
import { requiredName } from '../field-checks.ts';

const most = 64;

/** Conditions in CEL under which a webhook or policy is asked. */
export function matchConditionErrors(
  conditions: readonly MatchCondition[] | undefined,
  at: FieldPath,
  owner: ConditionOwner = 'webhook',
): FieldError[] {
  const seen = new Set<string>();
  const errors = (conditions?.length ?? 0) > most ? [fieldTooMany(at, conditions?.length ?? 0, most)] : [];
  for (const [index, { name, expression }] of (conditions ?? []).entries()) {
    const where = at.index(index);
    if (!expression?.trim()) errors.push(fieldRequired(where.child('expression')));
    else errors.push(...compileErrors(expression, where.child('expression'), owner));
    errors.push(...requiredName(name, isQualifiedName, where.child('name')));
    if (name && seen.has(name)) errors.push(fieldDuplicate(where.child('name'), name));
    seen.add(name);
  }
  return errors;
}

function compileErrors(expression: string, at: FieldPath, owner: ConditionOwner): FieldError[] {
  try {
    conditionProgram(expression, owner);
    return [];
  } catch (error) {
    return [fieldInvalid(at, expression, compileProblem(error))];
  }
}
