import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, JobSpec, JobStatus, Pod } from '@keelson/types';
import { Registry } from 'prom-client';
import { jobMetrics } from './metrics.ts';
import { ended, job, podOf, start } from './testdata.ts';

/** What is counted when a job's statuses are written one after another, as in the text that is scraped, without zeroes. */
async function counted(
  spec: Partial<JobSpec>,
  steps: readonly { status: JobStatus; released?: (owner: Job) => Pod[] }[],
): Promise<string[]> {
  const registry = new Registry();
  const metrics = jobMetrics(registry);
  let owner = job(spec);
  for (const { status, released } of steps) {
    metrics.written(owner, status, released?.(owner) ?? []);
    owner = { ...owner, status };
  }
  return lines(registry);
}

async function lines(registry: Registry): Promise<string[]> {
  const text = await registry.metrics();
  return text
    .split('\n')
    .filter((line) => line.startsWith('job_controller_') && !line.endsWith(' 0'))
    .map((line) => line.slice('job_controller_'.length))
    .sort();
}

const done = (type: string, reason: string) => [{ type, status: 'True', reason }];

test('a job that is complete, and its pods', async () => {
  assert.deepEqual(
    await counted({ completions: 2 }, [
      { status: { succeeded: 1, failed: 1 } },
      { status: { succeeded: 2, failed: 1, conditions: done('Complete', 'CompletionsReached') } },
    ]),
    [
      'job_pods_finished_total{completion_mode="NonIndexed",result="failed"} 1',
      'job_pods_finished_total{completion_mode="NonIndexed",result="succeeded"} 2',
      'jobs_finished_total{completion_mode="NonIndexed",result="succeeded",reason="CompletionsReached"} 1',
    ],
  );
});

test('indexes count once, and what a job forgets as it shrinks is not taken back', async () => {
  assert.deepEqual(
    await counted({ completionMode: 'Indexed', completions: 2, backoffLimitPerIndex: 0 }, [
      { status: { succeeded: 3, completedIndexes: '0,5,7' } },
      { status: { succeeded: 1, completedIndexes: '0', failed: 1, failedIndexes: '1', conditions: done('Failed', 'FailedIndexes') } },
    ]),
    [
      'job_finished_indexes_total{status="failed",backoffLimit="perIndex"} 1',
      'job_finished_indexes_total{status="succeeded",backoffLimit="perIndex"} 1',
      'job_pods_finished_total{completion_mode="Indexed",result="failed"} 1',
      'job_pods_finished_total{completion_mode="Indexed",result="succeeded"} 1',
      'jobs_finished_total{completion_mode="Indexed",result="failed",reason="FailedIndexes"} 1',
    ],
  );
});

test('a failed pod counts once for the rule that matched it', async () => {
  const rules = [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [3] } }];
  const failed = (owner: Job): Pod[] => [podOf(owner, 'a', ended(3, start)), podOf(owner, 'b', ended(4, start))];
  assert.deepEqual(
    await counted({ podFailurePolicy: { rules } }, [
      { status: { uncountedTerminatedPods: { failed: ['b'] } }, released: failed },
      { status: {}, released: (owner) => failed(owner).slice(1) },
    ]),
    ['pod_failures_handled_by_failure_policy_total{action="Ignore"} 1'],
  );
});

test('a look tells what it led to, and how long it took', async () => {
  const registry = new Registry();
  jobMetrics(registry).synced(job({}), 'pods_created', 'success', 0.005);
  const told = await lines(registry);
  const labels = 'completion_mode="NonIndexed",result="success",action="pods_created"';
  assert.ok(told.includes(`job_syncs_total{${labels}} 1`), told.join('\n'));
  assert.ok(told.includes(`job_sync_duration_seconds_bucket{le="0.008",${labels}} 1`), told.join('\n'));
});
