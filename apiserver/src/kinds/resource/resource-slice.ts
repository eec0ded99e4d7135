import {
  type FieldError,
  type FieldPath,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isDNS1123Subdomain,
  path,
  validateImmutable,
} from '@keelson/machinery';
import { type Device, type ResourcePool, ResourceSlice, type ResourceSliceSpec } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { csiDriverNameErrors } from '../core/csi-driver-name.ts';
import { nodeSelectorErrors } from '../core/node-selector.ts';
import type { KindDefinition } from '../types.ts';
import { counterSetErrors, deviceErrors } from './device.ts';
import { eachOfSet } from './lists.ts';
import { poolNameErrors } from './names.ts';

const at = path('spec');
const mostDevices = 128;
const mostDevicesWithExtras = 64;
const mostCounterSets = 8;

export const resourceSliceKind: KindDefinition<ResourceSlice> = {
  kind: ResourceSlice,
  generation: true,
  dropUnserved({ spec }) {
    for (const device of spec?.devices ?? []) dropFromDevice(device);
  },
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
  const { devices, sharedCounters } = spec;
  const isPlacedAlone = spec.perDeviceNodeSelection ?? false;
  const errors = [
    ...csiDriverNameErrors(spec.driver, at.child('driver')),
    ...poolErrors(spec.pool, at.child('pool')),
    ...placeErrors(spec),
  ];
  if (devices && sharedCounters) errors.push(fieldInvalid(at, '', 'only one of `sharedCounters` or `devices` is allowed'));
  const most = devices?.some(hasExtras) ? mostDevicesWithExtras : mostDevices;
  const check = (device: Device, where: FieldPath): FieldError[] => deviceErrors(device, isPlacedAlone, where);
  const nameOf = ({ name }: { readonly name: string }): string => name;
  return [
    ...errors,
    ...eachOfSet(devices ?? [], most, at.child('devices'), check, nameOf),
    ...eachOfSet(sharedCounters ?? [], mostCounterSets, at.child('sharedCounters'), counterSetErrors, nameOf),
  ];
}

/** What makes devices costly to allocate: of such a slice has fewer. */
function hasExtras({ taints, consumesCounters }: Device): boolean {
  return Boolean(taints?.length || consumesCounters?.length);
}

/** Lists of values, and devices that are part of what the node has to give. */
function dropFromDevice(device: Device): void {
  delete device.nodeAllocatableResourceMappings;
  for (const attribute of Object.values(device.attributes ?? {}))
    for (const list of ['bools', 'ints', 'strings', 'versions'] as const) delete attribute[list];
}

function poolErrors(pool: ResourcePool | undefined, where: FieldPath): FieldError[] {
  const { name, resourceSliceCount = 0, generation = 0 } = pool ?? {};
  const errors = poolNameErrors(name, where.child('name'));
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
