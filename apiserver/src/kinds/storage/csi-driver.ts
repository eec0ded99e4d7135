import { type FieldError, type FieldPath, fieldDuplicate, fieldInvalid, fieldRequired, path, validateImmutable } from '@keelson/machinery';
import { CSIDriver, type CSIDriverSpec } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { oneOf } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';

const at = path('spec');
const shortestPeriod = 10;
const shortestToken = 600;
const longestToken = 2 ** 32;

export const csiDriverKind: KindDefinition<CSIDriver> = {
  kind: CSIDriver,
  conditionalUpdateOnly: true,
  defaults({ spec }) {
    if (!spec) return;
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  dropUnserved({ spec }, old) {
    if (old?.spec.preventPodSchedulingIfMissing === undefined) delete spec?.preventPodSchedulingIfMissing;
  },
  validate: ({ spec }) => (spec ? driverErrors(spec) : [fieldRequired(at)]),
  validateUpdate: ({ spec: next }, { spec: old }) => [
    // The path is upstream's, wrong as it is.
    ...validateImmutable(next.attachRequired, old.attachRequired, at.child('attachedRequired')),
    ...validateImmutable(next.volumeLifecycleModes, old.volumeLifecycleModes, at.child('volumeLifecycleModes')),
  ],
  deletion: { returnsObject: true },
  columns: [
    nameColumn,
    { name: 'AttachRequired', type: 'boolean', cell: ({ spec }) => spec.attachRequired ?? true },
    { name: 'PodInfoOnMount', type: 'boolean', cell: ({ spec }) => spec.podInfoOnMount ?? false },
    { name: 'StorageCapacity', type: 'boolean', cell: ({ spec }) => spec.storageCapacity ?? false },
    {
      name: 'TokenRequests',
      type: 'string',
      cell: ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
    },
    { name: 'RequiresRepublish', type: 'boolean', cell: ({ spec }) => spec.requiresRepublish ?? false },
    { name: 'Modes', type: 'string', cell: ({ spec }) => spec.volumeLifecycleModes?.join(',') || '<none>' },
    ageColumn,
  ],
};

function driverErrors(spec: CSIDriverSpec): FieldError[] {
  const { fsGroupPolicy, volumeLifecycleModes = [], nodeAllocatableUpdatePeriodSeconds: period } = spec;
  const where = at.child('nodeAllocatableUpdatePeriodSeconds');
  return [
    ...oneOf(fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType'], at.child('fsGroupPolicy')),
    ...tokenErrors(spec, at.child('tokenRequests')),
    ...volumeLifecycleModes.flatMap((mode) => oneOf(mode, ['Persistent', 'Ephemeral'], at.child('volumeLifecycleModes'))),
    ...(period !== undefined && period < shortestPeriod
      ? [fieldInvalid(where, period, `must be greater than or equal to ${shortestPeriod} seconds`)]
      : []),
  ];
}

function tokenErrors({ tokenRequests = [] }: CSIDriverSpec, where: FieldPath): FieldError[] {
  const audiences = new Set<string>();
  return tokenRequests.flatMap(({ audience = '', expirationSeconds: seconds }, index) => {
    const place = where.index(index);
    if (audiences.has(audience)) return [fieldDuplicate(place.child('audience'), audience)];
    audiences.add(audience);
    if (seconds === undefined) return [];
    const expiration = place.child('expirationSeconds');
    if (seconds < shortestToken) return [fieldInvalid(expiration, seconds, 'may not specify a duration less than 10 minutes')];
    return seconds > longestToken ? [fieldInvalid(expiration, seconds, 'may not specify a duration larger than 2^32 seconds')] : [];
  });
}
