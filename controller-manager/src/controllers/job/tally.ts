import { isPodActive, isPodReady, isPodTerminal, isPodTerminating } from '@keelson/machinery';
import type { Job, Pod } from '@keelson/types';
import type { BackoffRecord } from './backoff.ts';
import { IndexSet } from './indexes.ts';
import { failuresBefore, finishedAt, indexOf, isIndexed, isPodFailed, isTracked } from './pods.ts';
import { counts, judge } from './policies.ts';

/** What a job is judged by. */
export interface JobView {
  readonly job: Job;
  /** Its own, whatever became of them. */
  readonly pods: readonly Pod[];
  readonly backoff: BackoffRecord;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a look at a job's pods shows. */
export interface Tally {
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  /** Ended, and neither counted nor noted in the status yet. */
  readonly newSucceeded: readonly Pod[];
  readonly newFailed: readonly Pod[];
  /** All that ever succeeded; of an indexed job, the indexes that did. */
  readonly succeeded: number;
  /** All that ever failed, but for those a policy ignores. */
  readonly failed: number;
  /** Of indexed jobs. */
  readonly indexes: IndexTally | undefined;
}

export interface IndexTally {
  /** In the status already. */
  readonly recorded: IndexSet;
  readonly completed: IndexSet;
  /** Indexes that failed for good; undefined without a limit for each. */
  readonly failed: IndexSet | undefined;
  /** Failed pods that wait until another of their index takes over their count of failures. */
  readonly pending: ReadonlyMap<number, Pod>;
}

export function tallyOf({ job, pods }: JobView): Tally {
  const { status = {} } = job;
  const { succeeded: notedSucceeded = [], failed: notedFailed = [] } = status.uncountedTerminatedPods ?? {};
  const active = pods.filter(isPodActive);
  const newSucceeded = uncounted(job, pods, notedSucceeded).filter((pod) => pod.status?.phase === 'Succeeded');
  const newFailed = uncounted(job, pods, notedFailed).filter((pod) => isPodFailed(pod, job));
  const indexes = isIndexed(job) ? indexTally(job, pods, active) : undefined;
  return {
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter((pod) => isPodTerminating(pod) && !isPodTerminal(pod)).length,
    newSucceeded,
    newFailed,
    succeeded: indexes?.completed.size ?? (status.succeeded ?? 0) + newSucceeded.length + notedSucceeded.length,
    failed: (status.failed ?? 0) + newFailed.filter((pod) => counts(job.spec, pod)).length + notedFailed.length,
    indexes,
  };
}

/** Pods that hold their finalizer and are not noted. Of an indexed job, pods without a proper index never count. */
function uncounted(job: Job, pods: readonly Pod[], noted: readonly string[]): Pod[] {
  const known = new Set(noted);
  const matters = (pod: Pod): boolean => !isIndexed(job) || indexOf(pod, job.spec) !== undefined;
  return pods.filter((pod) => isTracked(pod) && !known.has(pod.metadata.uid ?? '') && matters(pod));
}

function indexTally(job: Job, pods: readonly Pod[], active: readonly Pod[]): IndexTally {
  const { completions = 0, backoffLimitPerIndex } = job.spec;
  const recorded = IndexSet.parse(job.status?.completedIndexes, completions);
  const tracked = pods.filter(isTracked);
  const completed = recorded.with(indexesOf(job, tracked, ({ status }) => status?.phase === 'Succeeded'));
  if (backoffLimitPerIndex === undefined) return { recorded, completed, failed: undefined, pending: new Map() };
  const before = IndexSet.parse(job.status?.failedIndexes, completions);
  const failed = before.with(indexesOf(job, tracked, (pod) => failsIndex(job, pod, backoffLimitPerIndex)));
  const settled = completed.with(failed).with(indexesOf(job, active));
  return { recorded, completed, failed, pending: pendingOf(job, tracked, settled) };
}

/** The indexes of pods, or of some of them. */
export function indexesOf(job: Job, pods: readonly Pod[], which: (pod: Pod) => boolean = () => true): IndexSet {
  const indexes = pods.filter(which).map((pod) => indexOf(pod, job.spec));
  return IndexSet.of(indexes.filter((index) => index !== undefined));
}

function failsIndex(job: Job, pod: Pod, limit: number): boolean {
  if (!isPodFailed(pod, job)) return false;
  const { action } = judge(job.spec, pod);
  return action === 'FailIndex' || (action !== 'Ignore' && failuresBefore(pod).counted >= limit);
}

/** The latest failed pod of each index that is still to be done and that no pod works on. */
function pendingOf(job: Job, tracked: readonly Pod[], settled: IndexSet): Map<number, Pod> {
  const pending = new Map<number, Pod>();
  for (const pod of tracked) {
    const index = indexOf(pod, job.spec);
    if (index === undefined || settled.has(index) || !isPodFailed(pod, job)) continue;
    const rival = pending.get(index);
    if (!rival || isLater(pod, rival)) pending.set(index, pod);
  }
  return pending;
}

function isLater(pod: Pod, rival: Pod): boolean {
  const difference = failuresBefore(pod).all - failuresBefore(rival).all;
  return difference > 0 || (difference === 0 && finishedAt(pod) >= finishedAt(rival));
}
