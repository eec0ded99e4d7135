import { equal, type FieldError, type FieldPath, fieldForbidden, fieldRequired, path, validateImmutable } from '@keelson/machinery';
import { ResourceClaim, type ResourceClaimConsumerReference, ResourceClaimTemplate } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { templateMetaErrors } from '../core/template-meta.ts';
import type { KindDefinition } from '../types.ts';
import { allocationErrors, deviceStatusErrors } from './allocation.ts';
import { defaultDeviceClaim, deviceClaimErrors } from './device-claim-validation.ts';
import { eachOfSet } from './lists.ts';

const mostUsers = 256;

export const resourceClaimKind: KindDefinition<ResourceClaim> = {
  kind: ResourceClaim,
  generation: false,
  defaults: ({ spec }) => defaultDeviceClaim(spec?.devices),
  prepareCreate(claim) {
    claim.status = {};
  },
  // What cannot change was good enough when it was made.
  validate: ({ spec }, old) => (old ? [] : deviceClaimErrors(spec?.devices, path('spec', 'devices'))),
  validateUpdate: (next, old) => validateImmutable(next.spec, old.spec, path('spec')),
  status: {
    leaves: 'metadata',
    prepareUpdate(next) {
      // Who allocates need not say when; without an allocation nothing is left to tell of its devices.
      if (next.status && !next.status.allocation) next.status.devices = undefined;
    },
    validateUpdate: statusErrors,
  },
  deletion: { returnsObject: true },
  columns: [nameColumn, { name: 'State', type: 'string', cell: stateText }, ageColumn],
};

export const resourceClaimTemplateKind: KindDefinition<ResourceClaimTemplate> = {
  kind: ResourceClaimTemplate,
  defaults: ({ spec }) => defaultDeviceClaim(spec?.spec?.devices),
  validate: ({ spec }, old) => (old ? [] : templateErrors(spec)),
  validateUpdate: (next, old) => validateImmutable(next.spec, old.spec, path('spec')),
  deletion: { returnsObject: true },
  columns: [nameColumn, ageColumn],
};

function templateErrors(spec: ResourceClaimTemplate['spec'] | undefined): FieldError[] {
  return [
    ...templateMetaErrors(spec?.metadata, path('spec', 'metadata')),
    ...deviceClaimErrors(spec?.spec?.devices, path('spec', 'spec', 'devices')),
  ];
}

function statusErrors({ metadata, spec, status }: ResourceClaim, old: ResourceClaim): FieldError[] {
  const { reservedFor = [], allocation, devices = [] } = status ?? {};
  const at = path('status');
  const where = at.child('reservedFor');
  const errors = [
    ...eachOfSet(reservedFor, mostUsers, where, userErrors, ({ uid }) => uid),
    ...deviceStatusErrors(devices, allocation, at.child('devices')),
  ];
  if (reservedFor.length > 0 && !allocation) errors.push(fieldForbidden(where, 'may not be specified when `allocated` is not set'));
  const isNew = reservedFor.some((user) => !(old.status?.reservedFor ?? []).some((one) => equal(one, user)));
  if (allocation && metadata.deletionTimestamp && isNew)
    errors.push(fieldForbidden(where, 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'));
  if (!allocation) return errors;
  const before = old.status?.allocation;
  const allocationAt = at.child('allocation');
  return [
    ...errors,
    ...(before ? validateImmutable(allocation, before, allocationAt) : allocationErrors(allocation, spec.devices, allocationAt)),
  ];
}

function userErrors(user: ResourceClaimConsumerReference, at: FieldPath): FieldError[] {
  return (['resource', 'name', 'uid'] as const).flatMap((member) => (user[member] ? [] : [fieldRequired(at.child(member))]));
}

/** `allocated,reserved` */
function stateText({ metadata, status }: ResourceClaim): string {
  const deleted = Boolean(metadata.deletionTimestamp);
  const states = deleted ? ['deleted'] : [];
  if (!status?.allocation) return [...states, ...(deleted ? [] : ['pending'])].join(',');
  return [...states, 'allocated', ...(status.reservedFor?.length ? ['reserved'] : [])].join(',');
}
