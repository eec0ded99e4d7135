import { parseTime } from '@keelson/machinery';
import type { Deployment, ReplicaSet } from '@keelson/types';
import { desiredAnnotation, maxAnnotation, numberIn } from './annotations.ts';
import { isRolling, maxSurge, maxUnavailable, newestSize, sizeOf, sum, wantedOf } from './sizes.ts';

/** A ReplicaSet's new size. */
export interface Resize {
  readonly replicaSet: ReplicaSet;
  readonly size: number;
}

/** A Deployment with its ReplicaSets; `newest` has its present template and is not among `old`. */
export interface Rollout {
  readonly deployment: Deployment;
  readonly newest: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

export function allOf({ newest, old }: Rollout): ReplicaSet[] {
  return newest ? [...old, newest] : [...old];
}

export function active(replicaSets: readonly ReplicaSet[]): ReplicaSet[] {
  return replicaSets.filter((one) => sizeOf(one) > 0);
}

export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const difference = createdAt(a) - createdAt(b);
  return difference !== 0 ? difference : (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}

function createdAt({ metadata }: ReplicaSet): number {
  return parseTime(metadata.creationTimestamp) ?? Number.MAX_SAFE_INTEGER;
}

/** The next step of a rolling update: the newest grows as far as the surge lets it, else the old shrink as far as availability lets them. */
export function rollingStep(rollout: Rollout): Resize[] {
  const { deployment, newest } = rollout;
  if (!newest) return [];
  const grown = newestSize(deployment, allOf(rollout), sizeOf(newest));
  const size = sizeOf(newest) > wantedOf(deployment) ? wantedOf(deployment) : grown;
  if (size !== sizeOf(newest)) return [{ replicaSet: newest, size }];
  return shrinkOld(rollout, newest);
}

function shrinkOld(rollout: Rollout, newest: ReplicaSet): Resize[] {
  const { deployment } = rollout;
  const old = active(rollout.old).sort(byCreation);
  if (old.length === 0) return [];
  const least = wantedOf(deployment) - maxUnavailable(deployment);
  const unavailable = sizeOf(newest) - availableOf(newest);
  const removable = sum(allOf(rollout), sizeOf) - least - unavailable;
  if (removable <= 0) return [];
  const sizes = new Map(old.map((one) => [one, sizeOf(one)]));
  dropUnhealthy(old, sizes, removable);
  dropAvailable(old, sizes, sum(allOf(rollout), availableOf) - least);
  return old
    .map((replicaSet) => ({ replicaSet, size: sizes.get(replicaSet) ?? 0 }))
    .filter(({ replicaSet, size }) => size !== sizeOf(replicaSet));
}

/** Pods it may count on: a status that was not brought up to date since it shrank counts some that are going. Upstream counts them all. */
function availableOf(replicaSet: ReplicaSet): number {
  return Math.min(replicaSet.status?.availableReplicas ?? 0, sizeOf(replicaSet));
}

/** Pods that serve nobody go first: they cost no availability. */
function dropUnhealthy(old: readonly ReplicaSet[], sizes: Map<ReplicaSet, number>, removable: number): void {
  let left = removable;
  for (const one of old) {
    const dropped = Math.min(left, sizeOf(one) - availableOf(one));
    sizes.set(one, sizeOf(one) - dropped);
    left -= dropped;
  }
}

function dropAvailable(old: readonly ReplicaSet[], sizes: Map<ReplicaSet, number>, removable: number): void {
  let left = removable;
  for (const one of old) {
    if (left <= 0) return;
    const size = sizes.get(one) ?? 0;
    const dropped = Math.min(left, size);
    sizes.set(one, size - dropped);
    left -= dropped;
  }
}

/** Sizes after the Deployment itself was resized, or while it is paused. */
export function resizeStep(rollout: Rollout): Resize[] {
  const { deployment, newest, old } = rollout;
  const only = activeOrLatest(rollout);
  if (only) return sizeOf(only) === wantedOf(deployment) ? [] : [{ replicaSet: only, size: wantedOf(deployment) }];
  if (newest && isSaturated(deployment, newest)) return active(old).map((replicaSet) => ({ replicaSet, size: 0 }));
  return isRolling(deployment) ? proportional(rollout) : [];
}

/** The one ReplicaSet that has pods; with none, the newest. Undefined when several have. */
function activeOrLatest(rollout: Rollout): ReplicaSet | undefined {
  const running = active(allOf(rollout));
  if (running.length > 1) return undefined;
  return running[0] ?? rollout.newest ?? rollout.old.toSorted(byCreation).at(-1);
}

function isSaturated(deployment: Deployment, newest: ReplicaSet): boolean {
  const wanted = wantedOf(deployment);
  const desired = numberIn(newest.metadata.annotations, desiredAnnotation);
  return sizeOf(newest) === wanted && desired === wanted && (newest.status?.availableReplicas ?? 0) === wanted;
}

/** Shares a resize out among all that run, each by its size, the largest taking what rounding leaves. */
function proportional({ deployment, newest, old }: Rollout): Resize[] {
  const running = active(newest ? [...old, newest] : old);
  const wanted = wantedOf(deployment);
  const allowed = wanted > 0 ? wanted + maxSurge(deployment) : 0;
  const toAdd = allowed - sum(running, sizeOf);
  const newerFirst = toAdd > 0 ? -1 : 1;
  const order = running.sort((a, b) => sizeOf(b) - sizeOf(a) || newerFirst * byCreation(a, b));
  let added = 0;
  const sizes = order.map((one) => {
    const share = shareOf(one, deployment, toAdd, added);
    added += share;
    return sizeOf(one) + share;
  });
  if (toAdd !== 0 && sizes[0] !== undefined) sizes[0] = Math.max(0, sizes[0] + toAdd - added);
  return order.map((replicaSet, i) => ({ replicaSet, size: sizes[i] ?? 0 }));
}

function shareOf(replicaSet: ReplicaSet, deployment: Deployment, toAdd: number, added: number): number {
  if (sizeOf(replicaSet) === 0 || toAdd === 0 || toAdd === added) return 0;
  const fraction = fractionOf(replicaSet, deployment);
  const left = toAdd - added;
  return toAdd > 0 ? Math.min(fraction, left) : Math.max(fraction, left);
}

function fractionOf(replicaSet: ReplicaSet, deployment: Deployment): number {
  const size = sizeOf(replicaSet);
  if (wantedOf(deployment) === 0) return -size;
  const before = numberIn(replicaSet.metadata.annotations, maxAnnotation) || deployment.status?.replicas || 0;
  if (before === 0) return 0;
  return Math.round((size * (wantedOf(deployment) + maxSurge(deployment))) / before) - size;
}

/** True when the ReplicaSets were sized for another number of replicas than the Deployment wants now. */
export function wasResized(rollout: Rollout): boolean {
  return active(allOf(rollout)).some(({ metadata }) => {
    const desired = numberIn(metadata.annotations, desiredAnnotation);
    return desired !== undefined && desired !== wantedOf(rollout.deployment);
  });
}
