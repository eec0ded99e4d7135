import { compareStrings } from '@keelson/machinery';
import type { PersistentVolumeSpec, SecretReference } from '@keelson/types';
import { field, type Lines } from './lines.ts';

/** Storage that a pod's volume and a PersistentVolume name alike. */
export type DiskSources = Pick<
  PersistentVolumeSpec,
  | 'awsElasticBlockStore'
  | 'azureDisk'
  | 'azureFile'
  | 'cephfs'
  | 'cinder'
  | 'fc'
  | 'flexVolume'
  | 'flocker'
  | 'gcePersistentDisk'
  | 'glusterfs'
  | 'hostPath'
  | 'iscsi'
  | 'nfs'
  | 'photonPersistentDisk'
  | 'portworxVolume'
  | 'quobyte'
  | 'rbd'
  | 'scaleIO'
  | 'storageos'
  | 'vsphereVolume'
>;

/** The label and value of each line. */
type Rows = readonly (readonly [string, unknown])[];

interface Disk {
  /** What stands beside `Type`. */
  readonly type: string;
  readonly rows: Rows;
}

/**
 * The lines about such storage, `undefined` when it is of another kind.
 * @param persistent whether it is a PersistentVolume's: its secrets are in a namespace.
 */
export function diskLines(sources: DiskSources, persistent: boolean): Lines | undefined {
  const disk = fileDisk(sources, persistent) ?? networkDisk(sources, persistent) ?? vendorDisk(sources) ?? arrayDisk(sources, persistent);
  return disk && [field(2, 'Type', disk.type), ...disk.rows.map(rowLine)];
}

function rowLine([label, value]: readonly [string, unknown]): string {
  // Upstream has no colon here.
  return label === 'ISCSIInterface' ? `    ${label}\t${value ?? ''}` : field(2, label, value);
}

/** A secret as Go prints the struct. */
function secretText(secret: SecretReference | undefined, persistent: boolean): string {
  if (!secret) return 'nil';
  const { name = '', namespace = '' } = secret;
  return persistent ? `&SecretReference{Name:${name},Namespace:${namespace},}` : `&LocalObjectReference{Name:${name},}`;
}

function listText(values: readonly string[] = []): string {
  return `[${values.join(' ')}]`;
}

function mapText(map: Readonly<Record<string, string>> = {}): string {
  const keys = Object.keys(map).sort(compareStrings);
  return `map[${keys.map((key) => `${key}:${map[key]}`).join(' ')}]`;
}

/** Shared directories. */
function fileDisk({ hostPath, nfs, glusterfs, cephfs, azureFile, quobyte }: DiskSources, persistent: boolean): Disk | undefined {
  if (hostPath) {
    const rows: Rows = [
      ['Path', hostPath.path],
      ['HostPathType', hostPath.type ?? '<none>'],
    ];
    return { type: 'HostPath (bare host directory volume)', rows };
  }
  if (nfs) {
    const { server, path, readOnly = false } = nfs;
    return {
      type: 'NFS (an NFS mount that lasts the lifetime of a pod)',
      rows: Object.entries({ Server: server, Path: path, ReadOnly: readOnly }),
    };
  }
  if (glusterfs) {
    const { endpoints, endpointsNamespace = '<unset>', path, readOnly = false } = glusterfs;
    const namespace: Rows = persistent ? [['EndpointsNamespace', endpointsNamespace]] : [];
    const rows: Rows = [['EndpointsName', endpoints], ...namespace, ['Path', path], ['ReadOnly', readOnly]];
    return { type: "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)", rows };
  }
  if (cephfs) {
    const { monitors, path, user, secretFile, secretRef, readOnly = false } = cephfs;
    const secret = { SecretFile: secretFile, SecretRef: secretText(secretRef, persistent), ReadOnly: readOnly };
    const rows = Object.entries({ Monitors: listText(monitors), Path: path, User: user, ...secret });
    return { type: "CephFS (a CephFS mount on the host that shares a pod's lifetime)", rows };
  }
  if (azureFile) {
    const { secretName, secretNamespace, shareName, readOnly = false } = azureFile;
    const namespace: Rows = persistent ? [['SecretNamespace', secretNamespace]] : [];
    const rows: Rows = [['SecretName', secretName], ...namespace, ['ShareName', shareName], ['ReadOnly', readOnly]];
    return { type: 'AzureFile (an Azure File Service mount on the host and bind mount to the pod)', rows };
  }
  if (!quobyte) return undefined;
  const { registry, volume, readOnly = false } = quobyte;
  const rows = Object.entries({ Registry: registry, Volume: volume, ReadOnly: readOnly });
  return { type: "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)", rows };
}

/** Block devices over the network, and what plugins attach. */
function networkDisk({ iscsi, rbd, fc, flexVolume }: DiskSources, persistent: boolean): Disk | undefined {
  if (iscsi) {
    const { targetPortal, iqn, lun, iscsiInterface, fsType, readOnly = false, portals, secretRef, initiatorName } = iscsi;
    const { chapAuthDiscovery = false, chapAuthSession = false } = iscsi;
    const rows = Object.entries({
      ...{ TargetPortal: targetPortal, IQN: iqn, Lun: lun, ISCSIInterface: iscsiInterface, FSType: fsType, ReadOnly: readOnly },
      ...{ Portals: listText(portals), DiscoveryCHAPAuth: chapAuthDiscovery, SessionCHAPAuth: chapAuthSession },
      ...{ SecretRef: secretText(secretRef, persistent), InitiatorName: initiatorName ?? '<none>' },
    });
    const type = "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)";
    return { type, rows };
  }
  if (rbd) {
    const { monitors, image, fsType, pool, user, keyring, secretRef, readOnly = false } = rbd;
    const rows = Object.entries({
      ...{ CephMonitors: listText(monitors), RBDImage: image, FSType: fsType, RBDPool: pool, RadosUser: user, Keyring: keyring },
      ...{ SecretRef: secretText(secretRef, persistent), ReadOnly: readOnly },
    });
    return { type: "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)", rows };
  }
  if (fc) {
    const { targetWWNs = [], lun = '<none>', fsType, readOnly = false } = fc;
    const rows = Object.entries({ TargetWWNs: targetWWNs.join(', '), LUN: lun, FSType: fsType, ReadOnly: readOnly });
    return { type: 'FC (a Fibre Channel disk)', rows };
  }
  if (!flexVolume) return undefined;
  const { driver, fsType, secretRef, readOnly = false, options } = flexVolume;
  const secret = { SecretRef: secretText(secretRef, persistent), ReadOnly: readOnly, Options: mapText(options) };
  const type = 'FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)';
  return { type, rows: Object.entries({ Driver: driver, FSType: fsType, ...secret }) };
}

/** Disks of a cloud. */
function vendorDisk({
  gcePersistentDisk,
  awsElasticBlockStore,
  azureDisk,
  vsphereVolume,
  photonPersistentDisk,
}: DiskSources): Disk | undefined {
  if (gcePersistentDisk) {
    const { pdName, fsType, partition = 0, readOnly = false } = gcePersistentDisk;
    const rows = Object.entries({ PDName: pdName, FSType: fsType, Partition: partition, ReadOnly: readOnly });
    return { type: 'GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)', rows };
  }
  if (awsElasticBlockStore) {
    const { volumeID, fsType, partition = 0, readOnly = false } = awsElasticBlockStore;
    const rows = Object.entries({ VolumeID: volumeID, FSType: fsType, Partition: partition, ReadOnly: readOnly });
    return { type: 'AWSElasticBlockStore (a Persistent Disk resource in AWS)', rows };
  }
  if (azureDisk) {
    const { diskName, diskURI, kind, fsType, cachingMode, readOnly = false } = azureDisk;
    const names = { DiskName: diskName, DiskURI: diskURI, Kind: kind };
    const rows = Object.entries({ ...names, FSType: fsType, CachingMode: cachingMode, ReadOnly: readOnly });
    return { type: 'AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)', rows };
  }
  if (vsphereVolume) {
    const { volumePath, fsType, storagePolicyName } = vsphereVolume;
    const rows = Object.entries({ VolumePath: volumePath, FSType: fsType, StoragePolicyName: storagePolicyName });
    return { type: 'vSphereVolume (a Persistent Disk resource in vSphere)', rows };
  }
  if (!photonPersistentDisk) return undefined;
  const { pdID, fsType } = photonPersistentDisk;
  return {
    type: 'PhotonPersistentDisk (a Persistent Disk resource in photon platform)',
    rows: Object.entries({ PdID: pdID, FSType: fsType }),
  };
}

/** Volumes of storage systems. */
function arrayDisk({ cinder, flocker, portworxVolume, scaleIO, storageos }: DiskSources, persistent: boolean): Disk | undefined {
  if (cinder) {
    const { volumeID, fsType, readOnly = false, secretRef } = cinder;
    const rows = Object.entries({ VolumeID: volumeID, FSType: fsType, ReadOnly: readOnly, SecretRef: secretText(secretRef, persistent) });
    return { type: 'Cinder (a Persistent Disk resource in OpenStack)', rows };
  }
  if (flocker) {
    const rows = Object.entries({ DatasetName: flocker.datasetName, DatasetUUID: flocker.datasetUUID });
    return { type: 'Flocker (a Flocker volume mounted by the Flocker agent)', rows };
  }
  if (portworxVolume) return { type: 'PortworxVolume (a Portworx Volume resource)', rows: [['VolumeID', portworxVolume.volumeID]] };
  if (scaleIO) {
    const { gateway, system, protectionDomain, storagePool, storageMode, volumeName, secretRef, fsType, readOnly = false } = scaleIO;
    const secret = persistent ? { SecretName: secretRef.name, SecretNamespace: secretRef.namespace } : {};
    const rows = Object.entries({
      ...{ Gateway: gateway, System: system, 'Protection Domain': protectionDomain, 'Storage Pool': storagePool },
      ...{ 'Storage Mode': storageMode, VolumeName: volumeName, ...secret, FSType: fsType, ReadOnly: readOnly },
    });
    return { type: 'ScaleIO (a persistent volume backed by a block device in ScaleIO)', rows };
  }
  if (!storageos) return undefined;
  const { volumeName, volumeNamespace, fsType, readOnly = false } = storageos;
  const rows = Object.entries({ VolumeName: volumeName, VolumeNamespace: volumeNamespace, FSType: fsType, ReadOnly: readOnly });
  return { type: 'StorageOS (a StorageOS Persistent Disk resource)', rows };
}
