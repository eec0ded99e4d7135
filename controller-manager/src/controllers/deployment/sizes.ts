import { rollingBounds } from '@keelson/machinery';
import type { Deployment, ReplicaSet } from '@keelson/types';

export function wantedOf({ spec }: Deployment): number {
  return spec.replicas ?? 1;
}

export function sizeOf({ spec }: ReplicaSet): number {
  return spec.replicas ?? 1;
}

export function isRolling({ spec }: Deployment): boolean {
  return (spec.strategy?.type || 'RollingUpdate') === 'RollingUpdate';
}

/** Pods a rolling update may have above the wanted number. */
export function maxSurge(deployment: Deployment): number {
  return isRolling(deployment) ? boundsOf(deployment).maxSurge : 0;
}

/** Pods that may be missing during a rolling update. */
export function maxUnavailable(deployment: Deployment): number {
  const wanted = wantedOf(deployment);
  return isRolling(deployment) && wanted > 0 ? Math.min(boundsOf(deployment).maxUnavailable, wanted) : 0;
}

function boundsOf(deployment: Deployment): ReturnType<typeof rollingBounds> {
  const rolling = deployment.spec.strategy?.rollingUpdate;
  return rollingBounds(rolling?.maxSurge, rolling?.maxUnavailable, wantedOf(deployment));
}

export function sum(replicaSets: readonly ReplicaSet[], count: (replicaSet: ReplicaSet) => number | undefined): number {
  return replicaSets.reduce((total, one) => total + (count(one) ?? 0), 0);
}

/** How many pods the newest ReplicaSet gets next, given all that there are. */
export function newestSize(deployment: Deployment, all: readonly ReplicaSet[], newest: number): number {
  const wanted = wantedOf(deployment);
  if (!isRolling(deployment)) return wanted;
  const room = wanted + maxSurge(deployment) - sum(all, sizeOf);
  return room <= 0 ? newest : newest + Math.min(room, wanted - newest);
}
