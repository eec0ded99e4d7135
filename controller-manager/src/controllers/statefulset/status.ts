import { equal, isPodAvailable, isPodTerminating, untilPodAvailable } from '@keelson/machinery';
import type { ControllerRevision, StatefulSet, StatefulSetStatus } from '@keelson/types';
import { podRevision } from '../../revisions/plan.ts';
import { isRunningAndReady, ordinalOf, replicasOf } from './pods.ts';
import type { View } from './types.ts';

/** What is so. Once all pods are updated and ready, the updated revision is the current one. */
export function statusOf({ set, pods, current, update, now }: View, collisionCount: number): StatefulSetStatus {
  const own = pods.filter((pod) => ordinalOf(set, pod) !== undefined);
  const staying = own.filter((pod) => !isPodTerminating(pod));
  const ofRevision = ({ metadata }: ControllerRevision): number => staying.filter((pod) => podRevision(pod) === metadata.name).length;
  const ready = own.filter(isRunningAndReady);
  const updated = ofRevision(update);
  const rolling = (set.spec.updateStrategy?.type || 'RollingUpdate') === 'RollingUpdate';
  const complete = rolling && [updated, ready.length, own.length].every((count) => count === replicasOf(set));
  return {
    ...set.status,
    observedGeneration: set.metadata.generation,
    replicas: own.length,
    readyReplicas: ready.length || undefined,
    currentReplicas: (complete ? updated : ofRevision(current)) || undefined,
    updatedReplicas: updated || undefined,
    currentRevision: (complete ? update : current).metadata.name,
    updateRevision: update.metadata.name,
    collisionCount,
    availableReplicas: ready.filter((pod) => isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now)).length,
  };
}

export function statusChanged({ status }: StatefulSet, next: StatefulSetStatus): boolean {
  return !equal(status, next);
}

/** Milliseconds until the next ready pod has been so for `minReadySeconds`. */
export function untilAvailable({ set, pods, now }: View): number | undefined {
  const least = set.spec.minReadySeconds ?? 0;
  const waits = least > 0 ? pods.map((pod) => untilPodAvailable(pod, least, now) ?? 0).filter((wait) => wait > 0) : [];
  return waits.length > 0 ? Math.min(...waits) : undefined;
}
