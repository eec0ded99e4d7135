import type { Pod } from '@keelson/types';

export type PodCondition = NonNullable<NonNullable<Pod['status']>['conditions']>[number];

/**
 * The patch of a pod's status that says why it has no node, or undefined when it says so already. The time changes only when the
 * condition did not stand before. `nominated` is the node that eviction makes room on; empty when there is none any longer.
 */
export function unscheduledPatch(
  pod: Pod,
  reason: 'Unschedulable' | 'SchedulerError',
  message: string,
  now: string,
  nominated?: string,
): unknown {
  const before = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const nominate = nominated !== undefined && nominated !== (pod.status?.nominatedNodeName ?? '');
  if (!nominate && before?.status === 'False' && before.reason === reason && before.message === message) return undefined;
  const lastTransitionTime = before?.status === 'False' ? before.lastTransitionTime : now;
  const { generation } = pod.metadata;
  const condition = { type: 'PodScheduled', status: 'False', reason, message, lastProbeTime: null, lastTransitionTime };
  const conditions = [generation ? { ...condition, observedGeneration: generation } : condition];
  return { status: nominate ? { conditions, nominatedNodeName: nominated || null } : { conditions } };
}
