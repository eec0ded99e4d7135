import type { DiskLayout } from './signals.ts';

/** What the node holds that no pod needs. Right to repeat. */
export interface NodeReclaim {
  /** Removes containers that have ended. */
  containers(): Promise<void>;
  /** Removes images that no container was made of. */
  images(): Promise<void>;
}

/** What can be freed of the disk of a signal without a pod having to go, in order. Pure. */
export function reclaims(signal: string, layout: DiskLayout): readonly (keyof NodeReclaim)[] {
  const disk = /^(nodefs|imagefs|containerfs)\./.exec(signal)?.[1];
  if (disk === undefined) return [];
  if (layout === 'shared') return ['containers', 'images'];
  if (layout === 'split') return disk === 'imagefs' ? ['images'] : ['containers'];
  return disk === 'nodefs' ? [] : ['containers', 'images'];
}
