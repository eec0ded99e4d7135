import { invalidBy, isDNS1123Subdomain, path, validateImmutable, validateLabelSelector } from '@keelson/machinery';
import { CSIStorageCapacity } from '@keelson/types';
import { nameColumn } from '../columns.ts';
import { nonNegativeQuantity } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';

export const csiStorageCapacityKind: KindDefinition<CSIStorageCapacity> = {
  kind: CSIStorageCapacity,
  conditionalUpdateOnly: true,
  validate: ({ nodeTopology, storageClassName = '', capacity }) => [
    ...validateLabelSelector(nodeTopology, path('nodeTopology')),
    ...invalidBy(isDNS1123Subdomain(storageClassName), path('storageClassName'), storageClassName),
    ...(capacity === undefined ? [] : nonNegativeQuantity(capacity, path('capacity'))),
  ],
  validateUpdate: (next, old) => [
    ...validateImmutable(next.nodeTopology, old.nodeTopology, path('nodeTopology')),
    ...validateImmutable(next.storageClassName, old.storageClassName, path('storageClassName')),
  ],
  columns: [
    nameColumn,
    { name: 'StorageClassName', type: 'string', cell: ({ storageClassName }) => storageClassName },
    { name: 'Capacity', type: 'string', cell: ({ capacity }) => String(capacity ?? '<unset>') },
  ],
};
