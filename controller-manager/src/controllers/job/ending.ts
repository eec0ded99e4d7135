import { getCondition, isConditionTrue, parseTime } from '@keelson/machinery';
import type { Job, JobCondition, JobStatus, Pod } from '@keelson/types';
import { failJobMessage, successMessage } from './policies.ts';
import type { JobView, Tally } from './tally.ts';

/** How a job comes to its end. First the interim condition tells it; the final one follows when the last pod is gone and counted. */
export interface Ending {
  readonly outcome: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
  /** Whether the status has the interim condition. */
  readonly told: boolean;
}

export const interim = { Complete: 'SuccessCriteriaMet', Failed: 'FailureTarget' } as const;

export function isFinished({ status }: Job): boolean {
  return endOf(status ?? {}) !== undefined;
}

/** The condition that tells of a job's end; undefined while it goes on. */
export function endOf({ conditions }: JobStatus): JobCondition | undefined {
  return conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
}

/** Why a job ends though its pods have not come to their own end, if it does. */
export function endingOf({ job, pods, now }: JobView, tally: Tally): Ending | undefined {
  return toldEnding(job) ?? failure(job, pods, tally, now) ?? indexEnding(job, tally);
}

/** The end of a job that has as many successes as it wants, and no pod at work. A job of no certain number wants one. */
export function completion({ spec }: Job, succeeded: number, active: number): Ending | undefined {
  if (active > 0 || succeeded < (spec.completions ?? 1)) return undefined;
  return { outcome: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods', told: false };
}

function toldEnding({ status }: Job): Ending | undefined {
  for (const outcome of ['Complete', 'Failed'] as const) {
    const condition = getCondition(status?.conditions, interim[outcome]);
    if (condition?.status !== 'True') continue;
    return { outcome, reason: condition.reason ?? '', message: condition.message ?? '', told: true };
  }
  return undefined;
}

function failed(reason: string, message: string): Ending {
  return { outcome: 'Failed', reason, message, told: false };
}

function failure(job: Job, pods: readonly Pod[], tally: Tally, now: number): Ending | undefined {
  const message = failJobMessage(job.spec, pods);
  if (message !== undefined) return failed('PodFailurePolicy', message);
  if (tally.failed > (job.spec.backoffLimit ?? 6) || restartsTooOften(job, pods))
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  if (untilDeadline(job, now) === 0) return failed('DeadlineExceeded', 'Job was active longer than specified deadline');
  return undefined;
}

/** Containers that are started again in their pods count as pods made again would. */
function restartsTooOften({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const running = pods.filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending');
  const statuses = running.flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]);
  const restarts = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
  return restarts >= Math.max(1, spec.backoffLimit ?? 6);
}

/** Milliseconds until a job has been active for too long; undefined when it may be for ever, or is not active now. */
export function untilDeadline({ spec, status }: Job, now: number): number | undefined {
  const start = parseTime(status?.startTime);
  if (spec.activeDeadlineSeconds === undefined || start === undefined) return undefined;
  // One that is about to be resumed still has the time at which it started before.
  if (spec.suspend || isConditionTrue(status?.conditions, 'Suspended')) return undefined;
  return Math.max(0, start + spec.activeDeadlineSeconds * 1000 - now);
}

function indexEnding({ spec }: Job, { indexes }: Tally): Ending | undefined {
  if (!indexes) return undefined;
  const failures = indexes.failed?.size ?? 0;
  if (spec.maxFailedIndexes !== undefined && failures > spec.maxFailedIndexes)
    return failed('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  if (failures > 0 && failures + indexes.completed.size >= (spec.completions ?? 0))
    return failed('FailedIndexes', 'Job has failed indexes');
  const message = successMessage(spec, indexes.completed);
  return message === undefined ? undefined : { outcome: 'Complete', reason: 'SuccessPolicy', message, told: false };
}
