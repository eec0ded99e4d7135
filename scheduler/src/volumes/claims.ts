import { storageClassOf } from '@keelson/machinery';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@keelson/types';
import { type CapacityView, hasCapacity } from './capacity.ts';
import { type AttachmentView, exceedsLimits } from './limits.ts';

/** Why a pod can go nowhere, whichever the node, and the plugin that says so. */
export interface Refusal {
  readonly plugin: 'VolumeRestrictions' | 'VolumeBinding';
  readonly words: string;
}

/** A claim whose volume is chosen, or made, once its pod's node is known (`WaitForFirstConsumer`). */
export interface DelayedClaim {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass;
}

/** All of a pod's claims that scheduling looks at. */
export interface PodVolumes {
  readonly refusal: Refusal | undefined;
  /** Volumes of claims that are bound; undefined where one is gone. */
  readonly bound: readonly (PersistentVolume | undefined)[];
  readonly delayed: readonly DelayedClaim[];
  /** Volumes that delayed claims may be bound to: none that was given to another since. */
  readonly candidates: readonly PersistentVolume[];
  /** Keys of claims that one pod uses at a time (ReadWriteOncePod). */
  readonly exclusive: readonly string[];
  /** Whether a node with these pods has no room for the volumes. They are looked at only where drivers say how much they take. */
  exceeds(node: string, pods: () => Iterable<Pod>): boolean;
  /** Whether a volume can be made for a claim where the node can reach it. */
  canHold(delayed: DelayedClaim, node: Node): boolean;
}

/** The cluster's claims and volumes, as last seen. */
export interface VolumeView extends AttachmentView, CapacityView {
  /** By `namespace/name`. */
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  storageClass(name: string): StorageClass | undefined;
  /** All volumes but those that were chosen for other claims than these a moment ago. */
  candidates(claims: readonly PersistentVolumeClaim[]): readonly PersistentVolume[];
}

interface Use {
  readonly key: string;
  readonly name: string;
  readonly ephemeral: boolean;
}

/** Keys of the claims a pod uses, those made for its ephemeral volumes among them. */
export function claimsOf({ metadata, spec }: Pod): readonly Use[] {
  return (spec?.volumes ?? []).flatMap(({ name: volume, persistentVolumeClaim, ephemeral }) => {
    const name = persistentVolumeClaim?.claimName ?? (ephemeral ? `${metadata.name}-${volume}` : undefined);
    return name === undefined ? [] : [{ key: `${metadata.namespace ?? ''}/${name}`, name, ephemeral: ephemeral !== undefined }];
  });
}

/** What stands behind a pod's claims; undefined when it uses none. */
export function podVolumes(pod: Pod, view: VolumeView): PodVolumes | undefined {
  const uses = claimsOf(pod);
  if (uses.length === 0) return undefined;
  const claims = uses.map((use) => ({ use, claim: view.claim(use.key) }));
  const bound: (PersistentVolume | undefined)[] = [];
  const delayed: DelayedClaim[] = [];
  let refusal: Refusal | undefined;
  for (const { use, claim } of claims) {
    const reading = readClaim(pod, use, claim, view);
    if (reading.type === 'refused') refusal ??= reading.refusal;
    else if (reading.type === 'bound') bound.push(reading.volume);
    else delayed.push(reading.delayed);
  }
  const exclusive = claims.filter(({ claim }) => claim?.spec.accessModes?.includes('ReadWriteOncePod')).map(({ use }) => use.key);
  const candidates = delayed.length > 0 ? view.candidates(delayed.map(({ claim }) => claim)) : [];
  return {
    ...{ refusal, bound, delayed, candidates, exclusive },
    exceeds: (node, pods) => exceedsLimits(pod, pods, node, view),
    canHold: (one, node) => hasCapacity(one, node, view),
  };
}

type Reading =
  | { readonly type: 'refused'; readonly refusal: Refusal }
  | { readonly type: 'bound'; readonly volume: PersistentVolume | undefined }
  | { readonly type: 'delayed'; readonly delayed: DelayedClaim };

function readClaim(pod: Pod, use: Use, claim: PersistentVolumeClaim | undefined, view: VolumeView): Reading {
  const refused = (words: string, plugin: Refusal['plugin'] = 'VolumeBinding'): Reading => ({
    type: 'refused',
    refusal: { plugin, words },
  });
  const named = `persistentvolumeclaim "${use.name}"`;
  if (!claim && use.ephemeral) return refused(`waiting for ephemeral volume controller to create the ${named}`);
  if (!claim) return refused(`${named} not found`, 'VolumeRestrictions');
  if (use.ephemeral && !claim.metadata.ownerReferences?.some(({ controller, uid }) => controller && uid === pod.metadata.uid))
    return refused(`PVC ${use.key} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`);
  if (claim.metadata.deletionTimestamp) return refused(`${named} is being deleted`);
  const { volumeName } = claim.spec;
  if (claim.status?.phase === 'Lost') return refused(`${named} bound to non-existent persistentvolume "${volumeName}"`);
  const completed = claim.metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined;
  if (volumeName && completed) return { type: 'bound', volume: view.volume(volumeName) };
  const storageClass = view.storageClass(storageClassOf(claim));
  if (volumeName || storageClass?.volumeBindingMode !== 'WaitForFirstConsumer')
    return refused('pod has unbound immediate PersistentVolumeClaims');
  return { type: 'delayed', delayed: { claim, storageClass } };
}
