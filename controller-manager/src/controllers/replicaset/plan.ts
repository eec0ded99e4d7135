import { rfc3339 } from '@keelson/base';
import {
  equal,
  getCondition,
  isPodAvailable,
  isPodReady,
  labelsSelector,
  removeCondition,
  setCondition,
  untilPodAvailable,
} from '@keelson/machinery';
import type { Pod, ReplicaSet, ReplicaSetStatus } from '@keelson/types';
import { deletionOrder } from './ranking.ts';

/** Pods deleted in one go, at most. */
const burst = 500;

export type ReplicasPlan =
  | { readonly type: 'enough' }
  | { readonly type: 'create'; readonly count: number }
  | { readonly type: 'delete'; readonly pods: readonly Pod[] };

/** How a ReplicaSet gets from the pods it has to the number it wants. `related` is asked for only when pods are too many. */
export function planReplicas(replicaSet: ReplicaSet, active: readonly Pod[], related: () => readonly Pod[], now: number): ReplicasPlan {
  const missing = (replicaSet.spec.replicas ?? 1) - active.length;
  if (missing === 0) return { type: 'enough' };
  if (missing > 0) return { type: 'create', count: missing };
  const count = Math.min(-missing, burst);
  if (count === active.length) return { type: 'delete', pods: active };
  return { type: 'delete', pods: deletionOrder(active, related(), now).slice(0, count) };
}

/** What went wrong while pods were made or deleted. */
export interface Failure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly message: string;
}

export interface Observed {
  readonly active: readonly Pod[];
  readonly terminating: readonly Pod[];
  /** Undefined: nothing failed. */
  readonly failure: Failure | undefined;
  readonly now: number;
}

/** The status that tells what was observed. */
export function statusOf({ metadata, spec, status }: ReplicaSet, { active, terminating, failure, now }: Observed): ReplicaSetStatus {
  const template = labelsSelector(spec.template?.metadata?.labels);
  const minReady = spec.minReadySeconds ?? 0;
  const count = (counts: (pod: Pod) => boolean): number | undefined => active.filter(counts).length || undefined;
  const conditions = conditionsOf(status?.conditions, failure, now);
  return {
    replicas: active.length,
    fullyLabeledReplicas: count((pod) => template.matches(pod.metadata.labels)),
    readyReplicas: count(isPodReady),
    availableReplicas: count((pod) => isPodAvailable(pod, minReady, now)),
    terminatingReplicas: terminating.length,
    observedGeneration: metadata.generation,
    conditions: conditions.length > 0 ? conditions : undefined,
  };
}

function conditionsOf(before: ReplicaSetStatus['conditions'], failure: Failure | undefined, now: number): NonNullable<typeof before> {
  if (!failure) return removeCondition(before, 'ReplicaFailure');
  // Told once: a new message with every try would be a write with every try.
  if (getCondition(before, 'ReplicaFailure')) return before ?? [];
  return setCondition(before, { type: 'ReplicaFailure', status: 'True', ...failure }, rfc3339(now));
}

export function statusChanged(before: ReplicaSet, after: ReplicaSet): boolean {
  return !equal(withoutZeros(before.status), withoutZeros(after.status));
}

/** Zero counts may be written or not: they mean the same. */
function withoutZeros(status: ReplicaSetStatus = { replicas: 0 }): object {
  return Object.fromEntries(Object.entries(status).filter(([name, value]) => value !== 0 || name === 'terminatingReplicas'));
}

/** Milliseconds until the next ready pod has been so for `minReadySeconds`. */
export function untilAvailable({ spec }: ReplicaSet, active: readonly Pod[], now: number): number | undefined {
  const minReady = spec.minReadySeconds ?? 0;
  if (minReady === 0) return undefined;
  const waits = active.map((pod) => untilPodAvailable(pod, minReady, now)).filter((wait) => wait !== undefined && wait > 0);
  return waits.length > 0 ? Math.min(...(waits as number[])) : undefined;
}
