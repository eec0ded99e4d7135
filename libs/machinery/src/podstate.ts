import type { Pod } from '@keelson/types';
import { getCondition } from './conditions.ts';
import { parseTime } from './time.ts';

/** True once the pod has run to its end: nothing of it runs again. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Neither ended nor told to: what a controller counts among its replicas. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && !isPodTerminating(pod);
}

export function isPodTerminating(pod: Pod): boolean {
  return Boolean(pod.metadata?.deletionTimestamp);
}

/** What the pod says of its phase; `Pending` before it says anything. */
export function podPhase(pod: Pod): string {
  return pod.status?.phase || 'Pending';
}

export function isPodScheduled(pod: Pod): boolean {
  return Boolean(pod.spec?.nodeName);
}

export function isPodReady(pod: Pod): boolean {
  return getCondition(pod.status?.conditions, 'Ready')?.status === 'True';
}

/** Ready for at least `minReadySeconds`. @param now milliseconds since the epoch. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  if (!isPodReady(pod)) return false;
  if (minReadySeconds === 0) return true;
  const since = parseTime(getCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime);
  return since !== undefined && since + minReadySeconds * 1000 <= now;
}

/** When an available pod will be so, in milliseconds from now; undefined when it is not ready. 0: it is already. */
export function untilPodAvailable(pod: Pod, minReadySeconds: number, now: number): number | undefined {
  if (!isPodReady(pod)) return undefined;
  const since = parseTime(getCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime) ?? now;
  return Math.max(0, since + minReadySeconds * 1000 - now);
}
