import { errorMessage } from '@keelson/base';
import type { AuditAnnotation, ValidatingAdmissionPolicy, Validation } from '@keelson/types';
import { Budget, BudgetExceeded, policyBudget } from '../cel/budget.ts';
import { checkConditions } from '../webhooks/conditions.ts';
import { annotationTypes, type PolicyPrograms, programsOf, type Values } from './program.ts';

/** A validation that a write does not pass. */
export interface Violation {
  readonly message: string;
  readonly reason: string;
  /** The place of the validation in its policy. */
  readonly index: number;
}

/** What a policy says of a write, for one object of parameters. */
export interface Verdict {
  readonly violations: readonly Violation[];
  /** For the audit log, by their keys in the policy. */
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
  /** Annotations that cannot be computed refuse a write whatever its binding does with violations. */
  readonly failures: readonly string[];
}

const nothing: Verdict = { violations: [], annotations: [], failures: [] };

/** What a policy's own words may be at most. Bytes. */
const longestMessage = 5 * 1024;
const longestAnnotation = 10 * 1024;

/** Pure but for the authorizer among the values, which may end it at once. */
export function judge(policy: ValidatingAdmissionPolicy, values: Values): Verdict {
  const { spec } = policy;
  const open = spec?.failurePolicy === 'Ignore';
  const failed = (message: string, index = 0): Violation[] => (open ? [] : [{ message, reason: 'Invalid', index }]);
  try {
    const conditions = checkConditions(spec?.matchConditions, values, 'policy');
    if (conditions.type === 'unmet') return nothing;
    if (conditions.type === 'failed') return { ...nothing, violations: failed(conditions.why) };
    const programs = programsOf(policy);
    const budget = new Budget(policyBudget);
    const all = programs.withVariables(values, budget);
    const inquiry = { programs, budget, values: all };
    const violations = (spec?.validations ?? []).flatMap((validation, index) => check(inquiry, validation, index, failed));
    return { violations, ...annotate(programs, values, spec?.auditAnnotations ?? [], open) };
  } catch (error) {
    if (!(error instanceof BudgetExceeded)) throw error;
    return { ...nothing, violations: failed(error.message) };
  }
}

interface Inquiry {
  readonly programs: PolicyPrograms;
  readonly budget: Budget;
  readonly values: Values;
}

function check(
  inquiry: Inquiry,
  validation: Validation,
  index: number,
  failed: (message: string, index: number) => Violation[],
): Violation[] {
  const { expression, reason = 'Invalid' } = validation;
  const found = evaluate(inquiry, expression, ['bool']);
  if (found.type === 'failed') return failed(errorMessage(found.error), index);
  return found.value === true ? [] : [{ message: messageOf(inquiry, validation), reason, index }];
}

/** A policy that came in before what it names went is no mistake of the write's; its expression then fails as upstream says. */
function evaluate({ programs, budget, values }: Inquiry, expression: string, types: readonly string[]): ReturnType<Budget['attempt']> {
  const problem = programs.problemOf(expression, types);
  if (problem !== undefined) return { type: 'failed', error: new Error(`compilation error: ${problem}`) };
  return budget.attempt(programs.of(expression, types), values);
}

/** What the author wrote for this case, computed where it can be. */
function messageOf(inquiry: Inquiry, { expression, message, messageExpression }: Validation): string {
  const fixed = message?.trim() || `failed expression: ${expression.trim()}`;
  if (!messageExpression) return fixed;
  const found = evaluate(inquiry, messageExpression, ['string']);
  const computed = found.type === 'value' && typeof found.value === 'string' ? found.value.trim() : '';
  return computed === '' || computed.length > longestMessage || computed.includes('\n') ? fixed : computed;
}

function annotate(
  programs: PolicyPrograms,
  given: Values,
  annotations: readonly AuditAnnotation[],
  open: boolean,
): Pick<Verdict, 'annotations' | 'failures'> {
  const budget = new Budget(policyBudget);
  const inquiry = { programs, budget, values: programs.withVariables(given, budget) };
  const found: { key: string; value: string }[] = [];
  const failures: string[] = [];
  for (const { key = '', valueExpression = '' } of annotations) {
    const result = evaluate(inquiry, valueExpression, annotationTypes);
    if (result.type === 'failed') failures.push(errorMessage(result.error));
    else if (typeof result.value === 'string' && result.value.trim() !== '')
      found.push({ key, value: result.value.trim().slice(0, longestAnnotation) });
  }
  return { annotations: found, failures: open ? [] : failures };
}
