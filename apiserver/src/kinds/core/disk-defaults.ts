import type { PersistentVolumeSpec, Volume } from '@keelson/types';

type Disks = Pick<PersistentVolumeSpec | Volume, 'azureDisk' | 'hostPath' | 'iscsi' | 'rbd' | 'scaleIO'>;

/** What is assumed of storage that pods and persistent volumes name alike. */
export function defaultDisks({ azureDisk, hostPath, iscsi, rbd, scaleIO }: Disks): void {
  if (hostPath) hostPath.type ??= '';
  if (iscsi) iscsi.iscsiInterface ||= 'default';
  if (rbd) {
    rbd.pool ||= 'rbd';
    rbd.user ||= 'admin';
    rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned';
    scaleIO.fsType ||= 'xfs';
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite';
    azureDisk.fsType ??= 'ext4';
    azureDisk.kind ??= 'Shared';
    azureDisk.readOnly ??= false;
  }
}
