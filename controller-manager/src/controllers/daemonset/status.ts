import { equal, isPodReady } from '@keelson/machinery';
import type { DaemonSet, DaemonSetStatus } from '@keelson/types';
import { isAvailable, type View } from './plan.ts';
import { isUpdated } from './pods.ts';

/** What is so, counted by nodes; of several daemons on a node the oldest counts. */
export function statusOf(view: View, collisionCount: number | undefined): DaemonSetStatus {
  const { set, nodes, hash } = view;
  const wanted = nodes.filter(({ shouldRun }) => shouldRun);
  const first = wanted.flatMap(({ pods }) => pods.slice(0, 1));
  const ready = first.filter(isPodReady);
  const available = ready.filter((pod) => isAvailable(view, pod)).length;
  return {
    ...set.status,
    currentNumberScheduled: first.length,
    numberMisscheduled: nodes.filter(({ shouldRun, pods }) => !shouldRun && pods.length > 0).length,
    desiredNumberScheduled: wanted.length,
    numberReady: ready.length,
    observedGeneration: set.metadata.generation,
    updatedNumberScheduled: first.filter((pod) => isUpdated(set, pod, hash)).length || undefined,
    numberAvailable: available || undefined,
    numberUnavailable: wanted.length - available || undefined,
    collisionCount,
  };
}

export function statusChanged({ status }: DaemonSet, next: DaemonSetStatus): boolean {
  return !equal(status, next);
}
