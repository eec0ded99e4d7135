import { bestVolume, heldVolume, isHeldFor, storageClassOf } from '@keelson/machinery';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@keelson/types';

export const annotations = {
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  selectedNode: 'volume.kubernetes.io/selected-node',
  provisioner: 'volume.kubernetes.io/storage-provisioner',
} as const;

/** What is to be done for a claim. `wait` names why nothing is. */
export type ClaimPlan =
  | { readonly type: 'bind'; readonly volume: PersistentVolume }
  | { readonly type: 'bound'; readonly volume: PersistentVolume }
  | { readonly type: 'lost'; readonly reason: string; readonly message: string }
  | { readonly type: 'provision'; readonly provisioner: string }
  | { readonly type: 'wait'; readonly reason: string; readonly message: string };

export interface ClaimFacts {
  readonly claim: PersistentVolumeClaim;
  /** All of the cluster. */
  readonly volumes: readonly PersistentVolume[];
  readonly storageClass: StorageClass | undefined;
}

/** Matches a claim with a volume as upstream does: the one it names, one that waits for it, else the smallest that is large enough. */
export function planClaim({ claim, volumes, storageClass }: ClaimFacts): ClaimPlan {
  const named = claim.spec.volumeName;
  const completed = claim.metadata.annotations?.[annotations.bindCompleted] !== undefined;
  if (named) {
    const volume = volumes.find(({ metadata }) => metadata.name === named);
    if (completed) return stillBound(claim, volume);
    if (!volume) return { type: 'wait', reason: 'FailedBinding', message: `volume "${named}" not found` };
    if (isFree(volume) || isHeldFor(volume, claim)) return { type: 'bind', volume };
    return { type: 'wait', reason: 'FailedBinding', message: `volume "${named}" already bound to a different claim.` };
  }
  const waits = storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && !claim.metadata.annotations?.[annotations.selectedNode];
  // Where the claim's pod will run is not decided yet: only a volume that waits for the claim will do.
  const volume = waits ? heldVolume(claim, volumes) : bestVolume(claim, volumes);
  if (volume) return { type: 'bind', volume };
  if (waits) return { type: 'wait', reason: 'WaitForFirstConsumer', message: 'waiting for first consumer to be created before binding' };
  return unmatched(claim, storageClass);
}

function stillBound(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): ClaimPlan {
  if (!volume)
    return { type: 'lost', reason: 'ClaimLost', message: 'Bound claim has lost its PersistentVolume. Data on the volume is lost!' };
  if (isFree(volume)) return { type: 'bind', volume };
  if (isHeldFor(volume, claim)) return { type: 'bound', volume };
  return { type: 'lost', reason: 'ClaimMisbound', message: 'Two claims are bound to the same volume, this one is bound incorrectly' };
}

function unmatched(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): ClaimPlan {
  const name = storageClassOf(claim);
  if (name === '')
    return {
      type: 'wait',
      reason: 'FailedBinding',
      message: 'no persistent volumes available for this claim and no storage class is set',
    };
  if (!storageClass) return { type: 'wait', reason: 'ProvisioningFailed', message: `storageclass.storage.k8s.io "${name}" not found` };
  if (storageClass.provisioner === 'kubernetes.io/no-provisioner')
    return { type: 'wait', reason: 'FailedBinding', message: 'no persistent volumes available for this claim and no storage class is set' };
  return { type: 'provision', provisioner: storageClass.provisioner };
}

function isFree({ spec }: PersistentVolume): boolean {
  return !spec?.claimRef;
}

/** The phase of a volume, by the claim it is bound to: `claim` is that claim where it still exists. */
export function phaseOf(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): string {
  if (!volume.spec?.claimRef?.uid) return 'Available';
  if (claim && isHeldFor(volume, claim)) return claim.spec.volumeName === volume.metadata.name ? 'Bound' : 'Available';
  return 'Released';
}
