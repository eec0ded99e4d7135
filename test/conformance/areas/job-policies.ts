import assert from 'node:assert/strict';
import type { Job, Pod } from '@keelson/types';
import type { Context } from '../context.ts';
import { paused, podsOf } from '../pods.ts';
import { until, within } from '../resource.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-apps] Job';
/** No scheduler takes these pods, so nobody but the spec says how they end: it works where nodes run nothing. */
const ours = ' / as the spec ends the pods';
const indexed = { completionMode: 'Indexed' };

export const jobPolicies: Specs = {
  async [`${area} should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition${ours}`](c) {
    const podFailurePolicy = { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] };
    const job = await start(c, { parallelism: 1, completions: 1, backoffLimit: 0, podFailurePolicy });
    const [first] = await job.pods(1);
    const target = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' };
    await job.end(first, 'Failed', 137, [target]);
    const [second] = await job.pods(1);
    assert.notEqual(second?.metadata.uid, first?.metadata.uid);
    await job.end(second, 'Succeeded', 0);
    const { status } = await job.ends('Complete', 'CompletionsReached');
    assert.deepEqual([status?.failed ?? 0, status?.succeeded], [0, 1]);
  },

  async [`${area} should allow to use the pod failure policy on exit code to fail the job early${ours}`](c) {
    const onExitCodes = { containerName: 'c', operator: 'In', values: [1] };
    const job = await start(c, { parallelism: 2, completions: 4, podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes }] } });
    const [first] = await job.pods(2);
    await job.end(first, 'Failed', 1);
    const { status } = await job.ends('Failed', 'PodFailurePolicy');
    const failed = status?.conditions?.find(({ type }) => type === 'Failed');
    const place = `${c.namespace}/${first?.metadata.name}`;
    assert.equal(failed?.message, `Container c for pod ${place} failed with exit code 1 matching FailJob rule at index 0`);
    assert.ok(status?.conditions?.some(({ type, reason }) => type === 'FailureTarget' && reason === 'PodFailurePolicy'));
    await job.pods(0);
  },

  async [`${area} should create pods for an Indexed job with completion indexes and specified hostname${ours}`](c) {
    const job = await start(c, { ...indexed, parallelism: 4, completions: 4 });
    const pods = await job.pods(4);
    assert.deepEqual([...pods.map(indexOf)].toSorted(), ['0', '1', '2', '3']);
    for (const pod of pods) {
      assert.equal(pod.spec?.hostname, `job-${indexOf(pod)}`);
      assert.equal(pod.metadata.labels?.['batch.kubernetes.io/job-completion-index'], indexOf(pod));
      const source = pod.spec?.containers[0]?.env?.find(({ name }) => name === 'JOB_COMPLETION_INDEX')?.valueFrom;
      assert.match(source?.fieldRef?.fieldPath ?? '', /job-completion-index/);
    }
    for (const pod of pods) await job.end(pod, 'Succeeded', 0);
    const { status } = await job.ends('Complete', 'CompletionsReached');
    assert.deepEqual([status?.completedIndexes, status?.succeeded, status?.active ?? 0, status?.ready], ['0-3', 4, 0, 0]);
  },

  async [`${area} should execute all indexes despite some failing when using backoffLimitPerIndex${ours}`](c) {
    const job = await start(c, { ...indexed, parallelism: 2, completions: 4, backoffLimitPerIndex: 1 });
    const odd = (pod: Pod) => Number(indexOf(pod)) % 2 === 1;
    await job.play((pod) => (odd(pod) ? 'Failed' : 'Succeeded'));
    const { status } = await job.ends('Failed', 'FailedIndexes');
    assert.deepEqual([status?.failedIndexes, status?.completedIndexes, status?.failed, status?.succeeded], ['1,3', '0,2', 4, 2]);
  },

  async [`${area} should mark indexes as failed when the FailIndex action is matched in podFailurePolicy${ours}`](c) {
    const rule = { action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } };
    const job = await start(c, {
      ...{ ...indexed, parallelism: 2, completions: 2, backoffLimitPerIndex: 1 },
      podFailurePolicy: { rules: [rule] },
    });
    await job.play((pod) => (indexOf(pod) === '0' ? 'Failed' : 'Succeeded'), 42);
    const { status } = await job.ends('Failed', 'FailedIndexes');
    assert.deepEqual([status?.failedIndexes, status?.completedIndexes, status?.failed], ['0', '1', 1]);
  },

  async [`${area} should terminate job execution when the number of failed indexes exceeds maxFailedIndexes${ours}`](c) {
    const job = await start(c, { ...indexed, parallelism: 5, completions: 10, backoffLimitPerIndex: 0, maxFailedIndexes: 4 });
    for (const pod of await job.pods(5)) await job.end(pod, 'Failed', 1);
    const { status } = await job.ends('Failed', 'MaxFailedIndexesExceeded');
    assert.equal(status?.failedIndexes, '0-4');
    assert.ok((status.failed ?? 0) >= 5 && !status.completedIndexes);
    await job.pods(0);
  },

  async [`${area} should terminate job execution when the number of failed indexes exceeds maxFailedIndexes${ours}, one at a time`](c) {
    const job = await start(c, { ...indexed, parallelism: 1, completions: 4, backoffLimitPerIndex: 0, maxFailedIndexes: 0 });
    await job.play(() => 'Failed');
    const { status } = await job.ends('Failed', 'MaxFailedIndexesExceeded');
    assert.deepEqual([status?.failedIndexes, status?.failed, status?.completedIndexes ?? ''], ['0', 1, '']);
  },

  async [`${area} with successPolicy should succeeded when all indexes succeeded${ours}`](c) {
    const job = await start(c, { ...indexed, parallelism: 2, completions: 2, successPolicy: { rules: [{ succeededCount: 2 }] } });
    await job.play(() => 'Succeeded');
    const { status } = await job.ends('Complete', 'SuccessPolicy');
    const counts = [status?.active ?? 0, status?.ready, status?.terminating, status?.failed ?? 0];
    assert.deepEqual([status?.completedIndexes, status?.succeeded, ...counts], ['0,1', 2, 0, 0, 0, 0]);
  },

  async [`${area} with successPolicy succeededIndexes rule should succeeded even when some indexes remain pending${ours}`](c) {
    const job = await start(c, { ...indexed, parallelism: 2, completions: 5, successPolicy: { rules: [{ succeededIndexes: '0' }] } });
    const pods = await job.pods(2);
    await job.end(
      pods.find((pod) => indexOf(pod) === '0'),
      'Succeeded',
      0,
    );
    await succeedsEarly(job);
  },

  async [`${area} with successPolicy succeededCount rule should succeeded even when some indexes remain pending${ours}, one failed`](c) {
    const spec = { backoffLimit: 2 ** 31 - 1, successPolicy: { rules: [{ succeededCount: 1 }] } };
    const job = await start(c, { ...indexed, parallelism: 2, completions: 5, ...spec });
    const pods = await job.pods(2);
    const at = (index: string) => pods.find((pod) => indexOf(pod) === index);
    await job.end(at('1'), 'Failed', 1);
    await within<Job>(c, 'batch/v1', 'jobs').until('job', ({ status }) => status?.failed === 1);
    await job.end(at('0'), 'Succeeded', 0);
    await succeedsEarly(job);
  },

  async [`${area} with successPolicy succeededCount rule should succeeded even when some indexes remain pending${ours}`](c) {
    const job = await start(c, { ...indexed, parallelism: 2, completions: 5, successPolicy: { rules: [{ succeededCount: 1 }] } });
    const pods = await job.pods(2);
    await job.end(
      pods.find((pod) => indexOf(pod) === '0'),
      'Succeeded',
      0,
    );
    await succeedsEarly(job);
  },

  async [`${area} should manage the lifecycle of a job${ours}`](c) {
    const job = await start(c, { parallelism: 2, completions: 4, suspend: true });
    const jobs = within<Job>(c, 'batch/v1', 'jobs');
    await jobs.until('job', ({ status }) => status?.conditions?.some(({ type, status }) => type === 'Suspended' && status === 'True'));
    await job.pods(0);
    await jobs.update('job', (present) => ({ ...present, spec: { ...present.spec, suspend: false } }) as Job);
    await job.play(() => 'Succeeded');
    const { status } = await job.ends('Complete', 'CompletionsReached');
    assert.ok(status?.startTime && status.completionTime);
    assert.equal(status.succeeded, 4);
    const reply = await jobs.ask('DELETE', '?labelSelector=e2e-job-label%3Djob', { propagationPolicy: 'Background' });
    assert.equal(reply.status, 200);
    await jobs.gone('job');
  },
};

const indexOf = (pod: Pod): string => pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? '';
const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Failed' || status?.phase === 'Succeeded';

async function succeedsEarly(job: Awaited<ReturnType<typeof start>>): Promise<void> {
  const { status } = await job.ends('Complete', 'SuccessPolicy');
  assert.ok(status?.conditions?.some(({ type, reason }) => type === 'SuccessCriteriaMet' && reason === 'SuccessPolicy'));
  assert.deepEqual(
    [status?.completedIndexes, status?.succeeded, status?.active ?? 0, status?.ready, status?.terminating],
    ['0', 1, 0, 0, 0],
  );
  await job.pods(0);
}

/** A job whose pods only the spec can end. */
async function start(c: Context, spec: object) {
  const jobs = within<Job>(c, 'batch/v1', 'jobs');
  const pods = podsOf(c);
  const template = { spec: { schedulerName: 'nobody', restartPolicy: 'Never', containers: [paused({ name: 'c' })] } };
  await jobs.create({ metadata: { name: 'job', labels: { 'e2e-job-label': 'job' } }, spec: { template, ...spec } });
  const unended = async () =>
    (await pods.items('batch.kubernetes.io/job-name=job')).filter((pod) => !hasEnded(pod) && !pod.metadata.deletionTimestamp);
  const finished = ({ status }: Job) =>
    status?.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
  const end = async (pod: Pod | undefined, phase: string, exitCode: number, conditions: object[] = []): Promise<void> => {
    const terminated = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' };
    const state = { name: 'c', image: 'pause', imageID: '', ready: false, restartCount: 0, state: { terminated } };
    await pods.patch(`${pod?.metadata.name}/status`, { status: { phase, conditions, containerStatuses: [state] } });
  };
  return {
    end,
    /** Waits for that many pods that have not ended. */
    pods: (number: number) =>
      until(async () => {
        const present = await unended();
        return present.length === number && present;
      }, `${number} pods`),
    /** Ends each pod as told, until the job is finished. */
    play: (outcome: (pod: Pod) => 'Failed' | 'Succeeded', exitCode = 1) =>
      until(async () => {
        for (const pod of await unended()) await end(pod, outcome(pod), outcome(pod) === 'Failed' ? exitCode : 0);
        return finished(await jobs.get('job'));
      }, 'the job to finish'),
    ends: async (type: string, reason: string): Promise<Job> => {
      const job = await jobs.until('job', finished);
      const condition = finished(job);
      assert.deepEqual([condition?.type, condition?.reason], [type, reason]);
      return job;
    },
  };
}
