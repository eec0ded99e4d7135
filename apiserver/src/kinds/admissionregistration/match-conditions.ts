import { errorMessage } from '@keelson/base';
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
import { conditionProgram } from '../../extensions/cel/conditions.ts';
import { requiredName } from '../field-checks.ts';

const most = 64;

/** Conditions in CEL under which a webhook or policy is asked. */
export function matchConditionErrors(conditions: readonly MatchCondition[] | undefined, at: FieldPath): FieldError[] {
  const seen = new Set<string>();
  const errors = (conditions?.length ?? 0) > most ? [fieldTooMany(at, conditions?.length ?? 0, most)] : [];
  for (const [index, { name, expression }] of (conditions ?? []).entries()) {
    const where = at.index(index);
    if (!expression?.trim()) errors.push(fieldRequired(where.child('expression')));
    else errors.push(...compileErrors(expression, where.child('expression')));
    errors.push(...requiredName(name, isQualifiedName, where.child('name')));
    if (name && seen.has(name)) errors.push(fieldDuplicate(where.child('name'), name));
    seen.add(name);
  }
  return errors;
}

function compileErrors(expression: string, at: FieldPath): FieldError[] {
  try {
    conditionProgram(expression);
    return [];
  } catch (error) {
    return [fieldInvalid(at, expression, `compilation failed: ${errorMessage(error)}`)];
  }
}
