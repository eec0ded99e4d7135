import type { NodeSelectorTerm } from '@keelson/types';

/** Labels of nodes that have other names now, and what upstream says of each. */
const outOfUse: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', 'deprecated since v1.22; use Taints and Tolerations instead'],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

/** Undefined for a label that may be used. */
export function nodeLabelWarning(label: string): string | undefined {
  return outOfUse.get(label);
}

/** What upstream warns of in a selector term: labels out of use. `at` is the term's path. */
export function nodeSelectorTermWarnings({ matchExpressions = [] }: NodeSelectorTerm, at: string): string[] {
  return matchExpressions.flatMap(({ key }, i) => {
    const why = nodeLabelWarning(key);
    return why === undefined ? [] : [`${at}.matchExpressions[${i}].key: ${key} is ${why}`];
  });
}
