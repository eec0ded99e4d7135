import { newControllerRef, nodeSuits, tolerates } from '@keelson/machinery';
import { DaemonSet, type Node, type NodeSelectorTerm, type Pod, type PodSpec, type Toleration } from '@keelson/types';
import { revisionLabel } from '../../revisions/plan.ts';

const generationLabel = 'pod-template-generation';

/** What daemons put up with on their nodes, whatever their template says. */
const always: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
const onHostNetwork: Toleration = { key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' };

function tolerationsOf({ tolerations = [], hostNetwork }: PodSpec): Toleration[] {
  const added = hostNetwork ? [...always, onHostNetwork] : always;
  const missing = added.filter((one) => !tolerations.some(({ key, effect }) => key === one.key && effect === one.effect));
  return [...tolerations, ...missing];
}

export interface Fitness {
  /** A daemon is to be started there. */
  readonly shouldRun: boolean;
  /** One that is there may stay. */
  readonly mayStay: boolean;
}

/** Whether a node is one for this set's daemons: room is not looked at, that is the scheduler's. */
export function fitness({ spec }: DaemonSet, node: Node): Fitness {
  const pod = spec?.template.spec ?? { containers: [] };
  if ((pod.nodeName && pod.nodeName !== node.metadata.name) || !nodeSuits(pod, node)) return { shouldRun: false, mayStay: false };
  const tolerations = tolerationsOf(pod);
  const minded = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute' || effect === 'NoSchedule');
  const left = minded.filter((taint) => !tolerates(tolerations, taint));
  return { shouldRun: left.length === 0, mayStay: left.every(({ effect }) => effect !== 'NoExecute') };
}

/** The daemon of a set for one node: bound there by its affinity, through the scheduler. */
export function daemonFor(set: DaemonSet, node: string, hash: string): Pod {
  const { template } = set.spec as NonNullable<DaemonSet['spec']>;
  const spec = template.spec ?? { containers: [] };
  const generation = set.metadata.annotations?.['deprecated.daemonset.template.generation'];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${set.metadata.name}-`.slice(0, 58),
      namespace: set.metadata.namespace,
      labels: { ...template.metadata?.labels, [revisionLabel]: hash, ...(generation ? { [generationLabel]: generation } : {}) },
      annotations: template.metadata?.annotations,
      finalizers: template.metadata?.finalizers,
      ownerReferences: [newControllerRef(set.metadata, DaemonSet)],
    },
    spec: { ...spec, tolerations: tolerationsOf(spec), affinity: { ...spec.affinity, nodeAffinity: affinityTo(spec, node) } },
  };
}

function affinityTo(spec: PodSpec, node: string): NonNullable<NonNullable<PodSpec['affinity']>['nodeAffinity']> {
  const { nodeAffinity } = spec.affinity ?? {};
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  const terms = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const nodeSelectorTerms: NodeSelectorTerm[] = terms.length > 0 ? terms.map((term) => ({ ...term, matchFields })) : [{ matchFields }];
  return { ...nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
}

/** The node a daemon is on, or is meant for until the scheduler has bound it. */
export function nodeOf({ spec }: Pod): string {
  if (spec.nodeName) return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const [term] = terms;
  const field = terms.length === 1 || terms.every((one) => one.matchFields) ? term?.matchFields?.[0] : undefined;
  return field?.key === 'metadata.name' && field.values?.length === 1 ? (field.values[0] ?? '') : '';
}
