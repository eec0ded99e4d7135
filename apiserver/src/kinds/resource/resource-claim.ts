import {
  equal,
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldRequired,
  path,
  repeats,
  validateImmutable,
} from '@keelson/machinery';
import { ResourceClaim, ResourceClaimTemplate } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { defaultDeviceClaim, deviceClaimErrors, limited } from './device-claim-validation.ts';

const mostUsers = 256;

export const resourceClaimKind: KindDefinition<ResourceClaim> = {
  kind: ResourceClaim,
  generation: false,
  defaults: ({ spec }) => defaultDeviceClaim(spec?.devices),
  prepareCreate(claim) {
    claim.status = {};
  },
  validate: ({ spec }) => deviceClaimErrors(spec?.devices, path('spec', 'devices')),
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
  validate: ({ spec }) => deviceClaimErrors(spec?.spec?.devices, path('spec', 'spec', 'devices')),
  validateUpdate: (next, old) => validateImmutable(next.spec, old.spec, path('spec')),
  deletion: { returnsObject: true },
  columns: [nameColumn, ageColumn],
};

function statusErrors({ metadata, status }: ResourceClaim, old: ResourceClaim): FieldError[] {
  const { reservedFor = [], allocation } = status ?? {};
  const where = path('status', 'reservedFor');
  const errors = limited(reservedFor, mostUsers, where);
  const again = repeats(reservedFor, ({ uid }) => uid);
  for (const [index, user] of reservedFor.entries()) {
    for (const member of ['resource', 'name', 'uid'] as const)
      if (!user[member]) errors.push(fieldRequired(where.index(index).child(member)));
    if (again.has(index)) errors.push(fieldDuplicate(where.index(index), user.uid));
  }
  if (reservedFor.length > 0 && !allocation) errors.push(fieldForbidden(where, 'may not be specified when `allocated` is not set'));
  const isNew = reservedFor.some((user) => !(old.status?.reservedFor ?? []).some((one) => equal(one, user)));
  if (allocation && metadata.deletionTimestamp && isNew)
    errors.push(fieldForbidden(where, 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'));
  if (allocation && old.status?.allocation)
    errors.push(...validateImmutable(allocation, old.status.allocation, path('status', 'allocation')));
  return errors;
}

/** `allocated,reserved` */
function stateText({ metadata, status }: ResourceClaim): string {
  const deleted = Boolean(metadata.deletionTimestamp);
  const states = deleted ? ['deleted'] : [];
  if (!status?.allocation) return [...states, ...(deleted ? [] : ['pending'])].join(',');
  return [...states, 'allocated', ...(status.reservedFor?.length ? ['reserved'] : [])].join(',');
}
