import { errorMessage } from '@keelson/base';
import type { MatchCondition } from '@keelson/types';
import type { AdmissionAttributes } from '../../admission/types.ts';
import { Budget, conditionsBudget } from '../cel/budget.ts';
import { type ConditionOwner, conditionProgram } from '../cel/conditions.ts';
import { toCel } from '../cel/values.ts';
import { reviewOf } from './review.ts';

export type Conditions = { readonly type: 'met' } | { readonly type: 'unmet' } | { readonly type: 'failed'; readonly why: string };

export type Values = Readonly<Record<string, unknown>>;

/** What every expression about a write can name, as the version that is shown has it. */
export function requestValues(attributes: AdmissionAttributes): Values {
  const { request } = reviewOf(attributes, '', 'v1') as { request: { object: unknown; oldObject: unknown } };
  const { object, oldObject, ...rest } = request;
  return { object: toCel(object), oldObject: toCel(oldObject), request: toCel(rest) };
}

/** Whether all match conditions hold. One that is false decides, even beside one that cannot be computed. */
export function checkConditions(conditions: readonly MatchCondition[] | undefined, values: Values, owner: ConditionOwner): Conditions {
  if (!conditions?.length) return { type: 'met' };
  const budget = new Budget(conditionsBudget);
  const failures: string[] = [];
  for (const { expression } of conditions) {
    const found = evaluate(budget, expression, values, owner);
    if (found.type === 'failed') failures.push(found.why);
    else if (found.type === 'unmet') return found;
  }
  if (failures.length === 0) return { type: 'met' };
  return { type: 'failed', why: failures.length === 1 ? (failures[0] ?? '') : `[${failures.join(', ')}]` };
}

function evaluate(budget: Budget, expression: string, values: Values, owner: ConditionOwner): Conditions {
  const program = conditionProgram(expression, owner);
  const found = budget.attempt(program, values);
  if (found.type === 'failed') return { type: 'failed', why: errorMessage(found.error) };
  return { type: found.value === false ? 'unmet' : 'met' };
}
