import { rfc3339 } from '@keelson/base';
import { equal, getCondition, parseTime, removeCondition } from '@keelson/machinery';
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '@keelson/types';
import { allOf, type Rollout } from './rollout.ts';
import { maxUnavailable, sizeOf, sum, wantedOf } from './sizes.ts';

const noDeadline = 2 ** 31 - 1;

type Conditions = readonly DeploymentCondition[];

export function hasDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== noDeadline;
}

export function newCondition(type: string, status: string, reason: string, message: string, now: number): DeploymentCondition {
  return { type, status, lastUpdateTime: rfc3339(now), lastTransitionTime: rfc3339(now), reason, message };
}

/** Puts a condition last. One of the same status and reason stays as it is; the transition time changes with the status only. */
export function withCondition(conditions: Conditions | undefined, wanted: DeploymentCondition): DeploymentCondition[] {
  const old = getCondition(conditions, wanted.type);
  if (old?.status === wanted.status && old.reason === wanted.reason) return [...(conditions ?? [])];
  const since = old?.status === wanted.status ? old.lastTransitionTime : wanted.lastTransitionTime;
  return [...removeCondition(conditions, wanted.type), { ...wanted, lastTransitionTime: since }];
}

/** Counts and availability. `before` is the status whose conditions are carried on. */
export function countedStatus(rollout: Rollout, before: DeploymentStatus, now: number): DeploymentStatus {
  const { deployment, newest } = rollout;
  const all = allOf(rollout);
  const available = sum(all, ({ status }) => status?.availableReplicas);
  const wanted = wantedOf(deployment);
  const enough = available >= wanted - maxUnavailable(deployment);
  const availability = enough
    ? newCondition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', now)
    : newCondition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.', now);
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: positive(sum(all, ({ status }) => status?.replicas)),
    updatedReplicas: positive(newest?.status?.replicas ?? 0),
    readyReplicas: positive(sum(all, ({ status }) => status?.readyReplicas)),
    availableReplicas: positive(available),
    unavailableReplicas: positive(sum(all, sizeOf) - available),
    terminatingReplicas: terminatingOf(all),
    collisionCount: before.collisionCount,
    conditions: withCondition(before.conditions, availability),
  };
}

/** Unknown while one of the ReplicaSets does not tell. */
function terminatingOf(all: readonly ReplicaSet[]): number | undefined {
  const known = all.every(({ status }) => status?.terminatingReplicas !== undefined);
  return known ? sum(all, ({ status }) => status?.terminatingReplicas) : undefined;
}

/** Zero and less are left out. */
function positive(count: number): number | undefined {
  return count > 0 ? count : undefined;
}

/** The status while a rollout goes on: counts, how it progresses, and what keeps pods from being made. */
export function rolloutStatus(rollout: Rollout, before: DeploymentStatus, now: number): DeploymentStatus {
  const { deployment } = rollout;
  const counted = countedStatus(rollout, before, now);
  const progressed = hasDeadline(deployment)
    ? progressConditions(rollout, before, counted, now)
    : removeCondition(counted.conditions, 'Progressing');
  const failure = failureOf(rollout);
  return { ...counted, conditions: failure ? withCondition(progressed, failure) : removeCondition(progressed, 'ReplicaFailure') };
}

function progressConditions(rollout: Rollout, before: DeploymentStatus, next: DeploymentStatus, now: number): DeploymentCondition[] {
  const { deployment, newest } = rollout;
  const conditions = next.conditions ?? [];
  const current = getCondition(before.conditions, 'Progressing');
  const done = (next.replicas ?? 0) === (next.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable';
  if (done) return [...conditions];
  const subject = newest ? `ReplicaSet ${JSON.stringify(newest.metadata.name)}` : `Deployment ${JSON.stringify(deployment.metadata.name)}`;
  if (isComplete(deployment, next)) {
    const message = `${subject} has successfully progressed.`;
    return withCondition(conditions, newCondition('Progressing', 'True', 'NewReplicaSetAvailable', message, now));
  }
  if (isProgress(before, next)) {
    const condition = newCondition('Progressing', 'True', 'ReplicaSetUpdated', `${subject} is progressing.`, now);
    const since = current?.status === 'True' ? current.lastTransitionTime : condition.lastTransitionTime;
    // Replaced even when nothing but its time changes: the deadline counts from there.
    return [...removeCondition(conditions, 'Progressing'), { ...condition, lastTransitionTime: since }];
  }
  if (!isTimedOut(deployment, current, now)) return [...conditions];
  const message = `${subject} has timed out progressing.`;
  return withCondition(conditions, newCondition('Progressing', 'False', 'ProgressDeadlineExceeded', message, now));
}

/** True when all replicas are of the present template and available. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = wantedOf(deployment);
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, observedGeneration = 0 } = status;
  const observed = observedGeneration >= (deployment.metadata.generation ?? 0);
  return updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted && observed;
}

function isProgress(before: DeploymentStatus, next: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus): number => replicas - updatedReplicas;
  const grew = (name: 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'): boolean => (next[name] ?? 0) > (before[name] ?? 0);
  return grew('updatedReplicas') || grew('readyReplicas') || grew('availableReplicas') || old(next) < old(before);
}

function isTimedOut({ spec }: Deployment, current: DeploymentCondition | undefined, now: number): boolean {
  if (!current || current.reason === 'NewReplicaSetAvailable') return false;
  if (current.reason === 'ProgressDeadlineExceeded') return true;
  return (parseTime(current.lastUpdateTime) ?? now) + (spec.progressDeadlineSeconds ?? 0) * 1000 < now;
}

function failureOf(rollout: Rollout): DeploymentCondition | undefined {
  const ofNewest = getCondition(rollout.newest?.status?.conditions, 'ReplicaFailure');
  const found =
    ofNewest ??
    allOf(rollout)
      .map(({ status }) => getCondition(status?.conditions, 'ReplicaFailure'))
      .find(Boolean);
  return found && { ...found, lastUpdateTime: found.lastTransitionTime };
}

/** Milliseconds until the deadline must be looked at again; undefined when nothing waits for it. */
export function untilDeadline(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const current = getCondition(status.conditions, 'Progressing');
  if (!hasDeadline(deployment) || !current || isComplete(deployment, status)) return undefined;
  if (current.reason === 'ProgressDeadlineExceeded' || current.reason === 'NewReplicaSetAvailable') return undefined;
  const at = (parseTime(current.lastUpdateTime) ?? now) + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000;
  return Math.max(0, at - now) + 1000;
}

/** Notes that a rollout was stopped or taken up again, so that the time in between does not count against its deadline. */
export function pausedConditions(deployment: Deployment, conditions: Conditions | undefined, now: number): DeploymentCondition[] {
  const current = getCondition(conditions, 'Progressing');
  const unchanged = [...(conditions ?? [])];
  if (!hasDeadline(deployment) || current?.reason === 'ProgressDeadlineExceeded') return unchanged;
  const noted = current?.reason === 'DeploymentPaused';
  if (deployment.spec.paused && !noted) {
    return withCondition(conditions, newCondition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused', now));
  }
  if (deployment.spec.paused || !noted) return unchanged;
  return withCondition(conditions, newCondition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed', now));
}

export function statusChanged(before: DeploymentStatus | undefined, next: DeploymentStatus): boolean {
  return !equal(withoutZeros(before ?? {}), withoutZeros(next));
}

function withoutZeros(status: DeploymentStatus): object {
  return Object.fromEntries(Object.entries(status).filter(([name, value]) => value !== 0 || name === 'terminatingReplicas'));
}
