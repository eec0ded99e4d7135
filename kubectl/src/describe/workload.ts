import { controllerOf, formatLabelSelector, isControlledBy, labelSelectorMatcher } from '@keelson/machinery';
import { type Deployment, type Pod, ReplicaSet } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { field, head, type Lines, tableLines, timeText } from './lines.ts';
import { podCounts, podsOf } from './owned.ts';
import { templateLines } from './template.ts';

export async function describeDeployment(cluster: Cluster, deployment: Deployment): Promise<Lines> {
  const { namespace } = deployment.metadata;
  const labelSelector = labelSelectorMatcher(deployment.spec?.selector).toString();
  const { items } = await cluster.api.list(ReplicaSet, { namespace, labelSelector });
  return deploymentLines(deployment, items);
}

export function deploymentLines(deployment: Deployment, sets: readonly ReplicaSet[]): Lines {
  const { metadata, spec, status = {} } = deployment;
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, unavailableReplicas = 0 } = status;
  const counts = `${spec?.replicas ?? 1} desired | ${updatedReplicas} updated | ${replicas} total | ${availableReplicas} available | ${unavailableReplicas} unavailable`;
  const rolling = spec?.strategy?.rollingUpdate;
  return [
    ...head(metadata, [field(0, 'CreationTimestamp', timeText(metadata.creationTimestamp))]),
    field(0, 'Selector', formatLabelSelector(spec?.selector)),
    field(0, 'Replicas', counts),
    field(0, 'StrategyType', spec?.strategy?.type),
    field(0, 'MinReadySeconds', spec?.minReadySeconds ?? 0),
    ...(rolling ? [field(0, 'RollingUpdateStrategy', `${rolling.maxUnavailable} max unavailable, ${rolling.maxSurge} max surge`)] : []),
    'Pod Template:',
    ...(spec?.template ? templateLines(spec.template) : []),
    ...conditionLines(status.conditions ?? []),
    ...replicaSetLines(deployment, sets),
  ];
}

function conditionLines(
  conditions: readonly { readonly type: string; readonly status: string; readonly reason?: string | undefined }[],
): Lines {
  if (conditions.length === 0) return [];
  return [
    'Conditions:',
    ...tableLines(
      1,
      ['Type', 'Status', 'Reason'],
      conditions.map(({ type, status, reason }) => [`${type} `, status, reason]),
    ),
  ];
}

const revision = (set: ReplicaSet): string => set.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? '';

function replicaSetLines({ metadata }: Deployment, sets: readonly ReplicaSet[]): Lines {
  const own = sets.filter((set) => isControlledBy(set.metadata, metadata)).sort((a, b) => Number(revision(a)) - Number(revision(b)));
  if (own.length === 0) return [];
  const wanted = metadata.annotations?.['deployment.kubernetes.io/revision'];
  const current = own.find((set) => revision(set) === wanted);
  const old = own.filter((set) => set !== current);
  const text = (list: readonly ReplicaSet[]): string =>
    list
      .map(({ metadata: { name }, spec, status }) => `${name} (${status?.replicas ?? 0}/${spec?.replicas ?? 1} replicas created)`)
      .join(', ') || '<none>';
  return [field(0, 'OldReplicaSets', text(old)), field(0, 'NewReplicaSet', text(current ? [current] : []))];
}

export async function describeReplicaSet(cluster: Cluster, set: ReplicaSet): Promise<Lines> {
  return replicaSetDescription(set, await podsOf(cluster, set));
}

export function replicaSetDescription(set: ReplicaSet, pods: readonly Pod[]): Lines {
  const { metadata, spec, status } = set;
  const controller = controllerOf(metadata);
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Namespace', metadata.namespace),
    field(0, 'Selector', formatLabelSelector(spec?.selector)),
    ...head(metadata).slice(2),
    ...(controller ? [field(0, 'Controlled By', `${controller.kind}/${controller.name}`)] : []),
    field(0, 'Replicas', `${status?.replicas ?? 0} current / ${spec?.replicas ?? 1} desired`),
    podCounts(pods),
    'Pod Template:',
    ...(spec?.template ? templateLines(spec.template) : []),
    ...conditionLines(status?.conditions ?? []),
  ];
}
