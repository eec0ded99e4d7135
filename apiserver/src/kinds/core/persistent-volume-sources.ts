import { type FieldError, type FieldPath, isDNS1123Label, isDNS1123Subdomain } from '@keelson/machinery';
import type { CSIPersistentVolumeSource, PersistentVolumeSpec } from '@keelson/types';
import { Report } from '../report.ts';
import { csiDriverNameErrors } from './csi-driver-name.ts';
import { checkDisk, diskRules } from './pod-spec/disk-sources.ts';
import { checkISCSI, iscsiTooLong, isISCSITooLong } from './pod-spec/iscsi.ts';
import { noBacksteps } from './pod-spec/paths.ts';

/** Sources in upstream's order: the first that is there counts, the others are too many. */
const sources = [
  ...([
    'hostPath',
    'gcePersistentDisk',
    'awsElasticBlockStore',
    'glusterfs',
    'flocker',
    'nfs',
    'rbd',
    'quobyte',
    'cephfs',
    'iscsi',
  ] as const),
  ...(['cinder', 'fc', 'flexVolume', 'azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk'] as const),
  ...(['scaleIO', 'local', 'storageos', 'csi'] as const),
];
type Source = (typeof sources)[number];

const called: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' };
const calledWhenTooMany: Readonly<Record<string, string>> = { cephfs: 'cephFS' };

/** Where a volume lies: one place, and all of it. */
export function sourceErrors(spec: PersistentVolumeSpec, name: string, at: FieldPath): FieldError[] {
  const report = new Report();
  let first: Source | undefined;
  for (const source of sources) {
    if (spec[source] === undefined) continue;
    if (first) report.forbidden(at, calledWhenTooMany[source] ?? source, 'may not specify more than 1 volume type');
    first ??= source;
  }
  if (!first) report.required(at, '', 'must specify a volume type');
  else checkSource(spec, first, name, at.child(called[first] ?? first), report);
  if (first === 'local' && !spec.nodeAffinity) report.required(at, 'nodeAffinity', 'Local volume requires node affinity');
  return report.errors;
}

function checkSource(spec: PersistentVolumeSpec, source: Source, name: string, at: FieldPath, report: Report): void {
  const { local, csi, iscsi, azureFile, cinder, storageos, glusterfs } = spec;
  if (source === 'csi' && csi) checkCSI(csi, at, report);
  if (source === 'local') {
    if (local?.path) noBacksteps(local.path, at, 'path', report);
    else report.required(at, 'path');
    return;
  }
  const rule = diskRules[source];
  if (source === 'iscsi' && iscsi) {
    checkDisk({ required: rule?.required ?? [] }, iscsi, at, report);
    checkISCSI(iscsi, at, report, true);
    if (isISCSITooLong(name, iscsi)) report.invalid(at, 'targetportal', iscsi.targetPortal, iscsiTooLong);
    return;
  }
  if (rule) checkDisk(rule, spec[source] ?? {}, at, report);
  if (source === 'azureFile' && azureFile?.secretNamespace === '') report.required(at, 'secretNamespace');
  const secret = source === 'cinder' ? cinder?.secretRef : source === 'storageos' ? storageos?.secretRef : undefined;
  if (secret && !secret.namespace) report.required(at, 'secretRef.namespace');
  if (source === 'glusterfs') checkGlusterNamespace(glusterfs?.endpointsNamespace, at, report);
}

function checkGlusterNamespace(namespace: string | undefined, at: FieldPath, report: Report): void {
  if (namespace === undefined) return;
  const where = 'endpointsNamespace';
  if (namespace === '') report.invalid(at, where, namespace, 'if the endpointnamespace is set, it must be a valid namespace name');
  else report.problems(at, where, namespace, isDNS1123Label(namespace));
}

const secrets = ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const;

function checkCSI(csi: CSIPersistentVolumeSource, at: FieldPath, report: Report): void {
  report.add(csiDriverNameErrors(csi.driver, at.child('driver')));
  if (!csi.volumeHandle) report.required(at, 'volumeHandle');
  for (const member of secrets) {
    const reference = csi[member];
    if (!reference) continue;
    const { name, namespace } = reference;
    if (!name) report.required(at, `${member}.name`);
    else report.problems(at, `${member}.name`, name, isDNS1123Subdomain(name));
    if (!namespace) report.required(at, `${member}.namespace`);
    else report.problems(at, `${member}.namespace`, namespace, isDNS1123Label(namespace));
  }
}
