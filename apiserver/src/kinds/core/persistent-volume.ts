import { timestamp } from '@keelson/base';
import { PersistentVolume, type PersistentVolumeSpec } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { annotationWarnings } from '../warnings.ts';
import { accessModesText } from './access-modes.ts';
import { defaultDisks } from './disk-defaults.ts';
import { storageClassAnnotation } from './persistent-volume-claim.ts';
import { formerClass } from './persistent-volume-claim-warnings.ts';
import { volumeErrors, volumeUpdateErrors } from './persistent-volume-validation.ts';

export const persistentVolumeKind: KindDefinition<PersistentVolume> = {
  kind: PersistentVolume,
  generation: false,
  defaults({ spec }) {
    if (!spec) return;
    spec.persistentVolumeReclaimPolicy ||= 'Retain';
    defaultVolumeSpec(spec);
  },
  prepareCreate(volume, { clock }) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: timestamp(clock) };
  },
  validate: volumeErrors,
  validateUpdate: volumeUpdateErrors,
  warnings: volumeWarnings,
  status: {
    prepareUpdate(next, old, { clock }) {
      const moved = next.status?.phase !== old.status?.phase;
      if (!next.status || !moved || next.status.lastPhaseTransitionTime !== old.status?.lastPhaseTransitionTime) return;
      next.status.lastPhaseTransitionTime = timestamp(clock);
    },
  },
  deletion: { returnsObject: true },
  columns: [
    nameColumn,
    { name: 'Capacity', type: 'string', cell: ({ spec }) => String(spec.capacity?.storage ?? '0') },
    { name: 'Access Modes', type: 'string', cell: ({ spec }) => accessModesText(spec.accessModes) },
    { name: 'Reclaim Policy', type: 'string', cell: ({ spec }) => spec.persistentVolumeReclaimPolicy ?? '' },
    {
      name: 'Status',
      type: 'string',
      cell: ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? '')),
    },
    {
      name: 'Claim',
      type: 'string',
      cell: ({ spec: { claimRef } }) => (claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : ''),
    },
    {
      name: 'StorageClass',
      type: 'string',
      cell: ({ spec, metadata }) => metadata.annotations?.[storageClassAnnotation] ?? spec.storageClassName ?? '',
    },
    { name: 'VolumeAttributesClass', type: 'string', cell: ({ spec }) => spec.volumeAttributesClassName ?? '<unset>' },
    { name: 'Reason', type: 'string', cell: ({ status }) => status?.reason ?? '' },
    ageColumn,
    { name: 'VolumeMode', type: 'string', priority: 1, cell: ({ spec }) => spec.volumeMode ?? '<unset>' },
  ],
};

/** For volumes and for those written into an attachment. */
export function defaultVolumeSpec(spec: PersistentVolumeSpec): void {
  spec.volumeMode ??= 'Filesystem';
  defaultDisks(spec);
}

const outOfUse = {
  ...formerClass,
  'volume.beta.kubernetes.io/mount-options': 'deprecated since v1.31; use "mountOptions" attribute instead',
};
const recycling =
  'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';

function volumeWarnings({ metadata, spec }: PersistentVolume): readonly string[] {
  const found = annotationWarnings(metadata, outOfUse);
  return spec.persistentVolumeReclaimPolicy === 'Recycle' ? [...found, recycling] : found;
}
