import assert from 'node:assert/strict';
import type { Job, Pod } from '@keelson/types';
import type { Context } from '../context.ts';
import { podsOf } from '../pods.ts';
import { until, within } from '../resource.ts';
import type { Spec, Specs } from '../specs.ts';
import { lasting, rest, shell, untilPod } from './run.ts';

const area = '[sig-apps] Job';
const jobsOf = (c: Context) => within<Job>(c, 'batch/v1', 'jobs');

const indexed = { completionMode: 'Indexed' };
const failsOdd = 'exit $((JOB_COMPLETION_INDEX % 2))';
const data = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };

/** A job whose pods run a script; `spec` as it stands. */
const job = (script: string, spec: object, podSpec: object = {}) => ({
  metadata: { name: 'job' },
  spec: {
    parallelism: 2,
    completions: 4,
    backoffLimit: 6,
    ...spec,
    template: {
      metadata: { labels: { job: 'job' } },
      spec: {
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 1,
        securityContext: { runAsUser: 0 },
        volumes: [{ name: 'data', emptyDir: {} }],
        containers: [shell(script, { name: 'c', ...data, securityContext: {} })],
        ...podSpec,
      },
    },
  },
});

const conditionOf = ({ status }: Job, type: string) => status?.conditions?.find((one) => one.type === type && one.status === 'True');
const podsOfJob = (c: Context): Promise<readonly Pod[]> => podsOf(c).items('batch.kubernetes.io/job-name=job');
const indexOf = ({ metadata }: Pod): string => metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? '';

/** Waits until the job is over; the condition and its reason are these. */
async function over(c: Context, type: string, reason: string): Promise<Job> {
  const deadline = until(async () => {
    const present = await jobsOf(c).get('job');
    if (conditionOf(present, 'Complete') ?? conditionOf(present, 'Failed')) return present;
    await rest(300);
    return undefined;
  });
  // A minute is too short for what backs off: try it some times.
  const ended = await deadline.catch(() =>
    jobsOf(c).until('job', (present) => conditionOf(present, 'Complete') ?? conditionOf(present, 'Failed')),
  );
  assert.equal(conditionOf(ended, type)?.reason, reason, JSON.stringify(ended.status));
  return ended;
}

/** Runs a job to its end and answers its status. */
async function runs(c: Context, body: object, type: string, reason: string): Promise<NonNullable<Job['status']>> {
  await jobsOf(c).create(body);
  const { status } = await over(c, type, reason);
  assert.ok(status);
  return status;
}

/** Succeeds early with index 0, whose pod ends; the others never would. */
const succeedsEarly =
  (rule: object): Spec =>
  async (c) => {
    const spec = { ...indexed, parallelism: 2, completions: 5, successPolicy: { rules: [rule] } };
    const script = 'if [ "$JOB_COMPLETION_INDEX" -eq 0 ]; then exit 0; else sleep 1000000; fi';
    const status = await runs(c, job(script, spec), 'Complete', 'SuccessPolicy');
    assert.ok(status.conditions?.some(({ type, reason }) => type === 'SuccessCriteriaMet' && reason === 'SuccessPolicy'));
    assert.deepEqual([status.completedIndexes, status.succeeded, status.active ?? 0, status.ready, status.terminating], ['0', 1, 0, 0, 0]);
  };

export const jobs: Specs = {
  async [`${area} should run a job to completion when tasks sometimes fail and are locally restarted`](c) {
    const script = 'if [[ -r /data/foo ]] ; then exit 0 ; else touch /data/foo ; exit 1 ; fi';
    const status = await runs(c, job(script, {}, { restartPolicy: 'OnFailure' }), 'Complete', 'CompletionsReached');
    assert.equal(status.succeeded, 4);
    for (const { status } of await podsOfJob(c)) assert.equal(status?.containerStatuses?.[0]?.restartCount, 1);
  },

  async [`${area} should create pods for an Indexed job with completion indexes and specified hostname`](c) {
    const status = await runs(c, job('[ "$(hostname)" = "job-$JOB_COMPLETION_INDEX" ]', indexed), 'Complete', 'CompletionsReached');
    assert.deepEqual([status.succeeded, status.completedIndexes], [4, '0-3']);
    const pods = await podsOfJob(c);
    assert.deepEqual(
      pods.map((pod) => [indexOf(pod), pod.spec.hostname]).toSorted(),
      [0, 1, 2, 3].map((index) => [`${index}`, `job-${index}`]),
    );
  },

  async [`${area} should allow to use the pod failure policy on exit code to fail the job early`](c) {
    const onExitCodes = { containerName: 'c', operator: 'In', values: [1] };
    const spec = { podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes }] } };
    const status = await runs(c, job('exit 1', spec), 'Failed', 'PodFailurePolicy');
    assert.match(
      status.conditions?.find(({ type }) => type === 'Failed')?.message ?? '',
      /failed with exit code 1 matching FailJob rule at index 0/,
    );
  },

  async [`${area} should allow to use a pod failure policy to ignore failure matching on DisruptionTarget condition`](c) {
    const podFailurePolicy = { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] };
    const path = `/tmp/${c.namespace}`;
    const script = 'if [[ -r /data/foo ]] ; then exit 0 ; else touch /data/foo ; sleep 1000000 ; fi';
    const volumes = [{ name: 'data', hostPath: { path, type: 'DirectoryOrCreate' } }];
    c.after(() => cleared(c, path));
    await jobsOf(c).create(job(script, { parallelism: 1, completions: 1, backoffLimit: 0, podFailurePolicy }, { volumes }));
    const first = await until(async () => (await podsOfJob(c)).find(({ status }) => status?.phase === 'Running'));
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: first.metadata.name, namespace: c.namespace } };
    const reply = await podsOf(c).ask('POST', `${first.metadata.name}/eviction`, eviction);
    assert.equal(reply.status, 201, reply.text);
    const { status } = await over(c, 'Complete', 'CompletionsReached');
    assert.deepEqual([status?.succeeded, status?.failed ?? 0], [1, 0]);
  },

  async [`${area} should execute all indexes despite some failing when using backoffLimitPerIndex`](c) {
    const spec = { ...indexed, backoffLimit: undefined, backoffLimitPerIndex: 1 };
    const status = await runs(c, job(failsOdd, spec), 'Failed', 'FailedIndexes');
    assert.deepEqual([status.failedIndexes, status.completedIndexes, status.failed, status.succeeded], ['1,3', '0,2', 4, 2]);
    const attempts = (await podsOfJob(c)).map((pod) => [
      indexOf(pod),
      pod.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'],
    ]);
    assert.deepEqual(attempts.toSorted(), [
      ['0', '0'],
      ['1', '0'],
      ['1', '1'],
      ['2', '0'],
      ['3', '0'],
      ['3', '1'],
    ]);
  },

  async [`${area} should mark indexes as failed when the FailIndex action is matched in podFailurePolicy`](c) {
    const onExitCodes = { operator: 'In', values: [1] };
    const podFailurePolicy = { rules: [{ action: 'FailIndex', onExitCodes }] };
    const spec = { ...indexed, completions: 2, backoffLimit: undefined, backoffLimitPerIndex: 1, podFailurePolicy };
    const status = await runs(c, job('exit $((1 - JOB_COMPLETION_INDEX))', spec), 'Failed', 'FailedIndexes');
    assert.deepEqual([status.failedIndexes, status.completedIndexes, status.failed, status.succeeded], ['0', '1', 1, 1]);
  },

  async [`${area} should terminate job execution when the number of failed indexes exceeds maxFailedIndexes`](c) {
    const spec = { ...indexed, parallelism: 5, completions: 10, backoffLimit: undefined, backoffLimitPerIndex: 0, maxFailedIndexes: 4 };
    const script = 'if [ "$JOB_COMPLETION_INDEX" -lt 5 ]; then exit 1; else sleep 1000000; fi';
    const status = await runs(c, job(script, spec), 'Failed', 'MaxFailedIndexesExceeded');
    assert.deepEqual([status.failedIndexes, status.succeeded ?? 0], ['0-4', 0]);
    assert.ok((status.failed ?? 0) >= 5);
    const live = async () => (await podsOfJob(c)).every(({ status }) => status?.phase === 'Failed');
    await until(live, 'no pod of the job to run');
  },

  async [`${area} with successPolicy should succeeded when all indexes succeeded`](c) {
    const spec = { ...indexed, completions: 2, successPolicy: { rules: [{ succeededCount: 2 }] } };
    const status = await runs(c, job('exit 0', spec), 'Complete', 'SuccessPolicy');
    assert.deepEqual(
      [status.completedIndexes, status.succeeded, status.active ?? 0, status.ready, status.terminating],
      ['0,1', 2, 0, 0, 0],
    );
  },

  [`${area} with successPolicy succeededIndexes rule should succeeded even when some indexes remain pending`]: succeedsEarly({
    succeededIndexes: '0',
  }),
  [`${area} with successPolicy succeededCount rule should succeeded even when some indexes remain pending`]: succeedsEarly({
    succeededCount: 1,
  }),

  async [`${area} should manage the lifecycle of a job`](c) {
    const made = await jobsOf(c).create({
      ...job('exit 0', { suspend: true }),
      metadata: { name: 'job', labels: { 'e2e-job-label': 'job' } },
    });
    await jobsOf(c).patch('job', { metadata: { labels: { 'e2e-job': 'patched' } } });
    await jobsOf(c).until('job', (present) => conditionOf(present, 'Suspended'));
    await jobsOf(c).update('job', (present) => ({ ...present, spec: { ...present.spec, suspend: false } }) as Job);
    const { status } = await over(c, 'Complete', 'CompletionsReached');
    assert.equal(status?.succeeded, 4);
    assert.ok(status.conditions?.some(({ type, status }) => type === 'Suspended' && status === 'False'));
    const found = await within<Job>(c, 'batch/v1', 'jobs').items('e2e-job-label=job,e2e-job=patched');
    assert.deepEqual(
      found.map(({ metadata }) => metadata.uid),
      [made.metadata.uid],
    );
    const reply = await jobsOf(c).ask('DELETE', '?labelSelector=e2e-job-label%3Djob', { propagationPolicy: 'Background' });
    assert.equal(reply.status, 200);
    await jobsOf(c).gone('job');
    await podsOf(c).count('batch.kubernetes.io/job-name=job', 0);
  },
};

/** Takes a folder of the node away. */
async function cleared(c: Context, path: string): Promise<void> {
  const volumes = [{ name: 'tmp', hostPath: { path: '/tmp' } }];
  const container = shell(`rm -rf ${path}`, { volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }] });
  await podsOf(c).create(lasting('clears', [container], { restartPolicy: 'Never', volumes }));
  await untilPod(c, 'clears', ({ status }) => status?.phase === 'Succeeded');
}
