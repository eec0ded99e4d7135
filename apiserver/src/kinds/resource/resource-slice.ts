import {
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  invalidBy,
  isDNS1123Label,
  isDNS1123Subdomain,
  path,
  validateImmutable,
} from '@keelson/machinery';
import { type Device, type DeviceAttribute, type ResourcePool, ResourceSlice, type ResourceSliceSpec } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { csiDriverNameErrors } from '../core/csi-driver-name.ts';
import { nodeSelectorErrors } from '../core/node-selector.ts';
import type { KindDefinition } from '../types.ts';
import { duplicates, limited } from './device-claim-validation.ts';

const at = path('spec');
const mostDevices = 128;
const mostDevicesWithExtras = 64;
const mostAttributes = 32;
const longestPoolName = 253;

export const resourceSliceKind: KindDefinition<ResourceSlice> = {
  kind: ResourceSlice,
  generation: true,
  validate: ({ spec }) => (spec ? sliceErrors(spec) : [fieldRequired(at)]),
  validateUpdate: ({ spec: next }, { spec: old }) => [
    ...validateImmutable(next.pool?.name, old.pool.name, at.child('pool', 'name')),
    ...validateImmutable(next.driver, old.driver, at.child('driver')),
    ...validateImmutable(next.nodeName, old.nodeName, at.child('nodeName')),
  ],
  deletion: { returnsObject: true },
  selectableFields: { 'spec.nodeName': ({ spec }) => spec.nodeName ?? '', 'spec.driver': ({ spec }) => spec.driver ?? '' },
  indexedFields: ['spec.nodeName'],
  columns: [
    nameColumn,
    { name: 'Node', type: 'string', cell: ({ spec }) => spec.nodeName ?? '' },
    { name: 'Driver', type: 'string', cell: ({ spec }) => spec.driver },
    { name: 'Pool', type: 'string', cell: ({ spec }) => spec.pool.name },
    ageColumn,
  ],
};

function sliceErrors(spec: ResourceSliceSpec): FieldError[] {
  const { devices = [], sharedCounters = [] } = spec;
  const extras = devices.some(({ taints, consumesCounters }) => taints?.length || consumesCounters?.length);
  const errors = [
    ...csiDriverNameErrors(spec.driver, at.child('driver')),
    ...poolErrors(spec.pool, at.child('pool')),
    ...placeErrors(spec),
  ];
  if (devices.length > 0 && sharedCounters.length > 0)
    errors.push(fieldInvalid(at, '', 'only one of `sharedCounters` or `devices` is allowed'));
  return [
    ...errors,
    ...limited(devices, extras ? mostDevicesWithExtras : mostDevices, at.child('devices')),
    ...devices.flatMap((device, index) => deviceErrors(device, spec, at.child('devices').index(index))),
    ...duplicates(
      devices.map(({ name }) => name),
      at.child('devices'),
    ),
    ...duplicates(
      sharedCounters.map(({ name }) => name),
      at.child('sharedCounters'),
    ),
  ];
}

function poolErrors(pool: ResourcePool | undefined, where: FieldPath): FieldError[] {
  const { name = '', resourceSliceCount = 0, generation = 0 } = pool ?? {};
  const errors = name === '' ? [fieldRequired(where.child('name'))] : [];
  if (name.length > longestPoolName) errors.push(fieldTooLong(where.child('name'), longestPoolName));
  if (name !== '') for (const part of name.split('/')) errors.push(...invalidBy(isDNS1123Subdomain(part), where.child('name'), part));
  if (resourceSliceCount <= 0)
    errors.push(fieldInvalid(where.child('resourceSliceCount'), resourceSliceCount, 'must be greater than zero'));
  if (generation < 0) errors.push(fieldInvalid(where.child('generation'), generation, 'must be greater than or equal to zero'));
  return errors;
}

/** Exactly one member says which nodes reach the devices. */
function placeErrors(spec: ResourceSliceSpec): FieldError[] {
  const { nodeName, nodeSelector } = spec;
  const errors: FieldError[] = [];
  const set: string[] = [];
  if (nodeName === '') errors.push(fieldInvalid(at.child('nodeName'), nodeName, 'must be either unset or set to a non-empty string'));
  else if (nodeName !== undefined) {
    set.push('`nodeName`');
    errors.push(...invalidBy(isDNS1123Subdomain(nodeName), at.child('nodeName'), nodeName));
  }
  if (nodeSelector) {
    const where = at.child('nodeSelector');
    set.push('`nodeSelector`');
    errors.push(...nodeSelectorErrors(nodeSelector, where));
    if (nodeSelector.nodeSelectorTerms?.length !== 1) {
      const terms = nodeSelector.nodeSelectorTerms;
      errors.push(fieldInvalid(where.child('nodeSelectorTerms'), terms, 'must have exactly one node selector term'));
    }
  }
  for (const member of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (spec[member]) set.push(`\`${member}\``);
    else if (spec[member] === false) errors.push(fieldInvalid(at.child(member), false, 'must be either unset or set to true'));
  }
  const detail = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (set.length === 0) errors.push(fieldRequired(at, detail));
  if (set.length > 1) errors.push(fieldInvalid(at, `{${set.join(', ')}}`, `${detail}, but multiple fields are set`));
  return errors;
}

function deviceErrors(device: Device, { perDeviceNodeSelection }: ResourceSliceSpec, where: FieldPath): FieldError[] {
  const { name = '', attributes = {}, capacity = {}, nodeName, nodeSelector, allNodes } = device;
  const errors = invalidBy(isDNS1123Label(name), where.child('name'), name);
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  if (count > mostAttributes)
    errors.push(fieldInvalid(where, count, `the total number of attributes and capacities must not exceed ${mostAttributes}`));
  for (const [key, attribute] of Object.entries(attributes)) errors.push(...attributeErrors(attribute, where.child('attributes').key(key)));
  const placed = nodeName !== undefined || nodeSelector !== undefined || allNodes !== undefined;
  if (placed && !perDeviceNodeSelection) {
    const detail =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    errors.push(fieldInvalid(where, null, detail));
  }
  if (!placed && perDeviceNodeSelection) {
    const detail =
      'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    errors.push(fieldRequired(where, detail));
  }
  return errors;
}

function attributeErrors(attribute: DeviceAttribute, where: FieldPath): FieldError[] {
  const values = Object.values(attribute).filter((value) => value !== undefined);
  if (values.length === 1) return [];
  return [fieldInvalid(where, values.length === 0 ? '' : attribute, 'exactly one value must be specified')];
}
