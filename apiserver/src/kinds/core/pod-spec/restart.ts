import { type FieldPath, isSidecar, repeats } from '@keelson/machinery';
import type { Container, PodSpec } from '@keelson/types';
import type { Report } from '../../report.ts';

const policies = ['Always', 'Never', 'OnFailure'];
const actions = ['Restart', 'RestartAllContainers'];
const operators = ['In', 'NotIn'];
const resizable = ['cpu', 'memory'];
const resizePolicies = ['NotRequired', 'RestartContainer'];
const mostRules = 20;
const mostExitCodes = 255;

/** When a container comes back on its own terms: its `restartPolicy`, the rules before it, and its `resizePolicy`. */
export function checkRestart(container: Container, spec: PodSpec, at: FieldPath, report: Report, init = false): void {
  const { restartPolicy: policy, restartPolicyRules: rules } = container;
  if (policy !== undefined) {
    if (!policies.includes(policy)) report.unsupported(at, 'restartPolicy', policy, policies);
  } else if (rules?.length) report.required(at, 'restartPolicy', 'must specify restartPolicy when restart rules are used');
  if (rules?.length) checkRules(container, at, report, init);
  if (container.resizePolicy?.length) checkResize(container, spec, at, report, init);
}

function checkRules(container: Container, at: FieldPath, report: Report, init: boolean): void {
  const { restartPolicyRules: rules = [] } = container;
  if (rules.length > mostRules) report.tooMany(at, 'restartPolicyRules', rules.length, mostRules);
  for (const [index, { action, exitCodes }] of rules.entries()) {
    const rule = at.child('restartPolicyRules').index(index);
    if (!actions.includes(action ?? '')) report.unsupported(rule, 'action', action ?? '', actions);
    else if (init && isSidecar(container) && action === 'Restart')
      report.forbidden(rule, 'action', 'only RestartAllContainers is allowed for init containers with restartPolicy=Always');
    if (!exitCodes) {
      report.required(rule, 'exitCodes', 'must be specified');
      continue;
    }
    const { operator = '', values = [] } = exitCodes;
    if (!operators.includes(operator)) report.unsupported(rule, 'exitCodes.operator', operator, operators);
    if (values.length > mostExitCodes) report.tooMany(rule, 'exitCodes.values', values.length, mostExitCodes);
    for (const place of repeats(values)) report.duplicate(rule, `exitCodes.values[${place}]`, values[place]);
  }
}

function checkResize({ resizePolicy = [], ...container }: Container, spec: PodSpec, at: FieldPath, report: Report, init: boolean): void {
  if (init && !isSidecar(container)) {
    report.invalid(at, 'resizePolicy', resizePolicy, 'must not be set for init containers');
    return;
  }
  const again = repeats(resizePolicy, ({ resourceName }) => resourceName);
  for (const [index, { resourceName = '', restartPolicy: policy = '' }] of resizePolicy.entries()) {
    if (again.has(index)) report.duplicate(at, `resizePolicy[${index}]`, resourceName);
    if (!resourceName) report.required(at, 'resizePolicy');
    else if (!resizable.includes(resourceName)) report.unsupported(at, 'resizePolicy', resourceName, resizable);
    if (!policy) report.required(at, 'resizePolicy');
    else if (!resizePolicies.includes(policy)) report.unsupported(at, 'resizePolicy', policy, resizePolicies);
    if (spec.restartPolicy === 'Never' && policy !== 'NotRequired')
      report.invalid(at, 'resizePolicy', policy, "must be 'NotRequired' when `restartPolicy` is 'Never'");
  }
}
