import type { PersistentVolume, PersistentVolumeClaim } from '@keelson/types';
import { compareStrings } from './go-text.ts';
import { compareQuantities, parseQuantity } from './quantity.ts';
import { labelSelectorMatcher } from './selector.ts';

/** The storage class of a claim or volume; empty: none. */
export function storageClassOf({ metadata, spec }: PersistentVolumeClaim | PersistentVolume): string {
  return metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';
}

/** Whether a volume is bound to, or reserved for, this very claim. */
export function isHeldFor({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { claimRef } = spec ?? {};
  if (!claimRef || claimRef.namespace !== metadata.namespace || claimRef.name !== metadata.name) return false;
  return !claimRef.uid || claimRef.uid === metadata.uid;
}

/** The volume a claim is to be bound to: one that is held for it, else of those that are free the smallest that is large enough. */
export function bestVolume(claim: PersistentVolumeClaim, volumes: readonly PersistentVolume[]): PersistentVolume | undefined {
  return heldVolume(claim, volumes) ?? smallest(volumes.filter((volume) => isFree(volume) && suits(volume, claim)));
}

/** The volume that waits for the claim: whoever reserved it is asked for no class and no labels. */
export function heldVolume(claim: PersistentVolumeClaim, volumes: readonly PersistentVolume[]): PersistentVolume | undefined {
  return volumes.find((volume) => isHeldFor(volume, claim) && misfit(volume, claim) === undefined);
}

/** Why a volume cannot serve a claim whatever its class and labels, in upstream's words; undefined when it can. */
export function misfit(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const { accessModes = [], volumeMode = 'Filesystem', volumeAttributesClassName = '' } = volume.spec ?? {};
  const wanted = claim.spec;
  if (volume.metadata.deletionTimestamp) return `the volume is marked for deletion "${volume.metadata.name}"`;
  if (compareQuantities(size(volume), parseQuantity(wanted.resources?.requests?.storage ?? '0')) < 0) return 'requested PV is too small';
  if (volumeAttributesClassName !== (wanted.volumeAttributesClassName ?? '')) return 'VolumeAttributesClassName does not match';
  if (volumeMode !== (wanted.volumeMode ?? 'Filesystem')) return 'incompatible volumeMode';
  return (wanted.accessModes ?? []).every((mode) => accessModes.includes(mode)) ? undefined : 'incompatible accessMode';
}

function isFree({ metadata, spec, status }: PersistentVolume): boolean {
  return !spec?.claimRef && status?.phase !== 'Failed' && !metadata.deletionTimestamp;
}

function smallest(volumes: readonly PersistentVolume[]): PersistentVolume | undefined {
  return volumes.toSorted((a, b) => compareQuantities(size(a), size(b)) || compareStrings(a.metadata.name ?? '', b.metadata.name ?? ''))[0];
}

function suits(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  if (storageClassOf(volume) !== storageClassOf(claim) || misfit(volume, claim) !== undefined) return false;
  return !claim.spec.selector || labelSelectorMatcher(claim.spec.selector).matches(volume.metadata.labels ?? {});
}

function size({ spec }: PersistentVolume): ReturnType<typeof parseQuantity> {
  return parseQuantity(spec?.capacity?.storage ?? '0');
}
