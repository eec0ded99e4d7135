import { isPodAvailable, isPodReady, isPodTerminating, podPhase } from '@keelson/machinery';
import { type PersistentVolumeClaim, type Pod, type PodTemplateSpec, StatefulSet, type Volume } from '@keelson/types';
import { podFrom } from '../../pod-template.ts';
import { podRevisionLabel } from '../../revisions/plan.ts';

const nameLabel = 'statefulset.kubernetes.io/pod-name';
const indexLabel = 'apps.kubernetes.io/pod-index';

export function firstOrdinal({ spec }: StatefulSet): number {
  return spec.ordinals?.start ?? 0;
}

export function replicasOf({ spec }: StatefulSet): number {
  return spec.replicas ?? 1;
}

/** Whether pods come and go one after another, each waiting for those before it. */
export function isOrdered({ spec }: StatefulSet): boolean {
  return spec.podManagementPolicy !== 'Parallel';
}

function podName({ metadata }: StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`;
}

/** The ordinal in a pod's name; undefined for a name that is not of this set. */
export function ordinalOf({ metadata }: StatefulSet, pod: Pod): number | undefined {
  const [, parent, ordinal = ''] = /^(.*)-(0|[1-9][0-9]*)$/.exec(pod.metadata.name ?? '') ?? [];
  return parent === metadata.name ? Number(ordinal) : undefined;
}

/** Whether a pod's ordinal is among those that are wanted. */
export function isWanted(set: StatefulSet, ordinal: number): boolean {
  return ordinal >= firstOrdinal(set) && ordinal < firstOrdinal(set) + replicasOf(set);
}

/** Ready, and for long enough, and not about to end. */
export function isHealthy({ spec }: StatefulSet, pod: Pod | undefined, now: number): boolean {
  return pod !== undefined && !isPodTerminating(pod) && isRunningAndReady(pod) && isPodAvailable(pod, spec.minReadySeconds ?? 0, now);
}

export function isRunningAndReady(pod: Pod): boolean {
  return podPhase(pod) === 'Running' && isPodReady(pod);
}

/** The pod of one ordinal: of a revision's template, with its name, its host name and its own claims. */
export function podFor(set: StatefulSet, ordinal: number, template: PodTemplateSpec, revision: string): Pod {
  const { metadata, spec } = podFrom(template, set.metadata, StatefulSet);
  const name = podName(set, ordinal);
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, labels: { ...metadata.labels, [podRevisionLabel]: revision } },
    spec: { ...spec, hostname: name, subdomain: set.spec.serviceName || undefined },
  };
  return identified(set, ordinal, pod);
}

/** A pod with all by which it is known and all that is kept for it. */
export function identified(set: StatefulSet, ordinal: number, pod: Pod): Pod {
  const name = podName(set, ordinal);
  const volumes = volumesOf(set, ordinal, pod.spec.volumes ?? []);
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name,
      namespace: set.metadata.namespace,
      labels: { ...pod.metadata.labels, [nameLabel]: name, [indexLabel]: String(ordinal) },
    },
    spec: { ...pod.spec, ...(volumes.length > 0 ? { volumes } : {}) },
  };
}

/** Whether a pod still has the label by which it is known, and volumes of its own claims. */
export function isIdentified(set: StatefulSet, ordinal: number, { metadata, spec }: Pod): boolean {
  const claimed = new Map(spec.volumes?.map(({ name, persistentVolumeClaim }) => [name, persistentVolumeClaim?.claimName]));
  const own = (set.spec.volumeClaimTemplates ?? []).every(
    (template) => claimed.get(template.metadata.name ?? '') === claimName(set, template, ordinal),
  );
  return own && metadata.labels?.[nameLabel] === metadata.name;
}

function volumesOf(set: StatefulSet, ordinal: number, others: readonly Volume[]): Volume[] {
  const own = (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    name: template.metadata.name ?? '',
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
  return [...own, ...others.filter(({ name }) => !own.some((one) => one.name === name))];
}

function claimName(set: StatefulSet, { metadata }: PersistentVolumeClaim, ordinal: number): string {
  return `${metadata.name}-${podName(set, ordinal)}`;
}

/** The claims of one ordinal's pod. */
export function claimsFor(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    ...template,
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...template.metadata,
      name: claimName(set, template, ordinal),
      namespace: set.metadata.namespace,
      labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
    },
  }));
}
