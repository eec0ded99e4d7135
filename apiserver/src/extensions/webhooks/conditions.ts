import { errorMessage } from '@keelson/base';
import type { MatchCondition } from '@keelson/types';
import type { AdmissionAttributes } from '../../admission/types.ts';
import { conditionProgram } from '../cel/conditions.ts';
import { toCel } from '../cel/values.ts';
import { reviewOf } from './review.ts';

export type Conditions = { readonly type: 'met' } | { readonly type: 'unmet' } | { readonly type: 'failed'; readonly why: string };

/** Whether all match conditions hold. One that is false decides, even beside one that cannot be computed. */
export function checkConditions(conditions: readonly MatchCondition[] | undefined, attributes: AdmissionAttributes): Conditions {
  if (!conditions?.length) return { type: 'met' };
  const { request } = reviewOf(attributes, '', 'v1') as { request: { object: unknown; oldObject: unknown } };
  const { object, oldObject, ...rest } = request;
  const variables = { object: toCel(object), oldObject: toCel(oldObject), request: toCel(rest) };
  const failures: string[] = [];
  for (const { name, expression } of conditions) {
    try {
      if (conditionProgram(expression)(variables) === false) return { type: 'unmet' };
    } catch (error) {
      failures.push(`${name}: ${errorMessage(error).split('\n')[0]}`);
    }
  }
  return failures.length > 0 ? { type: 'failed', why: failures.join(', ') } : { type: 'met' };
}
