import { type Clock, timestamp } from '@keelson/base';
import { forbidden, getCondition, StatusError, tooManyRequests } from '@keelson/machinery';
import type { PodDisruptionBudget } from '@keelson/types';
import { setCondition } from '../conditions.ts';

/** Evictions let through and not seen by the controller yet, at most. */
const mostDisrupted = 2_000;

/** Seconds after which to ask again for a budget that has not been worked out. */
const retryAfter = 10;

/**
 * A budget with one disruption less, and the pod noted that will be deleted.
 * @throws StatusError TooManyRequests when the budget allows none, Forbidden when its status makes no sense.
 */
export function spend(budget: PodDisruptionBudget, podName: string, clock: Clock): PodDisruptionBudget {
  const { metadata, status = {} } = budget;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {} } = status;
  const refuse = (why: string): Error => forbidden({ group: 'policy', resource: 'poddisruptionbudget' }, metadata.name ?? '', why);
  if (observedGeneration < (metadata.generation ?? 0)) throw unsettled(metadata.name ?? '');
  if (disruptionsAllowed < 0) throw refuse('pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > mostDisrupted)
    throw refuse('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (disruptionsAllowed === 0) throw exhausted(budget);
  const conditions = disruptionsAllowed > 1 ? status.conditions : withNoneAllowed(budget, clock);
  const disrupted = { ...disruptedPods, [podName]: timestamp(clock) };
  return { ...budget, status: { ...status, disruptionsAllowed: disruptionsAllowed - 1, disruptedPods: disrupted, conditions } };
}

function withNoneAllowed({ metadata, status }: PodDisruptionBudget, clock: Clock) {
  const { generation: observedGeneration } = metadata;
  const none = { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '', observedGeneration };
  // Its time is filled in where the status changes.
  return setCondition(status?.conditions ?? [], { ...none, lastTransitionTime: timestamp(clock) }, clock);
}

function exhausted({ metadata: { name }, status }: PodDisruptionBudget): StatusError {
  const { desiredHealthy = 0, currentHealthy = 0, conditions } = status ?? {};
  const condition = getCondition(conditions, 'DisruptionAllowed');
  if (condition?.reason === 'SyncFailed')
    return refusal(`The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${condition.message}`);
  return refusal(`The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`);
}

/** Of a budget whose status is not about its present form. */
export function unsettled(name: string): StatusError {
  return refusal(`The disruption budget ${name} is still being processed by the server.`, retryAfter);
}

function refusal(message: string, seconds?: number): StatusError {
  const { status } = tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", seconds);
  return new StatusError({ ...status, details: { ...status.details, causes: [{ reason: 'DisruptionBudget', message }] } });
}
