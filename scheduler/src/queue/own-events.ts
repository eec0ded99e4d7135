import type { PodInfo } from '../cache/pod-info.ts';
import { asksLess } from '../cache/resources.ts';
import type { ClusterEvent } from '../plugins/types.ts';

/** What about a waiting pod changed that may let it fit now: all that can change of a pod without a node. */
export function ownEvents(before: PodInfo, after: PodInfo): ClusterEvent[] {
  if (before.pod === after.pod) return [];
  const events: ClusterEvent[] = [];
  if (text(before.labels) !== text(after.labels)) events.push({ type: 'OwnLabel', before });
  if (asksLess(before, after)) events.push({ type: 'OwnScaleDown', before });
  if (text(before.pod.spec?.tolerations) !== text(after.pod.spec?.tolerations)) events.push({ type: 'OwnToleration', before });
  const claims = ({ pod }: PodInfo): string => text(pod.status?.resourceClaimStatuses);
  if (claims(before) !== claims(after)) events.push({ type: 'OwnResourceClaim', before });
  return events;
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? '';
}
