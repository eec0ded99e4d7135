import { type FieldPath, repeats } from '@keelson/machinery';
import type { Container, ContainerResizePolicy, ContainerRestartRule, PodSpec } from '@keelson/types';
import type { Report } from '../../report.ts';

const policies = ['Always', 'Never', 'OnFailure'];
const actions = ['Restart', 'RestartAllContainers'];
const operators = ['In', 'NotIn'];
const resizable = ['cpu', 'memory'];
const resizePolicies = ['NotRequired', 'RestartContainer'];
const mostRules = 20;
const mostExitCodes = 255;

/** When a container comes back on its own terms: its `restartPolicy`, and the rules before it. */
export function checkRestart({ restartPolicy: policy, restartPolicyRules: rules }: Container, at: FieldPath, report: Report): void {
  if (policy !== undefined) {
    if (!policies.includes(policy)) report.unsupported(at, 'restartPolicy', policy, policies);
  } else if (rules?.length) report.required(at, 'restartPolicy', 'must specify restartPolicy when restart rules are used');
  if (rules?.length) checkRules(rules, at, report);
}

function checkRules(rules: readonly ContainerRestartRule[], at: FieldPath, report: Report): void {
  if (rules.length > mostRules) report.tooMany(at, 'restartPolicyRules', rules.length, mostRules);
  for (const [index, { action, exitCodes }] of rules.entries()) {
    const rule = at.child('restartPolicyRules').index(index);
    if (!actions.includes(action ?? '')) report.unsupported(rule, 'action', action ?? '', actions);
    if (!exitCodes) {
      report.required(rule, 'exitCodes', 'must be specified');
      continue;
    }
    const { operator = '', values = [] } = exitCodes;
    if (!operators.includes(operator)) report.unsupported(rule, 'exitCodes.operator', operator, operators);
    if (values.length > mostExitCodes) report.tooMany(rule, 'exitCodes.values', values.length, mostExitCodes);
  }
}

/** Whether a container starts anew when what it may use is changed, for each resource once. */
export function checkResize(list: readonly ContainerResizePolicy[], spec: PodSpec, at: FieldPath, report: Report): void {
  const again = repeats(list, ({ resourceName }) => resourceName);
  for (const [index, { resourceName = '', restartPolicy: policy = '' }] of list.entries()) {
    if (again.has(index)) report.duplicate(at, `resizePolicy[${index}]`, resourceName);
    if (!resourceName) report.required(at, 'resizePolicy');
    else if (!resizable.includes(resourceName)) report.unsupported(at, 'resizePolicy', resourceName, resizable);
    if (!policy) report.required(at, 'resizePolicy');
    else if (!resizePolicies.includes(policy)) report.unsupported(at, 'resizePolicy', policy, resizePolicies);
    if (spec.restartPolicy === 'Never' && policy !== 'NotRequired')
      report.invalid(at, 'resizePolicy', policy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
  }
}
