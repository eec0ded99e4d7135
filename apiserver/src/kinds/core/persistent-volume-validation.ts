import {
  compareQuantities,
  equal,
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  fieldUnsupported,
  invalidBy,
  isDNS1123Subdomain,
  parseQuantity,
  path,
  validateImmutable,
  zeroQuantity,
} from '@keelson/machinery';
import type { PersistentVolume, PersistentVolumeSpec } from '@keelson/types';
import { oneOf, optionalName } from '../field-checks.ts';
import { accessModeErrors } from './access-modes.ts';
import { nodeSelectorErrors } from './node-selector.ts';

const at = path('spec');

/** Members of the spec that are not a source; every other is one. */
const notSources = [
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
];

export function volumeErrors({ spec }: PersistentVolume): FieldError[] {
  return spec ? volumeSpecErrors(spec, at) : [fieldRequired(at.child('accessModes')), fieldRequired(at.child('capacity'))];
}

/** Of a volume, or of one written into an attachment (`inline`), which has no size or policy of its own. */
export function volumeSpecErrors(spec: PersistentVolumeSpec, where: FieldPath, inline = false): FieldError[] {
  const errors = accessModeErrors(spec.accessModes, where.child('accessModes'), '');
  if (!inline) {
    errors.push(...capacityErrors(spec.capacity ?? {}, where.child('capacity')));
    const policies = ['Delete', 'Recycle', 'Retain'];
    errors.push(...oneOf(spec.persistentVolumeReclaimPolicy || undefined, policies, where.child('persistentVolumeReclaimPolicy')));
  }
  errors.push(...affinityErrors(spec, where.child('nodeAffinity')), ...sourceErrors(spec, where));
  if (spec.hostPath?.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle')
    errors.push(fieldForbidden(where.child('persistentVolumeReclaimPolicy'), "may not be 'recycle' for a hostPath mount of '/'"));
  return [
    ...errors,
    ...optionalName(spec.storageClassName, isDNS1123Subdomain, where.child('storageClassName')),
    ...oneOf(spec.volumeMode, ['Block', 'Filesystem'], where.child('volumeMode')),
    ...optionalName(spec.volumeAttributesClassName, isDNS1123Subdomain, where.child('volumeAttributesClassName')),
  ];
}

function capacityErrors(capacity: Readonly<Record<string, string | number>>, where: FieldPath): FieldError[] {
  const names = Object.keys(capacity);
  if (names.length === 0) return [fieldRequired(where)];
  const errors = names.length > 1 || capacity.storage === undefined ? [fieldUnsupported(where, capacity, ['storage'])] : [];
  for (const [name, amount] of Object.entries(capacity)) {
    if (compareQuantities(parseQuantity(amount), zeroQuantity) <= 0)
      errors.push(fieldInvalid(where.key(name), amount, 'must be greater than zero'));
  }
  return errors;
}

function affinityErrors({ nodeAffinity, local }: PersistentVolumeSpec, where: FieldPath): FieldError[] {
  if (!nodeAffinity) return local ? [fieldRequired(path('metadata', 'annotations'), 'Local volume requires node affinity')] : [];
  if (!nodeAffinity.required) return [fieldRequired(where.child('required'), 'must specify required node constraints')];
  return nodeSelectorErrors(nodeAffinity.required, where.child('required'));
}

function sourceErrors(spec: PersistentVolumeSpec, where: FieldPath): FieldError[] {
  const sources = Object.entries(spec).filter(([member, value]) => value !== undefined && !notSources.includes(member));
  if (sources.length === 0) return [fieldRequired(where, 'must specify a volume type')];
  const errors = sources.slice(1).map(([extra]) => fieldForbidden(where.child(extra), 'may not specify more than 1 volume type'));
  const { hostPath, local, nfs, csi } = spec;
  if (hostPath) errors.push(...plainPath(hostPath.path, where.child('hostPath', 'path')));
  if (local) errors.push(...plainPath(local.path, where.child('local', 'path')));
  if (nfs) {
    if (!nfs.server) errors.push(fieldRequired(where.child('nfs', 'server')));
    if (!nfs.path) errors.push(fieldRequired(where.child('nfs', 'path')));
    else if (!nfs.path.startsWith('/')) errors.push(fieldInvalid(where.child('nfs', 'path'), nfs.path, 'must be an absolute path'));
  }
  if (csi) {
    errors.push(...csiDriverNameErrors(csi.driver, where.child('csi', 'driver')));
    if (!csi.volumeHandle) errors.push(fieldRequired(where.child('csi', 'volumeHandle')));
  }
  return errors;
}

/** A path on the node that leads nowhere else. */
function plainPath(value: string | undefined, where: FieldPath): FieldError[] {
  if (!value) return [fieldRequired(where)];
  return value.split('/').includes('..') ? [fieldInvalid(where, value, "must not contain '..'")] : [];
}

/** Drivers are named like hosts, in any case, in at most 63 bytes. */
export function csiDriverNameErrors(driver: string | undefined, where: FieldPath): FieldError[] {
  if (!driver) return [fieldRequired(where)];
  const errors = driver.length > 63 ? [fieldTooLong(where, 63)] : [];
  return [...errors, ...invalidBy(isDNS1123Subdomain(driver.toLowerCase()), where, driver)];
}

export function volumeUpdateErrors(next: PersistentVolume, old: PersistentVolume): FieldError[] {
  const errors: FieldError[] = equal(sourcesOf(next.spec), sourcesOf(old.spec))
    ? []
    : [fieldForbidden(at.child('persistentvolumesource'), 'spec.persistentvolumesource is immutable after creation')];
  errors.push(...validateImmutable(next.spec.volumeMode, old.spec.volumeMode, at.child('volumeMode')));
  if (old.spec.nodeAffinity) errors.push(...validateImmutable(next.spec.nodeAffinity, old.spec.nodeAffinity, at.child('nodeAffinity')));
  if (old.spec.volumeAttributesClassName && !next.spec.volumeAttributesClassName)
    errors.push(fieldForbidden(at.child('volumeAttributesClassName'), 'update from non-nil value to nil is forbidden'));
  return errors;
}

function sourcesOf(spec: PersistentVolumeSpec): object {
  return Object.fromEntries(Object.entries(spec).filter(([member]) => !notSources.includes(member)));
}
