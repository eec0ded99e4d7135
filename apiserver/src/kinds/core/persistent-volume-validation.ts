import {
  compareQuantities,
  equal,
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
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
import { sourceErrors } from './persistent-volume-sources.ts';

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

export function volumeErrors({ metadata, spec }: PersistentVolume): FieldError[] {
  return spec
    ? volumeSpecErrors(spec, at, metadata.name ?? '')
    : [fieldRequired(at.child('accessModes')), fieldRequired(at.child('capacity'))];
}

/** Of a volume by its name, or of one written into an attachment, which has no name, size or policy of its own. */
export function volumeSpecErrors(spec: PersistentVolumeSpec, where: FieldPath, name?: string): FieldError[] {
  const { accessModes, hostPath, persistentVolumeReclaimPolicy: policy, storageClassName, volumeMode } = spec;
  if (name === undefined)
    return [
      ...inlineErrors(spec, where),
      ...accessModeErrors(accessModes, where.child('accessModes'), ''),
      ...sourceErrors(spec, '', where),
    ];
  const errors = [
    ...accessModeErrors(accessModes, where.child('accessModes'), ''),
    ...capacityErrors(spec.capacity ?? {}, where.child('capacity')),
    ...oneOf(policy || undefined, ['Delete', 'Recycle', 'Retain'], where.child('persistentVolumeReclaimPolicy')),
    ...affinityErrors(spec, where.child('nodeAffinity')),
    ...sourceErrors(spec, name, where),
  ];
  if (hostPath?.path && /^\/+(?:\.?\/*)*$/.test(hostPath.path) && policy === 'Recycle')
    errors.push(fieldForbidden(where.child('persistentVolumeReclaimPolicy'), "may not be 'recycle' for a hostPath mount of '/'"));
  return [
    ...errors,
    ...optionalName(storageClassName, isDNS1123Subdomain, where.child('storageClassName')),
    ...oneOf(volumeMode, ['Block', 'Filesystem'], where.child('volumeMode')),
    ...attributesClassErrors(spec, where),
  ];
}

function attributesClassErrors({ volumeAttributesClassName: name, csi }: PersistentVolumeSpec, at: FieldPath): FieldError[] {
  if (name === undefined) return [];
  const where = at.child('volumeAttributesClassName');
  const errors = name === '' ? [fieldRequired(where, 'an empty string is disallowed')] : invalidBy(isDNS1123Subdomain(name), where, name);
  return csi ? errors : [...errors, fieldRequired(at.child('csi'), 'has to be specified when using volumeAttributesClassName')];
}

const notInline = ['claimRef', 'capacity', 'nodeAffinity', 'storageClassName', 'volumeAttributesClassName'] as const;

function inlineErrors(spec: PersistentVolumeSpec, where: FieldPath): FieldError[] {
  const inline = 'in the context of inline volumes';
  const errors = notInline
    .filter((member) => spec[member] !== undefined && spec[member] !== '')
    .map((member) => fieldForbidden(where.child(member), `may not be specified ${inline}`));
  const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec;
  if (policy && policy !== 'Retain')
    errors.push(fieldForbidden(where.child('persistentVolumeReclaimPolicy'), `may only be Retain ${inline}`));
  if (volumeMode !== undefined && volumeMode !== 'Filesystem')
    errors.push(fieldForbidden(where.child('volumeMode'), `may not specify volumeMode other than Filesystem ${inline}`));
  return spec.csi ? errors : [...errors, fieldRequired(where.child('csi'), `has to be specified ${inline}`)];
}

function capacityErrors(capacity: Readonly<Record<string, string | number>>, where: FieldPath): FieldError[] {
  const names = Object.keys(capacity);
  if (names.length === 0) return [fieldRequired(where), fieldUnsupported(where, null, ['storage'])];
  const errors = names.length > 1 || capacity.storage === undefined ? [fieldUnsupported(where, capacity, ['storage'])] : [];
  for (const [name, amount] of Object.entries(capacity)) {
    if (compareQuantities(parseQuantity(amount), zeroQuantity) <= 0)
      errors.push(fieldInvalid(where.key(name), amount, 'must be greater than zero'));
  }
  return errors;
}

function affinityErrors({ nodeAffinity }: PersistentVolumeSpec, where: FieldPath): FieldError[] {
  if (!nodeAffinity) return [];
  if (!nodeAffinity.required) return [fieldRequired(where.child('required'), 'must specify required node constraints')];
  return nodeSelectorErrors(nodeAffinity.required, where.child('required'));
}

export function volumeUpdateErrors(next: PersistentVolume, old: PersistentVolume): FieldError[] {
  const errors: FieldError[] = equal(sourcesOf(next.spec), sourcesOf(old.spec))
    ? []
    : [fieldForbidden(at.child('persistentvolumesource'), 'spec.persistentvolumesource is immutable after creation')];
  // The paths are upstream's, wrong as they are.
  errors.push(...validateImmutable(next.spec.volumeMode, old.spec.volumeMode, path('volumeMode')));
  if (old.spec.nodeAffinity) errors.push(...validateImmutable(next.spec.nodeAffinity, old.spec.nodeAffinity, path('nodeAffinity')));
  if (old.spec.volumeAttributesClassName && !next.spec.volumeAttributesClassName)
    errors.push(fieldForbidden(at.child('volumeAttributesClassName'), 'update from non-nil value to nil is forbidden'));
  return errors;
}

function sourcesOf(spec: PersistentVolumeSpec): object {
  return Object.fromEntries(Object.entries(spec).filter(([member]) => !notSources.includes(member)));
}
