import { errorMessage } from '@keelson/base';
import { forbidden, StatusError } from '@keelson/machinery';
import { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, type Validation } from '@keelson/types';
import { listObjects } from '../../admission/objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/types.ts';
import { checkConditions } from '../webhooks/conditions.ts';
import { subjectOf } from '../webhooks/plugins.ts';
import { inScope, paramsOf, valuesOf } from './bindings.ts';
import { isExempt } from './exempt.ts';
import { evaluationProblem, programOf, type Values, withVariables } from './program.ts';

/** `ValidatingAdmissionPolicy`: rules in CEL that every write they are bound to must keep. */
export const validatingPolicies: AdmissionPlugin = {
  name: 'ValidatingAdmissionPolicy',
  validate(attributes) {
    const { registry, store } = attributes;
    if (registry.of(ValidatingAdmissionPolicyBinding).cache.size === 0 || isExempt(store.kind)) return;
    const subject = subjectOf(attributes);
    const bindings = listObjects(registry, ValidatingAdmissionPolicyBinding).filter(({ spec }) =>
      inScope(spec?.matchResources, subject, attributes.name),
    );
    for (const binding of bindings) {
      const policy = registry.read(ValidatingAdmissionPolicy, '', binding.spec?.policyName ?? '');
      if (policy && inScope(policy.spec?.matchConstraints, subject, attributes.name)) judge(policy, binding, attributes);
    }
  },
};

interface Violation {
  readonly message: string;
  readonly reason: string;
}

/** @throws StatusError for what is violated, where the binding denies it. */
function judge(policy: ValidatingAdmissionPolicy, binding: ValidatingAdmissionPolicyBinding, attributes: AdmissionAttributes): void {
  const lead = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}'`;
  const actions = binding.spec?.validationActions ?? [];
  for (const { message, reason } of violations(policy, binding, attributes)) {
    if (actions.includes('Warn')) attributes.warnings.push(`Validation failed for ${lead}: ${message}`);
    if (actions.includes('Deny')) throw denial(`${lead} denied request: ${message}`, reason, attributes);
  }
}

function violations(
  policy: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  attributes: AdmissionAttributes,
): Violation[] {
  const { spec } = policy;
  const failed = (message: string): Violation[] => (spec?.failurePolicy === 'Ignore' ? [] : [{ message, reason: 'Invalid' }]);
  try {
    const conditions = checkConditions(spec?.matchConditions, attributes);
    if (conditions.type === 'unmet') return [];
    if (conditions.type === 'failed') return failed(conditions.why);
    const values = valuesOf(attributes);
    return paramsOf(spec?.paramKind, binding.spec?.paramRef, attributes).flatMap((params) => {
      const all = withVariables({ ...values, params }, spec?.variables ?? []);
      return (spec?.validations ?? []).flatMap((validation) => check(validation, all, failed));
    });
  } catch (error) {
    return failed(errorMessage(error));
  }
}

function check(validation: Validation, values: Values, failed: (message: string) => Violation[]): Violation[] {
  const { expression, reason = 'Invalid' } = validation;
  try {
    if (programOf(expression, ['bool'])(values) === true) return [];
  } catch (error) {
    return failed(evaluationProblem(expression, error));
  }
  return [{ message: messageOf(validation, values), reason }];
}

/** What the author wrote for this case, computed where it can be. */
function messageOf({ expression, message, messageExpression }: Validation, values: Values): string {
  const fixed = message?.trim() || `failed expression: ${expression.trim()}`;
  if (!messageExpression) return fixed;
  try {
    const computed = programOf(messageExpression, ['string'])(values);
    return typeof computed === 'string' && computed.trim() !== '' && !computed.includes('\n') ? computed.trim() : fixed;
  } catch {
    return fixed;
  }
}

const codes: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, Invalid: 422, RequestEntityTooLarge: 413 };

function denial(message: string, reason: string, { store, name }: AdmissionAttributes): StatusError {
  const { status } = forbidden(store.groupResource, name, message);
  return new StatusError({ ...status, reason, code: codes[reason] ?? 422, details: { ...status.details, causes: [{ message }] } });
}
