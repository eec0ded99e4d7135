import { storageClassOf } from '@keelson/machinery';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '@keelson/types';
import { hasCapacity } from './capacity.ts';
import { exceedsLimits } from './limits.ts';
import type { DelayedClaim, PodVolumes, Refusal, VolumeView } from './types.ts';
import { claimsOf, type Use } from './uses.ts';

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
