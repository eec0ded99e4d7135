import { labelSelectorMatcher } from '@keelson/machinery';
import type { PodDisruptionBudget } from '@keelson/types';
import type { PodInfo } from '../cache/pod-info.ts';

/** A budget, and which pods it is about. */
export interface Guard {
  readonly budget: PodDisruptionBudget;
  readonly selector: ReturnType<typeof labelSelectorMatcher>;
}

/** Budgets as they are asked of many nodes. */
export function guardsOf(budgets: readonly PodDisruptionBudget[]): Guard[] {
  return budgets.map((budget) => ({ budget, selector: labelSelectorMatcher(budget.spec?.selector) }));
}

/** Of pods that would be evicted one after the other: those for which a budget has nothing left, and the others. Both in the same order. */
export interface Split {
  readonly violating: readonly PodInfo[];
  readonly others: readonly PodInfo[];
}

/** A budget with an empty selector is about no pod; pods whose disruption it counts already cost it nothing more. */
export function splitByBudgets(pods: readonly PodInfo[], guards: readonly Guard[]): Split {
  const allowed = guards.map((guard) => ({ ...guard, left: guard.budget.status?.disruptionsAllowed ?? 0 }));
  const split = { violating: [] as PodInfo[], others: [] as PodInfo[] };
  for (const info of pods) {
    const concerned = allowed.filter(({ budget, selector }) => protects(budget, info) && selector.matches(info.labels));
    for (const one of concerned) one.left--;
    (concerned.some(({ left }) => left < 0) ? split.violating : split.others).push(info);
  }
  return split;
}

function protects({ metadata, spec, status }: PodDisruptionBudget, { pod, namespace, labels }: PodInfo): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
  if (metadata.namespace !== namespace || Object.keys(labels).length === 0) return false;
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) return false;
  return !Object.hasOwn(status?.disruptedPods ?? {}, pod.metadata.name ?? '');
}
