import {
  compareQuantities,
  copyOf,
  equal,
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isDNS1123Label,
  isDNS1123Subdomain,
  parseQuantity,
  path,
  validateImmutable,
  validateLabelSelector,
  zeroQuantity,
} from '@keelson/machinery';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '@keelson/types';
import { nonNegativeQuantities, oneOf, optionalName } from '../field-checks.ts';
import { accessModeErrors } from './access-modes.ts';

const at = path('spec');

export function claimErrors({ spec }: PersistentVolumeClaim): FieldError[] {
  return claimSpecErrors(spec, at);
}

/** Of a claim, or of a template for claims. */
export function claimSpecErrors(spec: PersistentVolumeClaimSpec | undefined, where: FieldPath): FieldError[] {
  return [
    ...validateLabelSelector(spec?.selector, where.child('selector')),
    ...accessModeErrors(spec?.accessModes, where.child('accessModes'), 'at least 1 access mode is required'),
    ...storageErrors(spec?.resources?.requests?.storage, where.child('resources').key('storage')),
    ...optionalName(spec?.storageClassName, isDNS1123Subdomain, where.child('storageClassName')),
    ...oneOf(spec?.volumeMode, ['Block', 'Filesystem'], where.child('volumeMode')),
    ...(spec ? dataSourceErrors(spec, where) : []),
    ...optionalName(spec?.volumeAttributesClassName, isDNS1123Subdomain, where.child('volumeAttributesClassName')),
  ];
}

function storageErrors(amount: string | number | undefined, where: FieldPath): FieldError[] {
  if (amount === undefined) return [fieldRequired(where)];
  const positive = compareQuantities(parseQuantity(amount), zeroQuantity) > 0;
  return positive ? [] : [fieldInvalid(where, amount, 'must be greater than zero')];
}

function dataSourceErrors({ dataSource, dataSourceRef }: PersistentVolumeClaimSpec, where: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [member, source] of [
    ['dataSource', dataSource],
    ['dataSourceRef', dataSourceRef],
  ] as const) {
    if (!source) continue;
    const place = where.child(member);
    if (!source.name) errors.push(fieldRequired(place.child('name')));
    if (!source.kind) errors.push(fieldRequired(place.child('kind')));
    if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim')
      errors.push(fieldInvalid(place, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
    if (source.apiGroup) errors.push(...invalidBy(isDNS1123Subdomain(source.apiGroup), place.child('apiGroup'), source.apiGroup));
  }
  errors.push(...optionalName(dataSourceRef?.namespace, isDNS1123Label, where.child('dataSourceRef', 'namespace')));
  if (dataSource && dataSourceRef && !dataSourceRef.namespace && !equal(dataSource, { ...dataSourceRef, namespace: undefined }))
    errors.push(fieldInvalid(where, {}, 'must match dataSourceRef'));
  return errors;
}

type Amount = string | number;

const immutable = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

/** A claim stays as it was made but for its size and class of attributes, and what binding fills in. */
export function claimUpdateErrors(next: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const kept = copyOf(next.spec);
  const bound = old.status?.phase === 'Bound';
  if (!old.spec.volumeName) kept.volumeName = old.spec.volumeName;
  if (old.spec.storageClassName === undefined) kept.storageClassName = undefined;
  const size = old.spec.resources?.requests?.storage;
  const wanted = next.spec.resources?.requests?.storage;
  if (bound && size !== undefined && wanted !== undefined)
    kept.resources = { ...kept.resources, requests: { ...kept.resources?.requests, storage: size } };
  if (bound) kept.volumeAttributesClassName = old.spec.volumeAttributesClassName;
  const errors: FieldError[] = equal(kept, old.spec) ? [] : [fieldForbidden(at, immutable)];
  if (shrinksBelow(wanted, size, old.status?.capacity?.storage))
    errors.push(fieldForbidden(at.child('resources', 'requests', 'storage'), 'field can not be less than status.capacity'));
  // The path is upstream's, wrong as it is.
  errors.push(...validateImmutable(next.spec.volumeMode, old.spec.volumeMode, path('volumeMode')));
  return [...errors, ...classRemovalErrors(next, old)];
}

/** Attributes that were given to a volume are changed to others, not taken back. */
function classRemovalErrors(next: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const name = next.spec.volumeAttributesClassName;
  if (old.status?.currentVolumeAttributesClassName === undefined || name || name === old.spec.volumeAttributesClassName) return [];
  const to = name === undefined ? 'nil' : 'empty string';
  const why = `update to ${to} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  return [fieldForbidden(at.child('volumeAttributesClassName'), why)];
}

/** A failed expansion may be taken back, but not to less than the volume has. */
function shrinksBelow(wanted: Amount = '0', size: Amount = '0', capacity: Amount = '0'): boolean {
  const next = parseQuantity(wanted);
  return compareQuantities(next, parseQuantity(size)) < 0 && compareQuantities(next, parseQuantity(capacity)) <= 0;
}

export function claimStatusErrors({ spec, status }: PersistentVolumeClaim): FieldError[] {
  const errors = nonNegativeQuantities(status?.capacity, path('status', 'capacity'));
  if (!spec.accessModes?.length) errors.push(fieldRequired(path('Spec', 'accessModes')));
  return [...errors, ...nonNegativeQuantities(status?.allocatedResources, path('status', 'allocatedResources'))];
}
