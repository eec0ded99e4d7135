import { isHeldFor } from '@keelson/machinery';
import type { PersistentVolume, PersistentVolumeClaim } from '@keelson/types';
import { annotations } from './plan.ts';

/** What is to be done for a volume. */
export type VolumePlan =
  | { readonly type: 'leave' }
  | { readonly type: 'phase'; readonly phase: 'Available' | 'Bound' }
  /** The volume without the claim that has found another one. */
  | { readonly type: 'unbind'; readonly volume: PersistentVolume }
  | { readonly type: 'release'; readonly reclaim: Reclaim };

/** What becomes of a volume whose claim is gone. */
export type Reclaim =
  | { readonly type: 'keep' }
  /** `path`: the directory that goes with it. */
  | { readonly type: 'delete'; readonly path: string }
  | { readonly type: 'fail'; readonly reason: string; readonly message: string };

/** Sources whose volumes are another program's to remove, since their plugins have moved to CSI drivers. */
const migrated = [
  ...(['awsElasticBlockStore', 'azureDisk', 'azureFile', 'cinder'] as const),
  ...(['gcePersistentDisk', 'portworxVolume', 'vsphereVolume'] as const),
];

/** `claim` is the one the volume is bound to, where it still exists. */
export function planVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumePlan {
  if (!volume.spec?.claimRef?.uid) return { type: 'phase', phase: 'Available' };
  if (!claim || !isHeldFor(volume, claim)) return { type: 'release', reclaim: reclaimOf(volume) };
  // The claim's own turn completes what has been begun.
  if (!claim.spec.volumeName) return { type: 'leave' };
  if (claim.spec.volumeName === volume.metadata.name) return { type: 'phase', phase: 'Bound' };
  const made = volume.metadata.annotations?.[annotations.provisionedBy] !== undefined;
  if (made && volume.spec.persistentVolumeReclaimPolicy === 'Delete') return { type: 'release', reclaim: reclaimOf(volume) };
  return { type: 'unbind', volume: unbound(volume) };
}

/** Who reserved a volume by hand keeps it reserved. */
function unbound(volume: PersistentVolume): PersistentVolume {
  const { [annotations.boundByController]: byUs, ...left } = volume.metadata.annotations ?? {};
  const { claimRef, ...spec } = volume.spec ?? {};
  if (byUs) return { ...volume, metadata: { ...volume.metadata, annotations: left }, spec };
  return { ...volume, spec: { ...spec, claimRef: { ...claimRef, uid: undefined } } };
}

function reclaimOf(volume: PersistentVolume): Reclaim {
  if (volume.metadata.deletionTimestamp) return { type: 'keep' };
  switch (volume.spec?.persistentVolumeReclaimPolicy) {
    case 'Delete':
      return deletionOf(volume);
    case 'Recycle':
      if (volume.spec.hostPath || volume.spec.nfs) return { type: 'keep' };
      return { type: 'fail', reason: 'VolumeFailedRecycle', message: 'No recycler plugin found for the volume!' };
    default:
      return { type: 'keep' };
  }
}

/** Volumes that a driver made are the driver's to remove; of all others there is only one kind that can be removed. */
function deletionOf({ metadata, spec = {} }: PersistentVolume): Reclaim {
  const maker = metadata.annotations?.[annotations.provisionedBy] ?? '';
  const isTheirs = maker !== '' && !maker.startsWith('kubernetes.io/');
  if (isTheirs || metadata.annotations?.[annotations.migratedTo] || migrated.some((source) => spec[source])) return { type: 'keep' };
  const fail = (message: string): Reclaim => ({ type: 'fail', reason: 'VolumeFailedDelete', message });
  if (!spec.hostPath) {
    const why = spec.nfs || spec.local ? 'no deletable volume plugin matched' : 'no volume plugin matched';
    return fail(`error getting deleter volume plugin for volume "${metadata.name}": ${why}`);
  }
  const { path } = spec.hostPath;
  return /\/tmp\/.+/.test(path) ? { type: 'delete', path } : fail(`host_path deleter only supports /tmp/.+ but received provided ${path}`);
}
