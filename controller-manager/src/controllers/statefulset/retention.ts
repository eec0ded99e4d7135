import { controllerOf, hasOwner, newControllerRef } from '@keelson/machinery';
import { type OwnerReference, type PersistentVolumeClaim, Pod, StatefulSet } from '@keelson/types';
import { isWanted, ordinalOf } from './pods.ts';

/** With whom a claim goes: the garbage collector deletes it when they are gone. */
function keeperOf(set: StatefulSet, pod: Pod): OwnerReference | undefined {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const ordinal = ordinalOf(set, pod);
  const scaledDown = ordinal !== undefined && !isWanted(set, ordinal);
  if (whenScaled === 'Delete' && scaledDown) return newControllerRef(pod.metadata, Pod);
  return whenDeleted === 'Delete' ? newControllerRef(set.metadata, StatefulSet) : undefined;
}

/** The claim as its set's retention policy wants it owned; undefined when it is so. One that somebody else controls is left alone. */
export function retained(set: StatefulSet, pod: Pod, claim: PersistentVolumeClaim): PersistentVolumeClaim | undefined {
  const { metadata } = claim;
  if (hasStrangeController(set, pod, claim)) return undefined;
  const keeper = keeperOf(set, pod);
  const isOurs = ({ uid }: OwnerReference): boolean => uid === set.metadata.uid || uid === pod.metadata.uid;
  const owners = metadata.ownerReferences ?? [];
  const ours = owners.filter(isOurs);
  const right = keeper ? ours.length === 1 && ours[0]?.uid === keeper.uid && ours[0].controller === true : ours.length === 0;
  if (right) return undefined;
  const ownerReferences = [...owners.filter((one) => !isOurs(one)), ...(keeper ? [keeper] : [])];
  return { ...claim, metadata: { ...metadata, ownerReferences } };
}

/** Whether somebody else decides how long a claim lives. A former pod of the same name is such a one: the claim goes with it. */
function hasStrangeController(set: StatefulSet, pod: Pod, { metadata }: PersistentVolumeClaim): boolean {
  const controller = controllerOf(metadata);
  return controller !== undefined && controller.uid !== set.metadata.uid && controller.uid !== pod.metadata.uid;
}

/** Whether a claim still belongs to a former pod of this name, and will go with it: a new pod has to wait for a new one. */
export function isStale({ spec }: StatefulSet, pod: Pod, { metadata }: PersistentVolumeClaim): boolean {
  if (spec.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return false;
  return (metadata.ownerReferences ?? []).some(
    (owner) =>
      owner.apiVersion === Pod.apiVersion &&
      owner.kind === Pod.kind &&
      owner.name === pod.metadata.name &&
      !hasOwner({ ownerReferences: [owner] }, pod.metadata),
  );
}
