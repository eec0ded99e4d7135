import { repeats } from '@keelson/machinery';
import type { Writable } from './writable.ts';

export const afterAdmission = ' after mutating admission happens';
const wanted = 'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests';

/**
 * Leaves each owner of an object once, and warns of those that stood there again, by their uid. Two are one only if they are the same in
 * all. Upstream looks at what a create or update sends, and once more at what admission made of any write.
 */
export function dropRepeatedOwners({ metadata }: Writable, warnings: string[], when: '' | typeof afterAdmission = ''): void {
  const owners = metadata.ownerReferences ?? [];
  if (owners.length < 2) return;
  const again = repeats(owners, ({ apiVersion, kind, name, uid, controller, blockOwnerDeletion }) =>
    JSON.stringify([apiVersion, kind, name, uid, controller, blockOwnerDeletion]),
  );
  if (again.size === 0) return;
  const repeated = owners.flatMap(({ uid }, place) => (again.has(place) ? [uid] : []));
  metadata.ownerReferences = owners.filter((_, place) => !again.has(place));
  warnings.push(
    `.metadata.ownerReferences contains duplicate entries${when}; ${wanted}; duplicate UID(s) observed: ${repeated.join(', ')}`,
  );
}
