import type { NodeAffinity, TopologySpreadConstraint } from '@keelson/types';

/** A resource and how much its share of a node counts. */
export interface ResourceSpec {
  readonly name: string;
  readonly weight: number;
}

/** A point of a function from utilization (0 to 100) to a score (0 to 10); straight lines lie between points. */
export interface ShapePoint {
  readonly utilization: number;
  readonly score: number;
}

export interface ScoringStrategy {
  readonly type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
  readonly resources: readonly ResourceSpec[];
  readonly requestedToCapacityRatio?: { readonly shape: readonly ShapePoint[] };
}

export interface NodeResourcesFitArgs {
  /** Extended resources that filtering does not look at, by name and by what stands before the `/`. */
  readonly ignoredResources: readonly string[];
  readonly ignoredResourceGroups: readonly string[];
  readonly scoringStrategy: ScoringStrategy;
}

export interface NodeResourcesBalancedAllocationArgs {
  readonly resources: readonly ResourceSpec[];
}

export interface NodeAffinityArgs {
  /** Holds for every pod of the profile, beside the pod's own. */
  readonly addedAffinity?: NodeAffinity;
}

export interface InterPodAffinityArgs {
  /** What a required affinity term of a pod on a node adds to the score, 0 to 100. */
  readonly hardPodAffinityWeight: number;
  /** A pod that prefers nothing itself is scored without looking at what others prefer. */
  readonly ignorePreferredTermsOfExistingPods: boolean;
}

export interface PodTopologySpreadArgs {
  /** For pods that state no constraints, with the selector of their Services and owner. */
  readonly defaultConstraints: readonly TopologySpreadConstraint[];
  readonly defaultingType: 'System' | 'List';
}

export interface DefaultPreemptionArgs {
  /** Of the nodes where eviction may help, at least so many with victims are compared, in percent and in nodes, whichever is more. */
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
}

export interface VolumeBindingArgs {
  readonly bindTimeoutSeconds: number;
  /** Belongs to a feature that is off: saying it is an error. */
  readonly shape?: readonly ShapePoint[];
}

/** Milliseconds. */
export interface DynamicResourcesArgs {
  /** How long devices may be looked for on one node; 0 for as long as it takes. */
  readonly filterTimeout: number;
  /** How long devices may take to be made ready before others are chosen. */
  readonly bindingTimeout: number;
}

/** What a profile's plugins are told, by plugin. Complete: nothing is left to default. */
export interface PluginArgs {
  readonly NodeResourcesFit: NodeResourcesFitArgs;
  readonly NodeResourcesBalancedAllocation: NodeResourcesBalancedAllocationArgs;
  readonly NodeAffinity: NodeAffinityArgs;
  readonly InterPodAffinity: InterPodAffinityArgs;
  readonly PodTopologySpread: PodTopologySpreadArgs;
  readonly DefaultPreemption: DefaultPreemptionArgs;
  readonly VolumeBinding: VolumeBindingArgs;
  readonly DynamicResources: DynamicResourcesArgs;
}

const cpuAndMemory: readonly ResourceSpec[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/** What Kubernetes 1.36 takes for unsaid. */
export const defaultArgs: PluginArgs = {
  NodeResourcesFit: {
    ignoredResources: [],
    ignoredResourceGroups: [],
    scoringStrategy: { type: 'LeastAllocated', resources: cpuAndMemory },
  },
  NodeResourcesBalancedAllocation: { resources: cpuAndMemory },
  NodeAffinity: {},
  InterPodAffinity: { hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false },
  PodTopologySpread: { defaultConstraints: [], defaultingType: 'System' },
  DefaultPreemption: { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 },
  VolumeBinding: { bindTimeoutSeconds: 600 },
  DynamicResources: { filterTimeout: 10_000, bindingTimeout: 600_000 },
};
