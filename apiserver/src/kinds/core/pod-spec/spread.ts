import { type FieldPath, isQualifiedName, repeats } from '@keelson/machinery';
import type { TopologySpreadConstraint } from '@keelson/types';
import type { Report } from '../../report.ts';
import { checkSelector, isSelectedTwice } from './affinity.ts';

const actions = ['DoNotSchedule', 'ScheduleAnyway'];
const policies = ['Honor', 'Ignore'];
const notPositive = 'must be greater than zero';

/** How evenly pods are to lie over nodes. `spec` is the pod's spec. */
export function checkSpread(constraints: readonly TopologySpreadConstraint[], spec: FieldPath, report: Report): void {
  const again = repeats(constraints.toReversed(), ({ topologyKey, whenUnsatisfiable: action }) => `${topologyKey} ${action}`);
  for (const [index, constraint] of constraints.entries()) {
    const at = spec.child('topologySpreadConstraints').index(index);
    const { maxSkew = 0, topologyKey, whenUnsatisfiable: action, nodeAffinityPolicy, nodeTaintsPolicy, labelSelector } = constraint;
    if (maxSkew <= 0) report.invalid(at, 'maxSkew', maxSkew, notPositive);
    if (!topologyKey) report.required(at, 'topologyKey', 'can not be empty');
    if (!actions.includes(action ?? '')) report.unsupported(at, 'whenUnsatisfiable', action ?? '', actions);
    // Of two that are alike, upstream complains of the first.
    if (again.has(constraints.length - 1 - index)) report.duplicate(at, '{topologyKey, whenUnsatisfiable}', `{${topologyKey}, ${action}}`);
    checkDomains(constraint, at, report);
    checkPolicy(nodeAffinityPolicy, at, 'nodeAffinityPolicy', report);
    checkPolicy(nodeTaintsPolicy, at, 'nodeTaintsPolicy', report);
    checkKeys(constraint, at, report);
    checkSelector(labelSelector, at, 'labelSelector', report);
  }
}

function checkDomains({ minDomains, whenUnsatisfiable: action }: TopologySpreadConstraint, at: FieldPath, report: Report): void {
  if (minDomains === undefined) return;
  if (minDomains <= 0) report.invalid(at, 'minDomains', minDomains, notPositive);
  if (action !== 'DoNotSchedule')
    report.invalid(at, 'minDomains', minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action ?? ''}`);
}

function checkPolicy(policy: string | undefined, at: FieldPath, where: string, report: Report): void {
  if (policy !== undefined && !policies.includes(policy)) report.unsupported(at, where, policy, policies);
}

function checkKeys({ matchLabelKeys, labelSelector }: TopologySpreadConstraint, at: FieldPath, report: Report): void {
  if (!matchLabelKeys?.length) return;
  if (!labelSelector) report.forbidden(at, 'matchLabelKeys', 'must not be specified when labelSelector is not set');
  for (const [index, key] of matchLabelKeys.entries()) {
    const where = `matchLabelKeys[${index}]`;
    report.problems(at, where, key, isQualifiedName(key));
    if (labelSelector && isSelectedTwice(key, labelSelector))
      report.invalid(at, where, key, 'exists in both matchLabelKeys and labelSelector');
  }
}
