import { controllerOf } from '@keelson/machinery';
import type { PersistentVolumeClaim, Pod, Volume } from '@keelson/types';

/** What is to be done for one generic ephemeral volume of a pod. */
export type VolumePlan =
  | { readonly type: 'none' }
  | { readonly type: 'create'; readonly claim: PersistentVolumeClaim }
  | { readonly type: 'conflict'; readonly message: string };

/** The volumes of a pod for which claims are made. */
export function ephemeralVolumes({ metadata, spec }: Pod): readonly Volume[] {
  return metadata.deletionTimestamp ? [] : (spec?.volumes ?? []).filter(({ ephemeral }) => ephemeral !== undefined);
}

export function claimNameOf({ metadata }: Pod, { name }: Volume): string {
  return `${metadata.name}-${name}`;
}

/** `present`: the claim that has the name now. One that is not the pod's own is never used. */
export function planVolume(pod: Pod, volume: Volume, present: PersistentVolumeClaim | undefined): VolumePlan {
  if (!present) return { type: 'create', claim: newClaim(pod, volume) };
  if (controllerOf(present.metadata)?.uid === pod.metadata.uid) return { type: 'none' };
  const { namespace, name } = present.metadata;
  const message = `PVC ${namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`;
  return { type: 'conflict', message };
}

function newClaim(pod: Pod, volume: Volume): PersistentVolumeClaim {
  const { name = '', namespace, uid = '' } = pod.metadata;
  const template = volume.ephemeral?.volumeClaimTemplate;
  const owner = { apiVersion: 'v1', kind: 'Pod', name, uid, controller: true, blockOwnerDeletion: true };
  const { labels, annotations } = template?.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: claimNameOf(pod, volume), namespace, labels, annotations, ownerReferences: [owner] },
    spec: template?.spec ?? {},
  };
}
