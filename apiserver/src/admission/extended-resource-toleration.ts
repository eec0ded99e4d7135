import { Pod } from '@keelson/types';
import { isWriteOf } from './objects.ts';
import type { AdmissionPlugin } from './types.ts';

/** Nodes kept free for pods that need what only those have are tainted by its name: such pods put up with it. */
export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  admit(attributes) {
    if (!isWriteOf(attributes, Pod, 'CREATE', 'UPDATE')) return;
    const { spec } = attributes.object as Pod;
    const containers = [...spec.containers, ...(spec.initContainers ?? [])];
    const names = new Set(containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {}).filter(isExtended)));
    for (const key of [...names].sort()) {
      const isThere = spec.tolerations?.some((one) => one.key === key && one.operator === 'Exists' && !one.effect);
      if (!isThere) spec.tolerations = [...(spec.tolerations ?? []), { key, operator: 'Exists' }];
    }
  },
};

function isExtended(name: string): boolean {
  return name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
}
