import { rfc3339 } from '@keelson/base';
import { isPodReady } from '@keelson/machinery';
import type { Job, JobCondition, JobStatus, Pod } from '@keelson/types';
import { completion, type Ending, interim } from './ending.ts';
import { IndexSet } from './indexes.ts';
import type { JobPlan } from './plan.ts';
import { indexOf, isIndexed, isPodFailed, isTracked } from './pods.ts';
import { counts } from './policies.ts';
import type { JobView, Tally } from './tally.ts';

/** Pods noted in one status, at most: more would make it too large. */
const longestList = 500;

/** What became of the change a plan asked for. */
export interface Done {
  readonly created: number;
  readonly deleted: readonly Pod[];
  /** Why not all was done. */
  readonly error: unknown;
}

export interface JobEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface Tracking {
  readonly status: JobStatus;
  /** Pods whose end is in that status: once it is stored, nothing holds them any more. */
  readonly release: readonly Pod[];
  readonly events: readonly JobEvent[];
}

/**
 * The status after a step. An end is counted in three: its uid is noted in the status, then its finalizer goes, and then, seen to be
 * without, it leaves the list for the counter. Whoever fails in between finds in the status which pods are counted.
 */
export function track(view: JobView, plan: JobPlan, done: Done): Tracking {
  const { job, now } = view;
  const { tally } = plan;
  const active = tally.active.length + done.created - done.deleted.length;
  const terminating = tally.terminating + done.deleted.length;
  const whole = done.error === undefined ? plan.ending : undefined;
  const ending = whole ?? (plan.ending ? undefined : completion(job, tally.succeeded, active));
  const notes = noted(view, plan, ending);
  const counted: JobStatus = {
    ...job.status,
    ...counters(job, notes, plan),
    active: active || undefined,
    ready: tally.ready - done.deleted.filter(isPodReady).length,
    terminating,
    startTime: job.status?.startTime ?? (job.spec.suspend ? undefined : rfc3339(now)),
  };
  const over = ending?.told && notes.settled && active === 0 && terminating === 0;
  const said = over ? finished(job, counted, ending, now) : ongoing(job, counted, ending, plan.managed, now);
  return { ...said, release: notes.release };
}

interface Notes {
  /** Uids in the status whose pods still have their finalizer, and new ones. */
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
  /** Noted before, and free of their finalizer since. */
  readonly counted: { readonly succeeded: number; readonly failed: number };
  readonly completed: IndexSet;
  readonly release: readonly Pod[];
  /** Whether nothing is left to note or to count. */
  readonly settled: boolean;
}

function noted(view: JobView, { tally }: JobPlan, ending: Ending | undefined): Notes {
  const { job, pods } = view;
  const { succeeded: before = [], failed: failedBefore = [] } = job.status?.uncountedTerminatedPods ?? {};
  const tracked = pods.filter(isTracked);
  const held = new Set(tracked.map(({ metadata }) => metadata.uid));
  const succeeded = new Set(before.filter((uid) => held.has(uid)));
  const failed = new Set(failedBefore.filter((uid) => held.has(uid)));
  const counted = { succeeded: before.length - succeeded.size, failed: failedBefore.length - failed.size };
  const completed = new Set<number>();
  const release: Pod[] = [];
  const isEnding = ending !== undefined || job.metadata.deletionTimestamp !== undefined;
  const pending = new Set(isEnding ? [] : tally.indexes?.pending.values());
  for (const pod of inOrder(job, tracked)) {
    const { uid = '' } = pod.metadata;
    if (pending.has(pod) || !(isEnding || pod.status?.phase === 'Succeeded' || isPodFailed(pod, job))) continue;
    const end = succeeded.has(uid) || failed.has(uid) ? 'noted' : endOf(view, tally, ending, pod);
    if (typeof end === 'number' || end === 'succeeded' || end === 'failed') {
      if (completed.size + succeeded.size + failed.size >= longestList) continue;
      if (typeof end === 'number') completed.add(end);
      else (end === 'failed' ? failed : succeeded).add(uid);
    }
    release.push(pod);
  }
  const settled = release.length + succeeded.size + failed.size === 0;
  return { succeeded: [...succeeded], failed: [...failed], counted, completed: IndexSet.of(completed), release, settled };
}

/** What a pod is counted as: an index is enough to know it by. When a job fails, so do its pods that were still at work. */
function endOf({ job }: JobView, { indexes }: Tally, ending: Ending | undefined, pod: Pod): number | 'succeeded' | 'failed' | 'uncounted' {
  const index = indexOf(pod, job.spec);
  if (isIndexed(job) && index === undefined) return 'uncounted';
  if (pod.status?.phase === 'Succeeded') return index === undefined ? 'succeeded' : indexes?.recorded.has(index) ? 'uncounted' : index;
  const failed = isPodFailed(pod, job) || ending?.outcome === 'Failed';
  return failed && counts(job.spec, pod) ? 'failed' : 'uncounted';
}

function inOrder(job: Job, pods: readonly Pod[]): readonly Pod[] {
  if (!isIndexed(job)) return pods;
  return pods.toSorted((a, b) => (indexOf(a, job.spec) ?? -1) - (indexOf(b, job.spec) ?? -1));
}

function counters(job: Job, { succeeded, failed, counted, completed }: Notes, { tally }: JobPlan): JobStatus {
  const { status = {} } = job;
  const uncountedTerminatedPods = {
    ...(succeeded.length > 0 ? { succeeded: [...succeeded] } : {}),
    ...(failed.length > 0 ? { failed: [...failed] } : {}),
  };
  const shared = { uncountedTerminatedPods, failed: (status.failed ?? 0) + counted.failed || undefined };
  if (!tally.indexes) return { ...shared, succeeded: (status.succeeded ?? 0) + counted.succeeded || undefined };
  const done = tally.indexes.recorded.with(completed);
  return {
    ...shared,
    succeeded: done.size || undefined,
    completedIndexes: done.toString() || undefined,
    failedIndexes: tally.indexes.failed?.toString(),
  };
}

function finished(job: Job, status: JobStatus, { outcome, reason, message }: Ending, now: number): Omit<Tracking, 'release'> {
  const conditions = withCondition(status.conditions, conditionOf(outcome, 'True', { reason, message }, now));
  const startTime = status.startTime ?? rfc3339(now);
  if (outcome === 'Failed') return { status: { ...status, startTime, conditions }, events: [{ type: 'Warning', reason, message }] };
  const tooMany: JobEvent = {
    type: 'Warning',
    reason: 'TooManySucceededPods',
    message: 'Too many succeeded pods running after completion count reached',
  };
  const surplus = job.spec.completions !== undefined && (status.succeeded ?? 0) > job.spec.completions;
  return {
    status: { ...status, startTime, conditions, completionTime: rfc3339(now) },
    events: [...(surplus ? [tooMany] : []), { type: 'Normal', reason: 'Completed', message: 'Job completed' }],
  };
}

function ongoing(job: Job, status: JobStatus, ending: Ending | undefined, managed: boolean, now: number): Omit<Tracking, 'release'> {
  const { conditions } = status;
  if (ending) {
    const told = conditionOf(interim[ending.outcome], 'True', ending, now);
    return { status: ending.told ? status : { ...status, conditions: withCondition(conditions, told) }, events: [] };
  }
  const present = conditions?.find(({ type }) => type === 'Suspended')?.status === 'True';
  const suspended = job.spec.suspend === true;
  if (!managed || suspended === present) return { status, events: [] };
  const said = suspended
    ? ({ state: 'True', reason: 'JobSuspended', message: 'Job suspended', event: 'Suspended' } as const)
    : ({ state: 'False', reason: 'JobResumed', message: 'Job resumed', event: 'Resumed' } as const);
  const next = { ...status, conditions: withCondition(conditions, conditionOf('Suspended', said.state, said, now)) };
  const events: JobEvent[] = [{ type: 'Normal', reason: said.event, message: said.message }];
  // The time a job may be active starts again when it does.
  return { status: { ...next, startTime: suspended ? undefined : rfc3339(now) }, events };
}

type Said = Pick<Ending, 'reason' | 'message'>;

function conditionOf(type: string, status: string, { reason, message }: Said, now: number): JobCondition {
  const time = rfc3339(now);
  return { type, status, lastProbeTime: time, lastTransitionTime: time, reason, message };
}

function withCondition(conditions: readonly JobCondition[] = [], condition: JobCondition): JobCondition[] {
  const others = conditions.map((one) => (one.type === condition.type ? condition : one));
  return others.includes(condition) ? others : [...others, condition];
}
