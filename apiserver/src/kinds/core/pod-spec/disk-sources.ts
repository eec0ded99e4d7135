import { type FieldPath, isDNS1123Label } from '@keelson/machinery';
import type {
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  GitRepoVolumeSource,
  HostPathVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  QuobyteVolumeSource,
  StorageOSVolumeSource,
} from '@keelson/types';
import type { Report } from '../../report.ts';
import { checkISCSI } from './iscsi.ts';
import { localPath, noBacksteps } from './paths.ts';

interface Rule {
  /** Members that may not be empty. */
  readonly required: readonly string[];
  /** Called with the source it stands beside. */
  readonly check?: (source: never, at: FieldPath, report: Report) => void;
}

/** Storage that lies outside the cluster, and directories of the node: what pods and persistent volumes name alike. */
export const diskRules: Readonly<Record<string, Rule>> = {
  hostPath: { required: ['path'], check: checkHostPath },
  gitRepo: {
    required: ['repository'],
    check: ({ directory = '' }: GitRepoVolumeSource, at, report) => localPath(directory, at, 'directory', report),
  },
  gcePersistentDisk: { required: ['pdName'], check: checkPartition },
  awsElasticBlockStore: { required: ['volumeID'], check: checkPartition },
  nfs: { required: ['server', 'path'], check: checkNFS },
  iscsi: { required: ['targetPortal', 'iqn'], check: (source: ISCSIVolumeSource, at, report) => checkISCSI(source, at, report) },
  glusterfs: { required: ['endpoints', 'path'] },
  flocker: { required: [], check: checkFlocker },
  rbd: { required: ['monitors', 'image'] },
  cinder: { required: ['volumeID'], check: checkSecretName },
  cephfs: { required: ['monitors'] },
  quobyte: { required: [], check: checkQuobyte },
  fc: { required: [], check: checkFC },
  flexVolume: { required: ['driver'], check: checkFlex },
  azureFile: { required: ['secretName', 'shareName'] },
  vsphereVolume: { required: ['volumePath'] },
  photonPersistentDisk: { required: ['pdID'] },
  portworxVolume: { required: ['volumeID'] },
  azureDisk: { required: ['diskName', 'diskURI'], check: checkAzureDisk },
  storageos: { required: ['volumeName'], check: checkStorageOS },
  scaleIO: { required: ['gateway', 'system', 'volumeName'] },
};

/** `at` is the source. */
export function checkDisk(rule: Rule, source: object, at: FieldPath, report: Report): void {
  for (const member of rule.required) {
    const value = (source as Record<string, unknown>)[member];
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) report.required(at, member);
  }
  rule.check?.(source as never, at, report);
}

const pathTypes = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];

function checkHostPath({ path, type }: HostPathVolumeSource, at: FieldPath, report: Report): void {
  if (!path) return;
  noBacksteps(path, at, 'path', report);
  if (type !== undefined && !pathTypes.includes(type)) report.unsupported(at, 'type', type, pathTypes);
}

function checkPartition({ partition = 0 }: { partition?: number | undefined }, at: FieldPath, report: Report): void {
  if (partition < 0 || partition > 255) report.invalid(at, 'partition', partition, 'must be between 1 and 255, inclusive');
}

function checkNFS({ path = '' }: NFSVolumeSource, at: FieldPath, report: Report): void {
  if (!path.startsWith('/')) report.invalid(at, 'path', path, 'must be an absolute path');
}

function checkFlocker({ datasetName = '', datasetUUID = '' }: FlockerVolumeSource, at: FieldPath, report: Report): void {
  if (!datasetName && !datasetUUID) report.required(at, '', 'one of datasetName and datasetUUID is required');
  if (datasetName && datasetUUID) report.invalid(at, '', 'resource', 'datasetName and datasetUUID can not be specified simultaneously');
  if (datasetName.includes('/')) report.invalid(at, 'datasetName', datasetName, "must not contain '/'");
}

function checkSecretName({ secretRef }: { secretRef?: { name?: string | undefined } | undefined }, at: FieldPath, report: Report): void {
  if (secretRef && !secretRef.name) report.required(at, 'secretRef.name');
}

const hostPort = /^(?:\[[^\]]*\]|[^:[\]]*):[^:]*$/;

function checkQuobyte({ registry, tenant = '', volume }: QuobyteVolumeSource, at: FieldPath, report: Report): void {
  const pairs = 'must be a host:port pair or multiple pairs separated by commas';
  if (!registry) report.required(at, 'registry', pairs);
  else if (tenant.length > 64) report.required(at, 'tenant', 'must be a UUID and may not exceed a length of 64 characters');
  else for (const pair of registry.split(',')) if (!hostPort.test(pair)) report.invalid(at, 'registry', registry, pairs);
  if (!volume) report.required(at, 'volume');
}

function checkFC({ targetWWNs = [], wwids = [], lun }: FCVolumeSource, at: FieldPath, report: Report): void {
  const [names, ids] = [targetWWNs.length > 0, wwids.length > 0];
  if (!names && !ids) report.required(at, 'targetWWNs', 'must specify either targetWWNs or wwids, but not both');
  if (names && ids) report.invalid(at, 'targetWWNs', targetWWNs, 'targetWWNs and wwids can not be specified simultaneously');
  if (names && lun === undefined) report.required(at, 'lun', 'lun is required if targetWWNs is specified');
  if (names && lun !== undefined && (lun < 0 || lun > 255)) report.invalid(at, 'lun', lun, 'must be between 0 and 255, inclusive');
}

function checkFlex({ options = {} }: FlexVolumeSource, at: FieldPath, report: Report): void {
  for (const key of Object.keys(options)) {
    const domain = `.${key.split('/')[0]?.toLowerCase()}`;
    if (domain.endsWith('.kubernetes.io') || domain.endsWith('.k8s.io'))
      report.invalid(at, `options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved');
  }
}

const cachingModes = ['None', 'ReadOnly', 'ReadWrite'];
const diskKinds = ['Dedicated', 'Managed', 'Shared'];
const managedURI = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const blobURI = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

function checkAzureDisk({ cachingMode, kind, diskURI = '' }: AzureDiskVolumeSource, at: FieldPath, report: Report): void {
  if (cachingMode !== undefined && !cachingModes.includes(cachingMode)) report.unsupported(at, 'cachingMode', cachingMode, cachingModes);
  if (kind !== undefined && !diskKinds.includes(kind)) report.unsupported(at, 'kind', kind, diskKinds);
  if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/')) report.unsupported(at, 'diskURI', diskURI, [managedURI]);
  if (kind !== undefined && kind !== 'Managed' && !diskURI.startsWith('https://')) report.unsupported(at, 'diskURI', diskURI, [blobURI]);
}

function checkStorageOS(source: StorageOSVolumeSource, at: FieldPath, report: Report): void {
  const { volumeName, volumeNamespace } = source;
  if (volumeName) report.problems(at, 'volumeName', volumeName, isDNS1123Label(volumeName));
  if (volumeNamespace) report.problems(at, 'volumeNamespace', volumeNamespace, isDNS1123Label(volumeNamespace));
  checkSecretName(source, at, report);
}
