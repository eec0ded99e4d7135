import { isConditionTrue, newControllerRef, parseTime } from '@keelson/machinery';
import { CronJob, type Job } from '@keelson/types';

/** When something is due. */
export interface Schedule {
  /** The first time after `after`, both in milliseconds; undefined when there is none. */
  next(after: number): number | undefined;
}

export interface Due {
  /** The latest time that has come and that no job was made for. */
  readonly time: number | undefined;
  /** Milliseconds until the time after that, and a little more. */
  readonly wait: number;
  /** So many times went by that something is wrong. */
  readonly tooMany: boolean;
}

/** Timers may fire a little early. */
const slack = 100;
const fewMissed = 100;

/**
 * @param inForceSince since when there is this schedule, in milliseconds: upstream, too, waits for the next time after a change.
 * @throws Error with upstream's words for a schedule that never comes true.
 */
export function dueTime({ metadata, spec, status }: CronJob, schedule: Schedule, now: number, inForceSince = 0): Due {
  const since = parseTime(status?.lastScheduleTime) ?? parseTime(metadata.creationTimestamp) ?? now;
  const deadline = spec.startingDeadlineSeconds === undefined ? since : now - spec.startingDeadlineSeconds * 1000;
  const { time, missed } = latest(schedule, Math.max(since, deadline), now);
  const due = time !== undefined && time > inForceSince ? time : undefined;
  return { time: due, wait: untilNext(schedule, since, now), tooMany: missed > fewMissed };
}

/** Milliseconds from now until the next time, counted on from the last one so that `@every` keeps its rhythm. */
function untilNext(schedule: Schedule, since: number, now: number): number {
  const { time, missed } = latest(schedule, since, now);
  const from = time ?? (missed > 0 ? now : since);
  return Math.max(0, (schedule.next(from) ?? now) + slack - now);
}

interface Latest {
  readonly time: number | undefined;
  /** How many times went by, as far as the distance between the first two tells. */
  readonly missed: number;
}

function latest(schedule: Schedule, since: number, now: number): Latest {
  const first = schedule.next(since);
  const second = first === undefined ? undefined : schedule.next(first);
  if (first === undefined || second === undefined || second - first < 1_000)
    throw new Error('time difference between two schedules is less than 1 second');
  if (now < first) return { time: undefined, missed: 0 };
  if (now < second) return { time: first, missed: 0 };
  const distance = second - first;
  const missed = Math.floor((now - first) / distance) + 1;
  let time: number | undefined;
  // From one distance before the last that fits, since distances differ.
  for (let next = schedule.next(first + (missed - 2) * distance); next !== undefined && next <= now; next = schedule.next(next))
    time = next;
  return { time, missed };
}

/** Whether a time went by for longer than the job may start late. */
export function isTooLate({ spec }: CronJob, time: number, now: number): boolean {
  return spec.startingDeadlineSeconds !== undefined && time + spec.startingDeadlineSeconds * 1000 < now;
}

/** The same for the same time, so that no time gets two jobs. */
export function jobName({ metadata }: CronJob, time: number): string {
  return `${metadata.name}-${Math.floor(time / 60_000)}`;
}

/** @param scheduledAt the time as the job's annotation has it. */
export function jobFrom(cronJob: CronJob, time: number, scheduledAt: string): Job {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(cronJob, time),
      namespace: cronJob.metadata.namespace,
      labels: metadata?.labels,
      annotations: { ...metadata?.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': scheduledAt },
      ownerReferences: [newControllerRef(cronJob.metadata, CronJob)],
    },
    spec,
  };
}

/** How a job ended; undefined while it has not. */
export function outcomeOf({ status }: Job): 'Complete' | 'Failed' | undefined {
  if (isConditionTrue(status?.conditions, 'Complete')) return 'Complete';
  return isConditionTrue(status?.conditions, 'Failed') ? 'Failed' : undefined;
}

/** Finished jobs beyond those that are kept for the record, the oldest first. Without any limit all are kept. */
export function planCleanup({ spec }: CronJob, jobs: readonly Job[]): Job[] {
  const surplus = (outcome: string, limit: number | undefined): Job[] => {
    const ended = jobs.filter((job) => outcomeOf(job) === outcome).sort(byStart);
    return limit === undefined ? [] : ended.slice(0, Math.max(0, ended.length - limit));
  };
  return [...surplus('Complete', spec.successfulJobsHistoryLimit), ...surplus('Failed', spec.failedJobsHistoryLimit)];
}

function byStart(a: Job, b: Job): number {
  const start = ({ status }: Job): number => parseTime(status?.startTime) ?? Number.MAX_SAFE_INTEGER;
  return start(a) - start(b) || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1);
}

export interface History {
  /** Unfinished jobs the status does not name. */
  readonly strangers: readonly Job[];
  /** Jobs that the status calls active and that are finished. */
  readonly ended: readonly { readonly job: Job; readonly outcome: string }[];
  /** Names in the status of jobs that are not there. */
  readonly missing: NonNullable<CronJobActive>;
  readonly lastSuccess: string | undefined;
}

type CronJobActive = NonNullable<CronJob['status']>['active'];

/** Compares what the status says with the jobs there are. */
export function historyOf({ status }: CronJob, jobs: readonly Job[]): History {
  const active = status?.active ?? [];
  const named = new Set(active.map(({ uid }) => uid));
  const present = new Set(jobs.map(({ metadata }) => metadata.uid));
  const ended = jobs.map((job) => ({ job, outcome: outcomeOf(job) }));
  return {
    strangers: ended.filter(({ job, outcome }) => !outcome && !named.has(job.metadata.uid)).map(({ job }) => job),
    ended: ended.flatMap(({ job, outcome }) => (outcome && named.has(job.metadata.uid) ? [{ job, outcome }] : [])),
    missing: active.filter(({ uid }) => !present.has(uid)),
    lastSuccess: lastSuccess(status?.lastSuccessfulTime, jobs),
  };
}

function lastSuccess(before: string | undefined, jobs: readonly Job[]): string | undefined {
  const times = jobs.filter((job) => outcomeOf(job) === 'Complete').map(({ status }) => status?.completionTime);
  return [before, ...times].reduce((latest, time) => ((parseTime(time) ?? 0) > (parseTime(latest) ?? 0) ? time : latest), before);
}
