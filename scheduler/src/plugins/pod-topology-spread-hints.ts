import { labelSelectorMatcher } from '@keelson/machinery';
import type { Node, TopologySpreadConstraint } from '@keelson/types';
import { type PodInfo, withLabelKeys } from '../cache/pod-info.ts';
import type { Hints, NodeEvent } from './types.ts';

/** Those that keep the pod off nodes. */
function strict({ pod }: PodInfo): readonly TopologySpreadConstraint[] {
  return (pod.spec?.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule');
}

/** A pod counts for a constraint of the waiting one. Default constraints select by what is not known here: every pod may count. */
function counts(info: PodInfo, other: PodInfo): boolean {
  const stated = strict(info);
  if (other.namespace !== info.namespace) return false;
  if (stated.length === 0) return true;
  return stated.some(({ labelSelector, matchLabelKeys = [] }) =>
    labelSelectorMatcher(withLabelKeys(labelSelector, info.labels, matchLabelKeys)).matches(other.labels),
  );
}

/** Bears the labels of all constraints. */
function bears(info: PodInfo, { metadata }: Node): boolean {
  return strict(info).every(({ topologyKey }) => metadata.labels?.[topologyKey] !== undefined);
}

function relabelled(info: PodInfo, { node, before }: NodeEvent<string>): boolean {
  if (!before) return bears(info, node);
  const moved = strict(info).some(({ topologyKey }) => node.metadata.labels?.[topologyKey] !== before.metadata.labels?.[topologyKey]);
  return bears(info, node) ? moved || !bears(info, before) : bears(info, before);
}

/** What may let a pod that PodTopologySpread refused fit. */
export const spreadHints: Hints = {
  NodeAdd: relabelled,
  NodeLabel: (info, event) => strict(info).length === 0 || relabelled(info, event),
  NodeDelete: (info, { node }) => bears(info, node),
  NodeTaint: (info, { node }) => bears(info, node),
  OwnLabel: () => true,
  AssignedPodAdd: (info, { pod }) => counts(info, pod),
  AssignedPodDelete: (info, { pod }) => counts(info, pod),
  AssignedPodLabel: (info, { pod, before }) => !before || counts(info, pod) !== counts(info, before),
};
