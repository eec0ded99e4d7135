import { getCondition, isPodReady, parseTime, podPhase } from '@keelson/machinery';
import type { Job, Pod } from '@keelson/types';
import { indexOf, isIndexed } from './pods.ts';

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** Active pods that go: those that stand in for none or the same index as another, and then the least far ahead, `least` in all. */
export function podsToRemove(job: Job, active: readonly Pod[], least: number): Pod[] {
  const surplus = isIndexed(job) ? surplusOf(job, active) : new Set<Pod>();
  const others = active.filter((pod) => !surplus.has(pod)).sort(byProgress);
  return [...surplus, ...others.slice(0, Math.max(0, least - surplus.size))];
}

/** Of pods with the same index the one furthest ahead stays. */
function surplusOf({ spec }: Job, active: readonly Pod[]): Set<Pod> {
  const best = new Map<number, Pod>();
  const surplus = new Set<Pod>();
  for (const pod of active) {
    const index = indexOf(pod, spec);
    const rival = index === undefined ? undefined : best.get(index);
    if (index === undefined) surplus.add(pod);
    else if (!rival || byProgress(rival, pod) < 0) best.set(index, pod);
    if (index === undefined || !rival) continue;
    surplus.add(best.get(index) === pod ? rival : pod);
  }
  return surplus;
}

/** What loses least comes first: not placed, not running, not ready, ready or made last, restarted most. */
function byProgress(a: Pod, b: Pod): number {
  const [left, right] = [progressOf(a), progressOf(b)];
  const difference = left.map((value, i) => value - (right[i] ?? 0)).find((one) => one !== 0);
  return difference ?? ((a.metadata.uid ?? '') < (b.metadata.uid ?? '') ? -1 : 1);
}

function progressOf(pod: Pod): number[] {
  const { spec, status, metadata } = pod;
  const ready = isPodReady(pod);
  const since = parseTime(getCondition(status?.conditions, 'Ready')?.lastTransitionTime);
  const restarts = Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
  return [
    spec.nodeName ? 1 : 0,
    phaseOrder[podPhase(pod)] ?? 0,
    ready ? 1 : 0,
    ready ? -(since ?? Number.MAX_SAFE_INTEGER) : 0,
    -restarts,
    -(parseTime(metadata.creationTimestamp) ?? Number.MAX_SAFE_INTEGER),
  ];
}
