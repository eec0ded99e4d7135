import { nodeSuits, tolerates } from '@keelson/machinery';
import { DaemonSet, type Node, type NodeAffinity, type Pod, type PodSpec, type Toleration } from '@keelson/types';
import { podFrom } from '../../pod-template.ts';
import { podRevision, podRevisionLabel } from '../../revisions/plan.ts';

const generationLabel = 'pod-template-generation';
const generationAnnotation = 'deprecated.daemonset.template.generation';

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
  const same = (a: Toleration, b: Toleration): boolean =>
    a.key === b.key && a.effect === b.effect && a.operator === b.operator && (a.value ?? '') === (b.value ?? '');
  return [...tolerations.filter((given) => !added.some((one) => same(one, given))), ...added];
}

export interface Fitness {
  /** A daemon is to be started there. */
  readonly shouldRun: boolean;
  /** One that is there may stay. */
  readonly mayStay: boolean;
}

/** Whether nodes are for a set's daemons: room is not looked at, that is the scheduler's. */
export function fitnessFor({ spec }: DaemonSet): (node: Node) => Fitness {
  const pod = spec.template.spec ?? { containers: [] };
  const tolerations = tolerationsOf(pod);
  return (node) => {
    if ((pod.nodeName && pod.nodeName !== node.metadata.name) || !nodeSuits(pod, node)) return { shouldRun: false, mayStay: false };
    const left = (node.spec?.taints ?? [])
      .filter(({ effect }) => effect !== 'PreferNoSchedule')
      .filter((taint) => !tolerates(tolerations, taint));
    return { shouldRun: left.length === 0, mayStay: left.every(({ effect }) => effect !== 'NoExecute') };
  };
}

/** The daemon of a set for one node, to which the scheduler binds it because its affinity leaves no other. */
export function daemonFor(set: DaemonSet, node: string, hash: string): Pod {
  const { metadata, spec } = podFrom(set.spec.template, set.metadata, DaemonSet);
  const generation = generationOf(set);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...(generation ? { [generationLabel]: generation } : {}), [podRevisionLabel]: hash },
    },
    spec: { ...spec, tolerations: tolerationsOf(spec), affinity: { ...spec.affinity, nodeAffinity: affinityTo(spec, node) } },
  };
}

/** What the template demands of nodes was looked at before: this one will do. */
function affinityTo({ affinity }: PodSpec, node: string): NodeAffinity {
  const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }];
  return { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
}

/** The node a daemon is on, or is meant for until the scheduler has bound it; undefined for a pod that names none. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const fields = terms.flatMap(({ matchFields = [] }) => matchFields);
  const field = fields.find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
  return field?.values?.length === 1 ? field.values[0] : undefined;
}

/** Whether a daemon is of the present template: by its hash, or by the count of template changes that came before hashes. */
export function isUpdated(set: DaemonSet, pod: Pod, hash: string): boolean {
  const generation = generationOf(set);
  return podRevision(pod) === hash || (generation !== undefined && pod.metadata.labels?.[generationLabel] === generation);
}

function generationOf({ metadata }: DaemonSet): string | undefined {
  return metadata.annotations?.[generationAnnotation];
}
