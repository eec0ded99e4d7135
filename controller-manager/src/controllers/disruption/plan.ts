import { rfc3339 } from '@keelson/base';
import {
  compareStrings,
  getCondition,
  isPodReady,
  isPodTerminal,
  isPodTerminating,
  parseTime,
  scaledValue,
  setCondition,
} from '@keelson/machinery';
import type { Condition, LabelSelector, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '@keelson/types';

/** How long an eviction that was let through may take to delete its pod, in milliseconds; after that it did not happen. */
export const deletionTimeout = 120_000;

/** A condition that says a pod is about to be disrupted is taken back after this time, in milliseconds. */
const staleAfter = 120_000;

export interface Observed {
  /** Those the budget selects. */
  readonly pods: readonly Pod[];
  /** How many pods their controllers want together; asked for only where the budget needs it. */
  readonly scale: number;
  readonly now: number;
}

export interface BudgetPlan {
  readonly status: PodDisruptionBudgetStatus;
  /** Evicted pods that were not deleted in time. */
  readonly notDeleted: readonly Pod[];
  /** Milliseconds until the next of them would be late. */
  readonly again: number | undefined;
}

/** Whether the number of pods their controllers want matters: a plain `minAvailable` counts the pods there are. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string';
}

/** @throws Error with upstream's words for a percentage that is none. */
export function planBudget(budget: PodDisruptionBudget, observed: Observed): BudgetPlan {
  const { pods, now } = observed;
  const { disrupted, notDeleted, again } = awaited(budget, pods, now);
  const { expectedPods, desiredHealthy } = wanted(budget, observed);
  const currentHealthy = pods.filter((pod) => isPodReady(pod) && !isPodTerminating(pod) && !(nameOf(pod) in disrupted)).length;
  const spare = Math.max(0, currentHealthy - desiredHealthy);
  // Of no pods none may be disrupted: the first ones are safe until they are counted.
  const disruptionsAllowed = expectedPods > 0 ? spare : 0;
  const { generation } = budget.metadata;
  const status = {
    ...{ currentHealthy, desiredHealthy, disruptionsAllowed, expectedPods, observedGeneration: generation },
    ...(Object.keys(disrupted).length > 0 ? { disruptedPods: disrupted } : {}),
    conditions: withAllowed(budget, disruptionsAllowed, now),
  };
  return { status, notDeleted, again };
}

function wanted({ spec }: PodDisruptionBudget, { pods, scale }: Observed): { expectedPods: number; desiredHealthy: number } {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable !== undefined)
    return { expectedPods: scale, desiredHealthy: Math.max(0, scale - scaledValue(maxUnavailable, scale, 'up')) };
  if (typeof minAvailable === 'string') return { expectedPods: scale, desiredHealthy: scaledValue(minAvailable, scale, 'up') };
  return minAvailable === undefined ? { expectedPods: 0, desiredHealthy: 0 } : { expectedPods: pods.length, desiredHealthy: minAvailable };
}

interface Awaited extends Pick<BudgetPlan, 'notDeleted' | 'again'> {
  readonly disrupted: Record<string, string>;
}

/** Pods whose eviction was let through and that are still to be deleted. */
function awaited({ status }: PodDisruptionBudget, pods: readonly Pod[], now: number): Awaited {
  const disrupted: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  const waits: number[] = [];
  for (const pod of pods) {
    const time = status?.disruptedPods?.[nameOf(pod)];
    if (time === undefined || isPodTerminating(pod)) continue;
    const wait = (parseTime(time) ?? 0) + deletionTimeout - now;
    if (wait <= 0) notDeleted.push(pod);
    else {
      disrupted[nameOf(pod)] = time;
      waits.push(wait);
    }
  }
  return { disrupted, notDeleted, again: waits.length > 0 ? Math.min(...waits) : undefined };
}

function nameOf({ metadata }: Pod): string {
  return metadata.name ?? '';
}

function withAllowed({ metadata, status }: PodDisruptionBudget, allowed: number, now: number): Condition[] {
  const condition =
    allowed > 0 ? { status: 'True', reason: 'SufficientPods', message: '' } : { status: 'False', reason: 'InsufficientPods', message: '' };
  return withCondition(status?.conditions, { ...condition, observedGeneration: metadata.generation }, now);
}

type Said = Pick<Condition, 'status' | 'reason' | 'message' | 'observedGeneration'>;

function withCondition(before: readonly Condition[] | undefined, said: Said, now: number): Condition[] {
  return setCondition<Condition>(before, { type: 'DisruptionAllowed', ...said }, rfc3339(now));
}

/** The status of a budget that could not be worked out: nothing may be disrupted, and what it says is of the generation it was of. */
export function failedStatus({ status }: PodDisruptionBudget, message: string, now: number): PodDisruptionBudgetStatus {
  const said = { status: 'False', reason: 'SyncFailed', message, observedGeneration: status?.observedGeneration };
  return {
    ...{ currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, ...status },
    disruptionsAllowed: 0,
    conditions: withCondition(status?.conditions, said, now),
  };
}

/** A selector as Go prints it. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector = {}): string {
  const labels = Object.keys(matchLabels)
    .sort(compareStrings)
    .map((key) => `${key}: ${matchLabels[key]},`);
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  const [all, each] = [labels.join(''), expressions.join('')];
  return `&LabelSelector{MatchLabels:map[string]string{${all}},MatchExpressions:[]LabelSelectorRequirement{${each}},}`;
}

/**
 * Milliseconds until a pod that was said to be disrupted, and was not deleted, is taken to stay; undefined for one of which nothing of
 * the kind is said. What the kubelet says stands: its pods end when they end.
 */
export function untilStale(pod: Pod, now: number): number | undefined {
  const condition = getCondition(pod.status?.conditions, 'DisruptionTarget');
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined;
  if (isPodTerminating(pod) || isPodTerminal(pod)) return undefined;
  return Math.max(0, (parseTime(condition.lastTransitionTime) ?? 0) + staleAfter - now);
}
