import { equal } from '@keelson/machinery';
import type { Writable } from './written.ts';

export const afterAdmission = ' after mutating admission happens';
const wanted = 'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests';

/**
 * Leaves each owner of an object once, and warns of those that stood there again, by their uid. Two are one only if they are the same in
 * all. Upstream looks at what a create or update sends, and once more at what admission made of any write.
 */
export function dropRepeatedOwners({ metadata }: Writable, warnings: string[], when: '' | typeof afterAdmission = ''): void {
  const owners = metadata.ownerReferences ?? [];
  if (owners.length < 2) return;
  const kept: typeof owners = [];
  const repeated: string[] = [];
  const byUid = new Map<string, typeof owners>();
  for (const owner of owners) {
    const same = byUid.get(owner.uid) ?? [];
    if (same.some((other) => equal(other, owner))) repeated.push(owner.uid);
    else {
      byUid.set(owner.uid, [...same, owner]);
      kept.push(owner);
    }
  }
  if (repeated.length === 0) return;
  metadata.ownerReferences = kept;
  warnings.push(
    `.metadata.ownerReferences contains duplicate entries${when}; ${wanted}; duplicate UID(s) observed: ${repeated.join(', ')}`,
  );
}
