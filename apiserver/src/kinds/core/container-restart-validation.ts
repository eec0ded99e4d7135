import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldTooMany,
  fieldUnsupported,
  isSidecar,
} from '@keelson/machinery';
import type { Container, PodSpec } from '@keelson/types';

const policies = ['Always', 'Never', 'OnFailure'];
const actions = ['Restart', 'RestartAllContainers'];
const operators = ['In', 'NotIn'];
const resizable = ['cpu', 'memory'];
const resizePolicies = ['NotRequired', 'RestartContainer'];
const mostRules = 20;
const mostExitCodes = 255;

/** When a container comes back on its own terms: its `restartPolicy`, the rules before it, and its `resizePolicy`. */
export function restartErrors(container: Container, spec: PodSpec, at: FieldPath, init: boolean): FieldError[] {
  return [
    ...policyErrors(container, at),
    ...ruleErrors(container, at, init),
    ...resizePolicyErrors(container, spec, at.child('resizePolicy'), init),
  ];
}

function policyErrors({ restartPolicy, restartPolicyRules = [] }: Container, at: FieldPath): FieldError[] {
  const where = at.child('restartPolicy');
  if (restartPolicy !== undefined) return policies.includes(restartPolicy) ? [] : [fieldUnsupported(where, restartPolicy, policies)];
  return restartPolicyRules.length > 0 ? [fieldRequired(where, 'must specify restartPolicy when restart rules are used')] : [];
}

function ruleErrors(container: Container, at: FieldPath, init: boolean): FieldError[] {
  const { restartPolicyRules: rules = [] } = container;
  const where = at.child('restartPolicyRules');
  const errors: FieldError[] = rules.length > mostRules ? [fieldTooMany(where, rules.length, mostRules)] : [];
  for (const [index, { action, exitCodes }] of rules.entries()) {
    const rule = where.index(index);
    if (!actions.includes(action)) errors.push(fieldUnsupported(rule.child('action'), action, actions));
    else if (init && isSidecar(container) && action === 'Restart')
      errors.push(
        fieldForbidden(rule.child('action'), 'only RestartAllContainers is allowed for init containers with restartPolicy=Always'),
      );
    if (!exitCodes) {
      errors.push(fieldRequired(rule.child('exitCodes'), 'must be specified'));
      continue;
    }
    const { operator, values = [] } = exitCodes;
    const codes = rule.child('exitCodes');
    if (!operators.includes(operator)) errors.push(fieldUnsupported(codes.child('operator'), operator, operators));
    if (values.length > mostExitCodes) errors.push(fieldTooMany(codes.child('values'), values.length, mostExitCodes));
    for (const [place, value] of values.entries())
      if (values.indexOf(value) < place) errors.push(fieldDuplicate(codes.child('values').index(place), value));
  }
  return errors;
}

function resizePolicyErrors({ resizePolicy = [], ...container }: Container, spec: PodSpec, at: FieldPath, init: boolean): FieldError[] {
  if (resizePolicy.length > 0 && init && !isSidecar(container))
    return [fieldInvalid(at, resizePolicy, 'must not be set for init containers')];
  return resizePolicy.flatMap(({ resourceName, restartPolicy }, index) => {
    const errors: FieldError[] = [];
    if (!resizable.includes(resourceName)) errors.push(fieldUnsupported(at, resourceName, resizable));
    else if (resizePolicy.findIndex((other) => other.resourceName === resourceName) < index)
      errors.push(fieldDuplicate(at.index(index), resourceName));
    if (!resizePolicies.includes(restartPolicy)) errors.push(fieldUnsupported(at, restartPolicy, resizePolicies));
    else if (spec.restartPolicy === 'Never' && restartPolicy !== 'NotRequired')
      errors.push(fieldInvalid(at, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
    return errors;
  });
}
