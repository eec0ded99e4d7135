import { getCondition, isPodTerminating, parseTime } from '@keelson/machinery';
import type { ContainerStatus, Job, JobSpec, ObjectMeta, Pod } from '@keelson/types';

/** Holds a pod until its end is counted. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';

/** Both an annotation and a label. */
export const completionIndex = 'batch.kubernetes.io/job-completion-index';
export const failureCount = 'batch.kubernetes.io/job-index-failure-count';
export const ignoredFailureCount = 'batch.kubernetes.io/job-index-ignored-failure-count';

export function isTracked({ metadata }: { metadata: ObjectMeta }): boolean {
  return metadata.finalizers?.includes(trackingFinalizer) ?? false;
}

export function isIndexed({ spec }: Pick<Job, 'spec'>): boolean {
  return spec.completionMode === 'Indexed';
}

/** Undefined when the pod says none, or none below `completions`. */
export function indexOf({ metadata }: Pod, { completions = 0 }: Pick<JobSpec, 'completions'>): number | undefined {
  const text = metadata.annotations?.[completionIndex] ?? '';
  const index = /^[0-9]+$/.test(text) ? Number(text) : completions;
  return index < completions ? index : undefined;
}

/** Whether a pod that is merely told to end is waited for, instead of counted as failed and replaced at once. */
export function replacesOnlyFailed({ spec }: Pick<Job, 'spec'>): boolean {
  return spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;
}

/** Pods that were told to end may never get to say that they failed: they count as such, unless the job waits for them. */
export function isPodFailed(pod: Pod, job: Pick<Job, 'spec'>): boolean {
  if (pod.status?.phase === 'Failed') return true;
  if (replacesOnlyFailed(job)) return false;
  return isPodTerminating(pod) && pod.status?.phase !== 'Succeeded';
}

/** How often pods of this one's index failed before it, those that a policy ignored included or not. */
export function failuresBefore({ metadata }: Pod): { readonly counted: number; readonly all: number } {
  const counted = countOf(metadata.annotations?.[failureCount]);
  return { counted, all: counted + countOf(metadata.annotations?.[ignoredFailureCount]) };
}

function countOf(text = ''): number {
  return /^[0-9]+$/.test(text) ? Number(text) : 0;
}

/** When a pod ended, as near as it can be told, in milliseconds: its last container, its readiness, its deletion, its creation. */
export function finishedAt({ metadata, status }: Pod): number {
  const ready = getCondition(status?.conditions, 'Ready');
  return (
    containersFinishedAt(status?.containerStatuses) ??
    (ready?.status === 'False' ? parseTime(ready.lastTransitionTime) : undefined) ??
    deletedAt(metadata) ??
    parseTime(metadata.creationTimestamp) ??
    0
  );
}

function containersFinishedAt(statuses: readonly ContainerStatus[] = []): number | undefined {
  const times = statuses.map(({ state }) => parseTime(state?.terminated?.finishedAt));
  return times.length > 0 && times.every((time) => time !== undefined) ? Math.max(...(times as number[])) : undefined;
}

function deletedAt({ deletionTimestamp, deletionGracePeriodSeconds = 0 }: ObjectMeta): number | undefined {
  const time = parseTime(deletionTimestamp);
  return time === undefined ? undefined : time - deletionGracePeriodSeconds * 1000;
}
