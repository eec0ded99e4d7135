import type { PersistentVolume, PersistentVolumeClaim, VolumeAttributesClass } from '@keelson/types';

const finalizer = 'kubernetes.io/vac-protection';

/** Names of the classes a claim has, or is on the way to. */
export function classesOfClaim({ spec, status }: PersistentVolumeClaim): string[] {
  const { currentVolumeAttributesClassName: current, modifyVolumeStatus } = status ?? {};
  const names = [spec?.volumeAttributesClassName, current, modifyVolumeStatus?.targetVolumeAttributesClassName];
  return [...new Set(names.filter((name) => name !== undefined && name !== ''))] as string[];
}

export function classesOfVolume({ spec }: PersistentVolume): string[] {
  return spec?.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];
}

/** The class as it should be: held while it is wanted or used. Undefined when it is so. */
export function planProtection(present: VolumeAttributesClass, isUsed: boolean): VolumeAttributesClass | undefined {
  const { finalizers = [], deletionTimestamp } = present.metadata;
  const held = finalizers.includes(finalizer);
  if (!deletionTimestamp) return held ? undefined : withFinalizers(present, [...finalizers, finalizer]);
  if (!held || isUsed) return undefined;
  return withFinalizers(
    present,
    finalizers.filter((one) => one !== finalizer),
  );
}

function withFinalizers(object: VolumeAttributesClass, finalizers: string[]): VolumeAttributesClass {
  return { ...object, metadata: { ...object.metadata, finalizers: finalizers.length > 0 ? finalizers : undefined } };
}
