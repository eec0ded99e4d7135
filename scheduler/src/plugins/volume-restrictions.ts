import { claimsOf } from '../volumes/claims.ts';
import { eachOpen, type Plugin } from './types.ts';

const name = 'VolumeRestrictions';

/** A claim with access mode ReadWriteOncePod is one pod's at a time, in the whole cluster. */
export const volumeRestrictions: Plugin = {
  name,
  scope: 'cluster',
  requeueOn: ['AssignedPodDelete', 'VolumeChange'],
  filter({ table, reasons, volumes }) {
    if (!volumes || volumes.exclusive.length === 0) return undefined;
    const exclusive = new Set(volumes.exclusive);
    const code = reasons.code(name, true, 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode');
    const users = [...table.rows].filter((row) =>
      [...(table.pods[row]?.values() ?? [])].some(({ pod }) => claimsOf(pod).some(({ key }) => exclusive.has(key))),
    );
    if (users.length === 0) return undefined;
    const used = new Set(users);
    // Where its user runs, evicting that may help; elsewhere nothing does.
    const elsewhere = reasons.code(
      name,
      false,
      'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
    );
    return eachOpen((row) => (used.has(row) ? code : elsewhere));
  },
};
