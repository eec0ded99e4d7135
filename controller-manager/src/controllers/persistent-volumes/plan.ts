import { bestVolume, defaultClassOf, heldVolume, isHeldFor, misfit, storageClassOf } from '@keelson/machinery';
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@keelson/types';

export const annotations = {
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  selectedNode: 'volume.kubernetes.io/selected-node',
  provisioner: 'volume.kubernetes.io/storage-provisioner',
  betaProvisioner: 'volume.beta.kubernetes.io/storage-provisioner',
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
  migratedTo: 'pv.kubernetes.io/migrated-to',
} as const;

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** What is to be done for a claim. `wait` names why nothing is, where that is worth saying. */
export type ClaimPlan =
  | { readonly type: 'bind'; readonly volume: PersistentVolume }
  | { readonly type: 'bound'; readonly volume: PersistentVolume }
  | { readonly type: 'lost'; readonly reason: string; readonly message: string }
  | { readonly type: 'provision'; readonly provisioner: string }
  | { readonly type: 'class'; readonly name: string }
  | { readonly type: 'wait'; readonly told?: Told };

/** An event. */
interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface ClaimFacts {
  readonly claim: PersistentVolumeClaim;
  /** All of the cluster. */
  readonly volumes: readonly PersistentVolume[];
  /** All of the cluster. */
  readonly classes: readonly StorageClass[];
  /** Pods that name the claim and have no node yet. */
  readonly waiting: () => readonly Pod[];
}

/** Matches a claim with a volume as upstream does: the one it names, one that waits for it, else the smallest that is large enough. */
export function planClaim({ claim, volumes, classes, waiting }: ClaimFacts): ClaimPlan {
  const { spec, metadata } = claim;
  const completed = metadata.annotations?.[annotations.bindCompleted] !== undefined;
  const volume = volumes.find((one) => one.metadata.name === spec.volumeName);
  if (completed) return stillBound(claim, volume);
  if (spec.volumeName) return volume ? planNamed(claim, volume) : { type: 'wait' };
  const storageClass = classes.find((one) => one.metadata.name === storageClassOf(claim));
  const delayed = storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && !metadata.annotations?.[annotations.selectedNode];
  // Where the claim's pod will run is not decided yet: only a volume that waits for the claim will do.
  const found = delayed ? heldVolume(claim, volumes) : bestVolume(claim, volumes);
  if (found) return { type: 'bind', volume: found };
  // Also a claim that was made before the class was the default.
  const chosen = hasClass(claim) ? undefined : defaultClassOf('StorageClass', classes)?.metadata.name;
  if (chosen) return { type: 'class', name: chosen };
  return delayed ? awaited(waiting()) : unmatched(claim, storageClass);
}

function planNamed(claim: PersistentVolumeClaim, volume: PersistentVolume): ClaimPlan {
  const { name } = volume.metadata;
  if (isHeldFor(volume, claim)) return { type: 'bind', volume };
  if (!isFree(volume)) return warning('FailedBinding', `volume "${name}" already bound to a different claim.`);
  const sameClass = storageClassOf(volume) === storageClassOf(claim);
  const why = misfit(volume, claim) ?? (sameClass ? undefined : 'storageClassName does not match');
  return why ? warning('VolumeMismatch', `Cannot bind to requested volume "${name}": ${why}`) : { type: 'bind', volume };
}

function warning(reason: string, message: string): ClaimPlan {
  return { type: 'wait', told: { type: 'Warning', reason, message } };
}

function hasClass({ metadata, spec }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[classAnnotation] !== undefined || spec.storageClassName !== undefined;
}

function awaited(pods: readonly Pod[]): ClaimPlan {
  const names = pods.map(({ metadata }) => metadata.name).join(',');
  const told = names
    ? { reason: 'WaitForPodScheduled', message: `waiting for pod${pods.length > 1 ? 's' : ''} ${names} to be scheduled` }
    : { reason: 'WaitForFirstConsumer', message: 'waiting for first consumer to be created before binding' };
  return { type: 'wait', told: { type: 'Normal', ...told } };
}

function stillBound(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): ClaimPlan {
  if (!claim.spec.volumeName)
    return {
      type: 'lost',
      reason: 'ClaimLost',
      message: 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
    };
  if (!volume)
    return { type: 'lost', reason: 'ClaimLost', message: 'Bound claim has lost its PersistentVolume. Data on the volume is lost!' };
  if (isFree(volume)) return { type: 'bind', volume };
  if (isHeldFor(volume, claim)) return { type: 'bound', volume };
  return { type: 'lost', reason: 'ClaimMisbound', message: 'Two claims are bound to the same volume, this one is bound incorrectly' };
}

function unmatched(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): ClaimPlan {
  const name = storageClassOf(claim);
  const message = 'no persistent volumes available for this claim and no storage class is set';
  if (name === '') return { type: 'wait', told: { type: 'Normal', reason: 'FailedBinding', message } };
  if (!storageClass) return warning('ProvisioningFailed', `storageclass.storage.k8s.io "${name}" not found`);
  const { provisioner } = storageClass;
  if (provisioner === 'kubernetes.io/no-provisioner') return warning('ProvisioningFailed', `no volume plugin matched name: ${provisioner}`);
  return { type: 'provision', provisioner };
}

function isFree({ spec }: PersistentVolume): boolean {
  return !spec?.claimRef;
}
