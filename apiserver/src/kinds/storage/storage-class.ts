import {
  equal,
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldForbidden,
  fieldRequired,
  invalidBy,
  isDefaultClass,
  isQualifiedName,
  path,
  repeats,
  validateImmutable,
} from '@keelson/machinery';
import { StorageClass, type TopologySelectorTerm } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { oneOf } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';
import { parameterErrors, provisionerErrors } from './parameters.ts';

export const storageClassKind: KindDefinition<StorageClass> = {
  kind: StorageClass,
  defaults(storageClass) {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  validate: ({ provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies }) => [
    ...provisionerErrors(provisioner, path('provisioner')),
    ...parameterErrors(parameters, path('parameters'), false),
    ...oneOf(reclaimPolicy || undefined, ['Delete', 'Retain'], path('reclaimPolicy')),
    ...oneOf(volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], path('volumeBindingMode')),
    ...topologyErrors(allowedTopologies ?? [], path('allowedTopologies')),
  ],
  validateUpdate(next, old) {
    const errors: FieldError[] = [];
    for (const member of ['parameters', 'provisioner', 'reclaimPolicy'] as const)
      if (!equal(next[member], old[member])) errors.push(fieldForbidden(path(member), `updates to ${member} are forbidden.`));
    return [...errors, ...validateImmutable(next.volumeBindingMode, old.volumeBindingMode, path('volumeBindingMode'))];
  },
  deletion: { returnsObject: true },
  columns: [
    { ...nameColumn, cell: nameText },
    { name: 'Provisioner', type: 'string', cell: ({ provisioner }) => provisioner },
    { name: 'ReclaimPolicy', type: 'string', cell: ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete' },
    { name: 'VolumeBindingMode', type: 'string', cell: ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate' },
    { name: 'AllowVolumeExpansion', type: 'string', cell: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false },
    ageColumn,
  ],
};

function nameText(storageClass: StorageClass): string {
  return `${storageClass.metadata.name}${isDefaultClass('StorageClass', storageClass) ? ' (default)' : ''}`;
}

function topologyErrors(terms: readonly TopologySelectorTerm[], at: FieldPath): FieldError[] {
  const same = repeats(terms, termIdentity);
  return terms.flatMap(({ matchLabelExpressions = [] }, index) => {
    const where = at.index(index).child('matchLabelExpressions');
    const again = repeats(matchLabelExpressions, ({ key }) => key);
    const errors = matchLabelExpressions.flatMap(({ key, values = [] }, i) => {
      const place = where.index(i);
      return [
        ...(values.length > 0 ? [] : [fieldRequired(place.child('values'))]),
        ...[...repeats(values)].map((v) => fieldDuplicate(place.child('values').index(v), values[v])),
        ...invalidBy(isQualifiedName(key), place.child('key'), key),
        ...(again.has(i) ? [fieldDuplicate(place.child('key'), key)] : []),
      ];
    });
    // One that asks for nothing counts as said before.
    return same.has(index) || matchLabelExpressions.length === 0 ? [...errors, fieldDuplicate(where, '')] : errors;
  });
}

/** What a term asks for, in whatever order it says it. */
function termIdentity({ matchLabelExpressions = [] }: TopologySelectorTerm): string {
  return JSON.stringify(matchLabelExpressions.map(({ key, values = [] }) => JSON.stringify([key, [...values].sort()])).sort());
}
