import { equal, fieldForbidden, path } from '@keelson/machinery';
import { VolumeAttributesClass } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { parameterErrors, provisionerErrors } from './parameters.ts';

export const volumeAttributesClassKind: KindDefinition<VolumeAttributesClass> = {
  kind: VolumeAttributesClass,
  validate: ({ driverName, parameters }) => [
    ...provisionerErrors(driverName, path('driverName')),
    ...parameterErrors(parameters, path('parameters'), true),
  ],
  validateUpdate: (next, old) =>
    (['driverName', 'parameters'] as const)
      .filter((member) => !equal(next[member], old[member]))
      .map((member) => fieldForbidden(path(member), `updates to ${member} are forbidden.`)),
  deletion: { returnsObject: true },
  columns: [nameColumn, { name: 'DriverName', type: 'string', cell: ({ driverName }) => driverName }, ageColumn],
};
