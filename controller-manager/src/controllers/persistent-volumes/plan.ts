import { compareQuantities, compareStrings, labelSelectorMatcher, parseQuantity } from '@keelson/machinery';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@keelson/types';

export const annotations = {
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  selectedNode: 'volume.kubernetes.io/selected-node',
  provisioner: 'volume.kubernetes.io/storage-provisioner',
  oldClass: 'volume.beta.kubernetes.io/storage-class',
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

export function classOf({ metadata, spec }: PersistentVolumeClaim | PersistentVolume): string {
  return metadata.annotations?.[annotations.oldClass] ?? spec?.storageClassName ?? '';
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
  const volume = bestVolume(claim, volumes, waits);
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
  const name = classOf(claim);
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

/** Whether a volume is bound to, or reserved for, this very claim. */
export function isHeldFor({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { claimRef } = spec ?? {};
  if (!claimRef || claimRef.namespace !== metadata.namespace || claimRef.name !== metadata.name) return false;
  return !claimRef.uid || claimRef.uid === metadata.uid;
}

/** `reserved`: only volumes that wait for this claim, since where its pod will run is not decided yet. */
function bestVolume(claim: PersistentVolumeClaim, volumes: readonly PersistentVolume[], reserved: boolean): PersistentVolume | undefined {
  const held = volumes.find((volume) => isHeldFor(volume, claim) && suits(volume, claim));
  if (held || reserved) return held;
  return volumes
    .filter((volume) => isFree(volume) && volume.status?.phase !== 'Failed' && !volume.metadata.deletionTimestamp && suits(volume, claim))
    .sort((a, b) => compareQuantities(size(a), size(b)) || compareStrings(a.metadata.name ?? '', b.metadata.name ?? ''))[0];
}

function suits(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { accessModes = [], volumeMode = 'Filesystem' } = volume.spec ?? {};
  const wanted = claim.spec;
  const asked = parseQuantity(wanted.resources?.requests?.storage ?? '0');
  if (classOf(volume) !== classOf(claim) || volumeMode !== (wanted.volumeMode ?? 'Filesystem')) return false;
  if (compareQuantities(size(volume), asked) < 0) return false;
  if (!(wanted.accessModes ?? []).every((mode) => accessModes.includes(mode))) return false;
  return !wanted.selector || labelSelectorMatcher(wanted.selector).matches(volume.metadata.labels ?? {});
}

function size({ spec }: PersistentVolume): ReturnType<typeof parseQuantity> {
  return parseQuantity(spec?.capacity?.storage ?? '0');
}

/** The phase of a volume, by the claim it is bound to: `claim` is that claim where it still exists. */
export function phaseOf(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): string {
  if (!volume.spec?.claimRef?.uid) return 'Available';
  if (claim && isHeldFor(volume, claim)) return claim.spec.volumeName === volume.metadata.name ? 'Bound' : 'Available';
  return 'Released';
}
