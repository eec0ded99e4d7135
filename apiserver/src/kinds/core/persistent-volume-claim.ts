import { PersistentVolumeClaim, type PersistentVolumeClaimSpec } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { accessModesText } from './access-modes.ts';
import { claimErrors, claimStatusErrors, claimUpdateErrors } from './persistent-volume-claim-validation.ts';
import { claimWarnings } from './persistent-volume-claim-warnings.ts';
import { dropFromClaim } from './unserved.ts';

/** The annotation that named the class before there was a field. */
export const storageClassAnnotation = 'volume.beta.kubernetes.io/storage-class';

export const persistentVolumeClaimKind: KindDefinition<PersistentVolumeClaim> = {
  kind: PersistentVolumeClaim,
  generation: false,
  defaults: defaultClaim,
  dropUnserved: ({ spec }, old) => dropFromClaim(spec, old?.spec),
  prepareCreate(claim) {
    if (claim.spec) alignDataSources(claim.spec);
    claim.status = { phase: 'Pending' };
  },
  prepareUpdate: ({ spec }) => spec && alignDataSources(spec),
  validate: claimErrors,
  validateUpdate: claimUpdateErrors,
  warnings: claimWarnings,
  status: { validateUpdate: claimStatusErrors },
  deletion: { returnsObject: true },
  columns: [
    nameColumn,
    {
      name: 'Status',
      type: 'string',
      cell: ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? '')),
    },
    { name: 'Volume', type: 'string', cell: ({ spec }) => spec.volumeName ?? '' },
    { name: 'Capacity', type: 'string', cell: ({ spec, status }) => (spec.volumeName ? String(status?.capacity?.storage ?? '0') : '') },
    { name: 'Access Modes', type: 'string', cell: ({ spec, status }) => (spec.volumeName ? accessModesText(status?.accessModes) : '') },
    {
      name: 'StorageClass',
      type: 'string',
      cell: ({ spec, metadata }) => metadata.annotations?.[storageClassAnnotation] ?? spec.storageClassName ?? '',
    },
    { name: 'VolumeAttributesClass', type: 'string', cell: ({ spec }) => spec.volumeAttributesClassName ?? '<unset>' },
    ageColumn,
    { name: 'VolumeMode', type: 'string', priority: 1, cell: ({ spec }) => spec.volumeMode ?? '<unset>' },
  ],
};

/** For claims and for templates of claims. */
export function defaultClaim({ spec }: Pick<PersistentVolumeClaim, 'spec'>): void {
  if (spec) spec.volumeMode ??= 'Filesystem';
}

/** The old and the new field that say what to fill a volume from follow each other. */
function alignDataSources(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef && !isOldDataSource(dataSource)) spec.dataSource = undefined;
  else if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { apiGroup, kind, name } = dataSourceRef;
    if (isOldDataSource(dataSourceRef)) spec.dataSource = { apiGroup, kind, name };
  }
}

/** The two sources the old field can name; others it silently forgets, as it always has. */
function isOldDataSource({ apiGroup, kind }: { readonly apiGroup?: string | undefined; readonly kind: string }): boolean {
  return (kind === 'PersistentVolumeClaim' && !apiGroup) || (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io');
}
