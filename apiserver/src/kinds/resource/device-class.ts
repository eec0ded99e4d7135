import { fieldInvalid, isQualifiedName, path } from '@keelson/machinery';
import { DeviceClass } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { configurationErrors, selectorErrors } from './device-claim-validation.ts';
import { eachOf } from './lists.ts';

const most = 32;

export const deviceClassKind: KindDefinition<DeviceClass> = {
  kind: DeviceClass,
  generation: true,
  validate({ spec }) {
    const at = path('spec');
    const { selectors = [], config = [], extendedResourceName: name } = spec ?? {};
    return [
      ...selectorErrors(selectors, at.child('selectors')),
      ...eachOf(config, most, at.child('config'), ({ opaque }, where) => configurationErrors(opaque, where)),
      ...(name === undefined || isExtendedResource(name)
        ? []
        : [fieldInvalid(at.child('extendedResourceName'), name, 'must be a valid extended resource name')]),
    ];
  },
  deletion: { returnsObject: true },
  columns: [nameColumn, ageColumn],
};

/** Resources of somebody else's domain. */
function isExtendedResource(name: string): boolean {
  if (!name.includes('/') || name.includes('kubernetes.io/') || name.startsWith('requests.')) return false;
  return isQualifiedName(`requests.${name}`).length === 0;
}
