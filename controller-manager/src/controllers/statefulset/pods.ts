import { newControllerRef } from '@keelson/machinery';
import { type ControllerRevision, type PersistentVolumeClaim, type Pod, type PodTemplateSpec, StatefulSet } from '@keelson/types';
import { revisionLabel } from '../../revisions/plan.ts';

export const nameLabel = 'statefulset.kubernetes.io/pod-name';
export const indexLabel = 'apps.kubernetes.io/pod-index';

export function podName({ metadata }: StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`;
}

/** The ordinal in a pod's name; undefined for a name that has none of this set. */
export function ordinalOf({ metadata }: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${metadata.name}-`;
  const name = pod.metadata.name ?? '';
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^\d+$/.test(rest) ? Number(rest) : undefined;
}

/** The template a revision keeps. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { template } = (data as { spec: { template: PodTemplateSpec & { $patch?: string } } }).spec;
  const { $patch: _directive, ...rest } = template;
  return rest;
}

/** The pod of one ordinal, of one revision's template, with its name, its host name and its own claims as volumes. */
export function podFor(set: StatefulSet, ordinal: number, revision: ControllerRevision): Pod {
  const { metadata: meta, spec } = templateOf(revision);
  const name = podName(set, ordinal);
  const labels = { ...meta?.labels, [revisionLabel]: revision.metadata.name ?? '', [nameLabel]: name, [indexLabel]: String(ordinal) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: set.metadata.namespace,
      labels,
      annotations: meta?.annotations,
      finalizers: meta?.finalizers,
      ownerReferences: [newControllerRef(set.metadata, StatefulSet)],
    },
    spec: {
      ...spec,
      containers: spec?.containers ?? [],
      hostname: name,
      subdomain: set.spec?.serviceName,
      volumes: volumesOf(set, ordinal, spec),
    },
  } as Pod;
}

function volumesOf(set: StatefulSet, ordinal: number, spec: PodTemplateSpec['spec']): NonNullable<Pod['spec']['volumes']> | undefined {
  const own = (set.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => ({
    name: metadata.name ?? '',
    persistentVolumeClaim: { claimName: claimName(set, metadata.name ?? '', ordinal) },
  }));
  const others = (spec?.volumes ?? []).filter(({ name }) => !own.some((one) => one.name === name));
  return own.length + others.length > 0 ? [...own, ...others] : undefined;
}

export function claimName(set: StatefulSet, template: string, ordinal: number): string {
  return `${template}-${podName(set, ordinal)}`;
}

/** The claims one ordinal's pod uses. They stay when the pod goes, unless the set says otherwise. */
export function claimsFor(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  const owned = set.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
  return (set.spec?.volumeClaimTemplates ?? []).map(({ metadata, spec }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(set, metadata.name ?? '', ordinal),
      namespace: set.metadata.namespace,
      labels: { ...metadata.labels, ...set.spec?.selector.matchLabels },
      annotations: metadata.annotations,
      ...(owned ? { ownerReferences: [newControllerRef(set.metadata, StatefulSet)] } : {}),
    },
    spec,
  }));
}
