import { canonicalQuantity, formatLabelSelector, labelsSelector } from '@keelson/machinery';
import type { DaemonSet, PersistentVolumeClaim, Pod, RollingUpdateStatefulSetStrategy, StatefulSet } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { annotationLines, field, head, type Lines, labelLines, timeText } from './lines.ts';
import { podCounts, podsOf } from './owned.ts';
import { templateLines } from './template.ts';

export async function describeDaemonSet(cluster: Cluster, set: DaemonSet): Promise<Lines> {
  return daemonSetLines(set, await podsOf(cluster, set));
}

/** @param pods those it has. */
export function daemonSetLines({ metadata, spec, status }: DaemonSet, pods: readonly Pod[]): Lines {
  const nodes = labelsSelector(spec?.template.spec?.nodeSelector).toString();
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Namespace', metadata.namespace),
    field(0, 'Selector', formatLabelSelector(spec?.selector)),
    field(0, 'Node-Selector', nodes || '<none>'),
    ...labelLines(0, metadata.labels),
    ...annotationLines(0, metadata.annotations),
    `Desired Number of Nodes Scheduled: ${status?.desiredNumberScheduled ?? 0}`,
    `Current Number of Nodes Scheduled: ${status?.currentNumberScheduled ?? 0}`,
    `Number of Nodes Scheduled with Up-to-date Pods: ${status?.updatedNumberScheduled ?? 0}`,
    `Number of Nodes Scheduled with Available Pods: ${status?.numberAvailable ?? 0}`,
    `Number of Nodes Misscheduled: ${status?.numberMisscheduled ?? 0}`,
    podCounts(pods),
    'Pod Template:',
    ...(spec ? templateLines(spec.template) : []),
  ];
}

export async function describeStatefulSet(cluster: Cluster, set: StatefulSet): Promise<Lines> {
  return statefulSetLines(set, await podsOf(cluster, set));
}

/** @param pods those it has. */
export function statefulSetLines({ metadata, spec, status }: StatefulSet, pods: readonly Pod[]): Lines {
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  const claims = spec?.volumeClaimTemplates ?? [];
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Namespace', metadata.namespace),
    field(0, 'CreationTimestamp', timeText(metadata.creationTimestamp)),
    field(0, 'Selector', formatLabelSelector(spec?.selector)),
    ...head(metadata).slice(2),
    field(0, 'Replicas', `${spec?.replicas ?? 1} desired | ${status?.replicas ?? 0} total`),
    field(0, 'Update Strategy', type),
    ...rollingLines(rollingUpdate),
    podCounts(pods),
    'Pod Template:',
    ...(spec ? templateLines(spec.template) : []),
    ...(claims.length === 0 ? ['Volume Claims:\t<none>'] : ['Volume Claims:', ...claims.flatMap(claimLines)]),
  ];
}

/** How much of it is rolled out: how many at a time is told only beside from where on. */
function rollingLines({ partition, maxUnavailable }: RollingUpdateStatefulSetStrategy = {}): Lines {
  if (partition === undefined) return [];
  return [field(1, 'Partition', partition), ...(maxUnavailable === undefined ? [] : [field(1, 'MaxUnavailable', maxUnavailable)])];
}

function claimLines({ metadata, spec }: PersistentVolumeClaim): Lines {
  const storage = spec?.resources?.requests?.storage;
  return [
    field(1, 'Name', metadata.name),
    field(1, 'StorageClass', spec?.storageClassName),
    ...labelLines(1, metadata.labels),
    ...labelLines(1, metadata.annotations, 'Annotations'),
    field(1, 'Capacity', storage === undefined ? '<default>' : canonicalQuantity(storage)),
    field(1, 'Access Modes', `[${(spec?.accessModes ?? []).join(' ')}]`),
  ];
}
