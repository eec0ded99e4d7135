import {
  equal,
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isQualifiedName,
  path,
  repeats,
} from '@keelson/machinery';
import { CSINode, type CSINodeDriver } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { csiDriverNameErrors } from '../core/csi-driver-name.ts';
import { nonNegative } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';

const at = path('spec', 'drivers');
const nodeIDLimit = 256;

export const csiNodeKind: KindDefinition<CSINode> = {
  kind: CSINode,
  conditionalUpdateOnly: true,
  validate({ spec }) {
    const names = new Set<string>();
    return (spec?.drivers ?? []).flatMap((driver, index) => {
      const where = at.index(index);
      const errors = driverErrors(driver, where);
      if (names.has(driver.name)) errors.push(fieldDuplicate(where.child('name'), driver.name));
      names.add(driver.name);
      return [...errors, ...topologyKeyErrors(driver.topologyKeys ?? [], where)];
    });
  },
  validateUpdate(next, old) {
    return (next.spec?.drivers ?? []).flatMap((driver) => {
      const before = old.spec.drivers?.find(({ name }) => name === driver.name);
      const same = !before || equal({ ...driver, allocatable: undefined }, { ...before, allocatable: undefined });
      return same ? [] : [fieldInvalid(path('CSINodeDriver'), driver, 'field is immutable')];
    });
  },
  deletion: { returnsObject: true },
  columns: [nameColumn, { name: 'Drivers', type: 'integer', cell: ({ spec }) => spec.drivers?.length ?? 0 }, ageColumn],
};

function driverErrors({ name, nodeID, allocatable }: CSINodeDriver, where: FieldPath): FieldError[] {
  const errors = csiDriverNameErrors(name, where.child('name'));
  if (!nodeID) errors.push(fieldRequired(where.child('nodeID')));
  else if (nodeID.length > nodeIDLimit)
    errors.push(fieldInvalid(where.child('nodeID'), nodeID, `must be ${nodeIDLimit} characters or less`));
  return [...errors, ...(allocatable ? nonNegative(allocatable, where.child('allocatable'), 'count') : [])];
}

function topologyKeyErrors(keys: readonly string[], where: FieldPath): FieldError[] {
  const again = repeats(keys);
  return keys.flatMap((key, index) => [
    ...(key ? [] : [fieldRequired(where)]),
    ...(again.has(index) ? [fieldDuplicate(where, key)] : []),
    ...invalidBy(isQualifiedName(key), where, keys),
  ]);
}
