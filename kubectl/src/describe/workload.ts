import { compareStrings, controllerOf, equal, formatLabelSelector, isControlledBy, labelSelectorMatcher } from '@keelson/machinery';
import { type Deployment, type Pod, type PodTemplateSpec, ReplicaSet, type ReplicationController } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { field, flat, head, type Lines, tableLines, timeText } from './lines.ts';
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

/** Those it has, the oldest first: the one of its template, and all others. */
function replicaSetLines({ metadata, spec }: Deployment, sets: readonly ReplicaSet[]): Lines {
  const age = ({ metadata: { creationTimestamp, name } }: ReplicaSet): string => `${creationTimestamp} ${name}`;
  const own = sets.filter((set) => isControlledBy(set.metadata, metadata)).sort((a, b) => compareStrings(age(a), age(b)));
  if (own.length === 0) return [];
  const current = own.find((set) => equal(withoutHash(set.spec?.template), withoutHash(spec?.template)));
  const old = own.filter((set) => set !== current);
  const text = (list: readonly ReplicaSet[]): string =>
    list
      .map(({ metadata: { name }, spec, status }) => `${name} (${status?.replicas ?? 0}/${spec?.replicas ?? 1} replicas created)`)
      .join(', ') || '<none>';
  return [field(0, 'OldReplicaSets', text(old)), field(0, 'NewReplicaSet', text(current ? [current] : []))];
}

/** A template but for the label that its controller gives each ReplicaSet. */
function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec | undefined {
  const { 'pod-template-hash': _, ...labels } = template?.metadata?.labels ?? {};
  return template && { ...template, metadata: { ...template.metadata, labels } };
}

export async function describeReplicationController(cluster: Cluster, controller: ReplicationController): Promise<Lines> {
  const { metadata, spec } = controller;
  const matchLabels = spec?.selector ?? {};
  return replicationControllerLines(controller, await podsOf(cluster, { metadata, spec: { selector: { matchLabels } } }));
}

/** @param pods those it has. */
export function replicationControllerLines({ metadata, spec, status }: ReplicationController, pods: readonly Pod[]): Lines {
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Namespace', metadata.namespace),
    field(0, 'Selector', flat(spec?.selector)),
    ...head(metadata).slice(2),
    field(0, 'Replicas', `${status?.replicas ?? 0} current / ${spec?.replicas ?? 1} desired`),
    podCounts(pods),
    'Pod Template:',
    ...(spec?.template ? templateLines(spec.template) : []),
    ...conditionLines(status?.conditions ?? []),
  ];
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
