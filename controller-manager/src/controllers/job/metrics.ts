import type { Job, JobStatus, Pod } from '@keelson/types';
import { Counter, exponentialBuckets, Histogram, type Registry } from 'prom-client';
import { endOf } from './ending.ts';
import { IndexSet } from './indexes.ts';
import { isIndexed, isPodFailed } from './pods.ts';
import { judge } from './policies.ts';

/** What a look at a job led to; `reconciling`: its pods were none of its business. */
export type SyncAction = 'pods_created' | 'pods_deleted' | 'reconciling' | 'tracking';

export interface JobMetrics {
  /** A look at a job took so many seconds. */
  synced(job: Job, action: SyncAction, result: 'error' | 'success', seconds: number): void;
  /** A job's status was written: what ended, and was not in the status before, is counted. `released` are pods whose end it tells. */
  written(job: Job, status: JobStatus, released: readonly Pod[]): void;
}

/** Counts jobs, their pods and their indexes under Kubernetes' names. Without a registry nothing is counted. */
export function jobMetrics(registry: Registry | undefined): JobMetrics {
  return registry ? new Metrics(registry) : { synced: () => undefined, written: () => undefined };
}

class Metrics implements JobMetrics {
  readonly #duration;
  readonly #syncs;
  readonly #jobs;
  readonly #pods;
  readonly #indexes;
  readonly #failures;

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = <L extends string>(name: string, help: string, ...labelNames: readonly L[]): Counter<L> =>
      new Counter({ name: `job_controller_${name}`, help, labelNames, registers });
    this.#duration = new Histogram({
      name: 'job_controller_job_sync_duration_seconds',
      help: 'Time a look at a job took.',
      labelNames: ['completion_mode', 'result', 'action'] as const,
      buckets: exponentialBuckets(0.004, 2, 15),
      registers,
    });
    this.#syncs = counter('job_syncs_total', 'Looks at jobs.', 'completion_mode', 'result', 'action');
    this.#jobs = counter('jobs_finished_total', 'Jobs that finished.', 'completion_mode', 'result', 'reason');
    this.#pods = counter('job_pods_finished_total', 'Pods that ended and were counted.', 'completion_mode', 'result');
    this.#indexes = counter('job_finished_indexes_total', 'Indexes that are done or failed for good.', 'status', 'backoffLimit');
    this.#failures = counter('pod_failures_handled_by_failure_policy_total', 'Failed pods that a rule matched.', 'action');
  }

  synced(job: Job, action: SyncAction, result: 'error' | 'success', seconds: number): void {
    const labels = { completion_mode: modeOf(job), result, action };
    this.#duration.observe(labels, seconds);
    this.#syncs.inc(labels);
  }

  written(job: Job, status: JobStatus, released: readonly Pod[]): void {
    const completion_mode = modeOf(job);
    const indexes = isIndexed(job) ? newIndexes(job, status) : undefined;
    const more = (count: 'failed' | 'succeeded'): number => (status[count] ?? 0) - (job.status?.[count] ?? 0);
    this.#pods.inc({ completion_mode, result: 'succeeded' }, indexes ? indexes.completed : more('succeeded'));
    this.#pods.inc({ completion_mode, result: 'failed' }, more('failed'));
    if (indexes) this.#countIndexes(job, indexes);
    this.#countPolicies(job, released);
    const end = endOf(status);
    if (end) this.#jobs.inc({ completion_mode, result: end.type === 'Complete' ? 'succeeded' : 'failed', reason: end.reason ?? '' });
  }

  #countIndexes({ spec }: Job, { completed, failed }: ReturnType<typeof newIndexes>): void {
    const backoffLimit = spec.backoffLimitPerIndex === undefined ? 'global' : 'perIndex';
    if (completed > 0) this.#indexes.inc({ status: 'succeeded', backoffLimit }, completed);
    if (failed > 0) this.#indexes.inc({ status: 'failed', backoffLimit }, failed);
  }

  #countPolicies(job: Job, released: readonly Pod[]): void {
    const noted = new Set(job.status?.uncountedTerminatedPods?.failed);
    for (const pod of released) {
      const { action } = isPodFailed(pod, job) && !noted.has(pod.metadata.uid ?? '') ? judge(job.spec, pod) : {};
      if (action) this.#failures.inc({ action });
    }
  }
}

function modeOf(job: Job): string {
  return isIndexed(job) ? 'Indexed' : 'NonIndexed';
}

/** How many indexes the new status has that the one before had not. Those of a job that shrank are not taken back. */
function newIndexes({ spec, status: before }: Job, status: JobStatus): { readonly completed: number; readonly failed: number } {
  const sizeOf = (text: string | undefined): number => IndexSet.parse(text, spec.completions ?? 0).size;
  return {
    completed: sizeOf(status.completedIndexes) - sizeOf(before?.completedIndexes),
    failed: sizeOf(status.failedIndexes) - sizeOf(before?.failedIndexes),
  };
}
