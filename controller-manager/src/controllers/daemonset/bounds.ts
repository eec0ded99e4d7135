import { scaledValue } from '@keelson/machinery';
import type { DaemonSet } from '@keelson/types';

/** Whether new daemons may stand beside the old ones they replace, and how many; of `nodes` when it is a percentage. */
export function maxSurge({ spec }: Pick<DaemonSet, 'spec'>, nodes = 1): number {
  return isRolling(spec) ? scaledValue(spec.updateStrategy?.rollingUpdate?.maxSurge ?? 0, nodes, 'up') : 0;
}

/** How many daemons may be missing during an update. At least one, when none may be too many. */
export function maxUnavailable({ spec }: Pick<DaemonSet, 'spec'>, nodes: number): number {
  const rolling = spec.updateStrategy?.rollingUpdate;
  const most = scaledValue(rolling?.maxUnavailable ?? 1, nodes, 'up');
  return most === 0 && maxSurge({ spec }, nodes) === 0 ? 1 : most;
}

export function isRolling({ updateStrategy }: DaemonSet['spec']): boolean {
  return (updateStrategy?.type || 'RollingUpdate') === 'RollingUpdate';
}
