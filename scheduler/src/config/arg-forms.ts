import { type Form, flag, int32, int64, listOf, mapOf, named, struct, text } from '@keelson/component';

/** What may be said to the plugins of Kubernetes 1.36 that take arguments, by plugin. The kind of each is its name and `Args`. */

const requirement = struct('v1.NodeSelectorRequirement', {
  key: text,
  operator: named('v1.NodeSelectorOperator'),
  values: listOf(text),
});
const nodeTerm = struct('v1.NodeSelectorTerm', { matchExpressions: listOf(requirement), matchFields: listOf(requirement) });
const nodeAffinity = struct('v1.NodeAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: struct('v1.NodeSelector', { nodeSelectorTerms: listOf(nodeTerm) }),
  preferredDuringSchedulingIgnoredDuringExecution: listOf(struct('v1.PreferredSchedulingTerm', { weight: int32, preference: nodeTerm })),
});

const labelRequirement = struct('v1.LabelSelectorRequirement', {
  key: text,
  operator: named('v1.LabelSelectorOperator'),
  values: listOf(text),
});
const spreadConstraint = struct('v1.TopologySpreadConstraint', {
  maxSkew: int32,
  topologyKey: text,
  whenUnsatisfiable: named('v1.UnsatisfiableConstraintAction'),
  labelSelector: struct('v1.LabelSelector', { matchLabels: mapOf(text), matchExpressions: listOf(labelRequirement) }),
  minDomains: int32,
  nodeAffinityPolicy: named('v1.NodeInclusionPolicy'),
  nodeTaintsPolicy: named('v1.NodeInclusionPolicy'),
  matchLabelKeys: listOf(text),
});

const resources = listOf(struct('v1.ResourceSpec', { name: text, weight: int64 }));
const points = listOf(struct('v1.UtilizationShapePoint', { utilization: int32, score: int32 }));
const strategy = struct('v1.ScoringStrategy', {
  type: named('v1.ScoringStrategyType'),
  resources,
  requestedToCapacityRatio: struct('v1.RequestedToCapacityRatioParam', { shape: points }),
});

const fields: Readonly<Record<string, Readonly<Record<string, Form>>>> = {
  DefaultPreemption: { minCandidateNodesPercentage: int32, minCandidateNodesAbsolute: int32 },
  DynamicResources: { filterTimeout: text, bindingTimeout: text },
  InterPodAffinity: { hardPodAffinityWeight: int32, ignorePreferredTermsOfExistingPods: flag },
  NodeAffinity: { addedAffinity: nodeAffinity },
  NodeResourcesBalancedAllocation: { resources },
  NodeResourcesFit: { ignoredResources: listOf(text), ignoredResourceGroups: listOf(text), scoringStrategy: strategy },
  PodTopologySpread: { defaultConstraints: listOf(spreadConstraint), defaultingType: named('v1.PodTopologySpreadConstraintsDefaulting') },
  VolumeBinding: { bindTimeoutSeconds: int64, shape: points },
};

export const argForms: ReadonlyMap<string, Form> = new Map(
  Object.entries(fields).map(([name, own]) => [name, struct(`v1.${name}Args`, { kind: text, apiVersion: text, ...own })]),
);
