import { compareQuantities, defaultClassOf, forbidden, parseQuantity } from '@keelson/machinery';
import { Ingress, IngressClass, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@keelson/types';
import { storageClassAnnotation } from '../kinds/core/persistent-volume-claim.ts';
import { isWriteOf, listObjects } from './objects.ts';
import type { AdmissionPlugin } from './types.ts';

/** A claim that leaves its class open is of the default one. An empty class is not open. */
export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  admit(attributes) {
    if (!isWriteOf(attributes, PersistentVolumeClaim, 'CREATE')) return;
    const { metadata, spec } = attributes.object as PersistentVolumeClaim;
    if (spec.storageClassName !== undefined || metadata.annotations?.[storageClassAnnotation] !== undefined) return;
    const chosen = defaultClassOf('StorageClass', listObjects(attributes.registry, StorageClass))?.metadata.name;
    if (chosen) spec.storageClassName = chosen;
  },
};

/** An ingress that leaves its class open is of the default one. */
export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  admit(attributes) {
    if (!isWriteOf(attributes, Ingress, 'CREATE')) return;
    const { metadata, spec } = attributes.object as Ingress;
    if (!spec || spec.ingressClassName !== undefined || metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return;
    const chosen = defaultClassOf('IngressClass', listObjects(attributes.registry, IngressClass))?.metadata.name;
    if (chosen) spec.ingressClassName = chosen;
  },
};

const protections = [
  [PersistentVolumeClaim, 'kubernetes.io/pvc-protection'],
  [PersistentVolume, 'kubernetes.io/pv-protection'],
] as const;

/** Claims and volumes are born with a finalizer that holds them while they are in use; controllers take it off. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit(attributes) {
    for (const [kind, finalizer] of protections) {
      if (!isWriteOf(attributes, kind, 'CREATE')) continue;
      const { metadata } = attributes.object as PersistentVolume;
      if (!metadata.finalizers?.includes(finalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
    }
  },
};

/** A bound claim may grow where its class allows it. */
export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  async validate(attributes) {
    if (!isWriteOf(attributes, PersistentVolumeClaim, 'UPDATE')) return;
    const [next, old] = [attributes.object as PersistentVolumeClaim, attributes.old as PersistentVolumeClaim];
    const size = ({ spec }: PersistentVolumeClaim) => parseQuantity(spec.resources?.requests?.storage ?? '0');
    if (compareQuantities(size(next), size(old)) <= 0) return;
    const refuse = (why: string): Error => forbidden(attributes.store.groupResource, attributes.name, why);
    if (old.status?.phase !== 'Bound') throw refuse('Only bound persistent volume claims can be expanded');
    const name = next.spec.storageClassName;
    const found = name ? await attributes.registry.readFresh(StorageClass, '', name) : undefined;
    if (!found?.allowVolumeExpansion)
      throw refuse('only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize');
  },
};
