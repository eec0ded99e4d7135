import { type FieldPath, repeats } from '@keelson/machinery';
import type { Container, Volume, VolumeDevice, VolumeMount } from '@keelson/types';
import type { Report } from '../../report.ts';
import { hasBackstep, localPath } from './paths.ts';

/** Where a container sees the pod's volumes: as directories, and as block devices. */
export function checkMounts(container: Container, volumes: readonly Volume[], at: FieldPath, report: Report): void {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const byName = new Map(volumes.map((volume) => [volume.name, volume] as const).toReversed());
  const [paths, names, devicePaths] = [
    repeats(volumeMounts, ({ mountPath }) => mountPath),
    repeats(volumeDevices, ({ name }) => name),
    repeats(volumeDevices, ({ devicePath }) => devicePath),
  ];
  for (const [index, mount] of volumeMounts.entries()) {
    const where = at.child('volumeMounts').index(index);
    checkMount(mount, byName.get(mount.name), where, report);
    if (paths.has(index)) report.invalid(where, 'mountPath', mount.mountPath ?? '', 'must be unique');
    checkOverlap(mount, container, where, report);
    checkMode(mount, container, at, report);
  }
  for (const [index, device] of volumeDevices.entries()) {
    const where = at.child('volumeDevices').index(index);
    checkDevice(device, byName.get(device.name), where, report);
    if (device.name && names.has(index)) report.invalid(where, 'name', device.name, 'must be unique');
    if (devicePaths.has(index)) report.invalid(where, 'devicePath', device.devicePath, 'must be unique');
    checkDeviceOverlap(device, container, where, report);
  }
}

function checkMount(
  { name, mountPath, subPath, subPathExpr }: VolumeMount,
  volume: Volume | undefined,
  at: FieldPath,
  report: Report,
): void {
  if (!name) report.required(at, 'name');
  if (!volume) report.notFound(at, 'name', name ?? '');
  if (!mountPath) report.required(at, 'mountPath');
  if (subPath && subPathExpr) report.invalid(at, 'subPathExpr', subPathExpr, 'subPathExpr and subPath are mutually exclusive');
}

function checkOverlap({ name, mountPath }: VolumeMount, { volumeDevices }: Container, at: FieldPath, report: Report): void {
  if (!volumeDevices) return;
  if (volumeDevices.some((device) => device.name === name)) report.invalid(at, 'name', name, 'must not already exist in volumeDevices');
  if (volumeDevices.some(({ devicePath }) => devicePath === mountPath))
    report.invalid(at, 'mountPath', mountPath, 'must not already exist as a path in volumeDevices');
}

const propagations = ['Bidirectional', 'HostToContainer', 'None'];
const recursions = ['Disabled', 'Enabled', 'IfPossible'];

/** Upstream says these of the list, not of its element. `at` is the container. */
function checkMode(mount: VolumeMount, { securityContext }: Container, at: FieldPath, report: Report): void {
  const { mountPropagation, recursiveReadOnly, readOnly, subPath, subPathExpr } = mount;
  if (subPath) localPath(subPath, at, 'volumeMounts.subPath', report);
  if (subPathExpr) localPath(subPathExpr, at, 'volumeMounts.subPathExpr', report);
  if (mountPropagation !== undefined) {
    const where = 'volumeMounts.mountPropagation';
    if (!propagations.includes(mountPropagation)) report.unsupported(at, where, mountPropagation, propagations);
    if (mountPropagation === 'Bidirectional' && !securityContext?.privileged)
      report.forbidden(at, where, 'Bidirectional mount propagation is available only to privileged containers');
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return;
  const where = 'volumeMounts.recursiveReadOnly';
  if (!recursions.includes(recursiveReadOnly)) {
    report.unsupported(at, where, recursiveReadOnly, recursions);
    return;
  }
  if (!readOnly) report.forbidden(at, where, 'may only be specified when readOnly is true');
  if (mountPropagation !== undefined && mountPropagation !== 'None')
    report.forbidden(at, where, 'may only be specified when mountPropagation is None or not specified');
}

function checkDevice({ name, devicePath }: VolumeDevice, volume: Volume | undefined, at: FieldPath, report: Report): void {
  if (!name) report.required(at, 'name');
  if (!volume) report.notFound(at, 'name', name ?? '');
  else if (!volume.persistentVolumeClaim && !volume.ephemeral)
    report.invalid(at, 'name', name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode');
  if (!devicePath) report.required(at, 'devicePath');
  else if (hasBackstep(devicePath)) report.invalid(at, 'devicePath', devicePath, "can not contain backsteps ('..')");
}

function checkDeviceOverlap({ name, devicePath }: VolumeDevice, { volumeMounts }: Container, at: FieldPath, report: Report): void {
  if (!volumeMounts) return;
  if (volumeMounts.some((mount) => mount.name === name)) report.invalid(at, 'name', name, 'must not already exist in volumeMounts');
  if (volumeMounts.some(({ mountPath }) => mountPath === devicePath))
    report.invalid(at, 'devicePath', devicePath, 'must not already exist as a path in volumeMounts');
}
