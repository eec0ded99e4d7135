import {
  compareQuantities,
  type FieldPath,
  isDNS1123Label,
  isDNS1123Subdomain,
  parseQuantity,
  repeats,
  zeroQuantity,
} from '@keelson/machinery';
import type { CSIVolumeSource, EmptyDirVolumeSource, EphemeralVolumeSource, ImageVolumeSource, Volume } from '@keelson/types';
import type { Report } from '../../report.ts';
import { csiDriverNameErrors } from '../csi-driver-name.ts';
import { claimSpecErrors } from '../persistent-volume-claim-validation.ts';
import { templateMetaErrors } from '../template-meta.ts';
import { checkDisk, diskRules } from './disk-sources.ts';
import { checkConfigMapVolume, checkDownwardAPI, checkSecretVolume } from './file-sources.ts';
import { iscsiTooLong, isISCSITooLong } from './iscsi.ts';
import { checkProjected } from './projected.ts';
import { checkPullPolicy } from './pull-policy.ts';

/** Sources in upstream's order: the first that is there counts, the others are too many. */
const sources = [
  ...(['emptyDir', 'hostPath', 'gitRepo', 'gcePersistentDisk', 'awsElasticBlockStore', 'secret', 'nfs', 'iscsi', 'glusterfs'] as const),
  ...(['flocker', 'persistentVolumeClaim', 'rbd', 'cinder', 'cephfs', 'quobyte', 'downwardAPI', 'fc', 'flexVolume'] as const),
  ...(['configMap', 'azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'storageos'] as const),
  ...(['projected', 'scaleIO', 'csi', 'ephemeral', 'image'] as const),
];
/** Where upstream's messages name a source otherwise than its field. */
const called: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk', cephfs: 'cephfs' };
const calledWhenTooMany: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

/** @param pod the name of the pod, where it is one. @returns the volumes nothing is wrong with: others cannot be mounted. */
export function checkVolumes(volumes: readonly Volume[], pod: string | undefined, spec: FieldPath, report: Report): Volume[] {
  const again = repeats(volumes, ({ name }) => name);
  return volumes.filter((volume, index) => {
    const at = spec.child('volumes').index(index);
    const { name } = volume;
    const before = report.errors.length;
    if (!name) report.required(at, 'name');
    else report.problems(at, 'name', name, isDNS1123Label(name));
    if (report.errors.length === before && again.has(index)) report.duplicate(at, 'name', name);
    checkSources(volume, pod, at, report);
    return report.errors.length === before;
  });
}

function checkSources(volume: Volume, pod: string | undefined, at: FieldPath, report: Report): void {
  let first: (typeof sources)[number] | undefined;
  for (const source of sources) {
    if (volume[source] === undefined) continue;
    if (first) report.forbidden(at, calledWhenTooMany[source] ?? source, 'may not specify more than 1 volume type');
    first ??= source;
  }
  if (!first) {
    report.required(at, '', 'must specify a volume type');
    return;
  }
  const { iscsi, ephemeral, name } = volume;
  checkSource(volume, first, pod !== undefined, at.child(called[first] ?? first), report);
  if (iscsi && isISCSITooLong(name, iscsi)) report.invalid(at, 'name', name, iscsiTooLong);
  if (first === 'ephemeral' && ephemeral && pod && name)
    for (const problem of isDNS1123Subdomain(`${pod}-${name}`)) report.invalid(at, 'name', name, `PVC name "${pod}-${name}": ${problem}`);
}

function checkSource(volume: Volume, source: (typeof sources)[number], ofPod: boolean, at: FieldPath, report: Report): void {
  const rule = diskRules[source];
  if (rule) {
    checkDisk(rule, volume[source] ?? {}, at, report);
    return;
  }
  const { emptyDir, secret, persistentVolumeClaim, downwardAPI, configMap, projected, csi, ephemeral, image } = volume;
  if (source === 'emptyDir' && emptyDir) checkEmptyDir(emptyDir, at, report);
  if (source === 'secret' && secret) checkSecretVolume(secret, at, report);
  if (source === 'persistentVolumeClaim' && !persistentVolumeClaim?.claimName) report.required(at, 'claimName');
  if (source === 'downwardAPI' && downwardAPI) checkDownwardAPI(downwardAPI, at, report);
  if (source === 'configMap' && configMap) checkConfigMapVolume(configMap, at, report);
  if (source === 'projected' && projected) checkProjected(projected, at, report);
  if (source === 'csi' && csi) checkCSI(csi, at, report);
  if (source === 'ephemeral' && ephemeral) checkEphemeral(ephemeral, at, report);
  if (source === 'image' && image) checkImage(image, ofPod, at, report);
}

function checkEmptyDir({ sizeLimit }: EmptyDirVolumeSource, at: FieldPath, report: Report): void {
  if (sizeLimit !== undefined && compareQuantities(parseQuantity(sizeLimit), zeroQuantity) < 0)
    report.forbidden(at, 'sizeLimit', 'SizeLimit field must be a valid resource quantity');
}

/** Upstream says what is wrong with the secret's name of `name`. */
function checkCSI({ driver, nodePublishSecretRef: secret }: CSIVolumeSource, at: FieldPath, report: Report): void {
  report.add(csiDriverNameErrors(driver, at.child('driver')));
  if (secret && !secret.name) report.required(at, 'nodePublishSecretRef.name');
  else if (secret?.name) report.problems(at, 'name', secret.name, isDNS1123Subdomain(secret.name));
}

function checkEphemeral({ volumeClaimTemplate: template }: EphemeralVolumeSource, source: FieldPath, report: Report): void {
  if (!template) {
    report.required(source, 'volumeClaimTemplate');
    return;
  }
  const at = source.child('volumeClaimTemplate');
  report.add(templateMetaErrors(template.metadata, at.child('metadata')));
  report.add(claimSpecErrors(template.spec, at.child('spec')));
}

function checkImage({ reference, pullPolicy }: ImageVolumeSource, ofPod: boolean, at: FieldPath, report: Report): void {
  if (ofPod && !reference) report.required(at, 'reference');
  checkPullPolicy(pullPolicy, at, 'pullPolicy', report);
}
