import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTime } from '@keelson/machinery';
import { Job, type JobSpec, Pod } from '@keelson/types';
import { type Cluster, createCluster, type NodeParts } from '../src/index.ts';
import { edit, eventsAbout } from '../src/workloads.ts';

type Behaviour = NonNullable<NonNullable<NodeParts['model']>['behaviour']>;
type Container = Parameters<Behaviour>[0];

const tracking = 'batch.kubernetes.io/job-tracking';
const key = { namespace: 'default', name: 'work' };

/** Containers end after a second with the code that `exit` says; undefined: they run until they are stopped. */
async function clusterOf(
  t: { after(fn: () => Promise<void>): void },
  exit: (container: Container) => number | undefined,
): Promise<Cluster> {
  const behaviour: Behaviour = (container) => {
    const exitCode = exit(container);
    return exitCode === undefined ? {} : { exitAfterMs: 1_000, exitCode };
  };
  const cluster = await createCluster({ nodes: [{ model: { behaviour } }, { model: { behaviour } }] });
  t.after(() => cluster.stop());
  return cluster;
}

function indexOf({ env }: Container): number {
  return Number(env.find(({ name }) => name === 'JOB_COMPLETION_INDEX')?.value);
}

function createJob(cluster: Cluster, spec: Partial<JobSpec> = {}): Promise<Job> {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'app:1' }] } };
  return cluster.api.create(Job, { apiVersion: 'batch/v1', kind: 'Job', metadata: key, spec: { template, ...spec } });
}

const jobOf = (cluster: Cluster): Job | undefined => cluster.history.get(Job, 'work');
const podsOf = (cluster: Cluster): Pod[] =>
  cluster.history.list(Pod).filter(({ metadata }) => metadata.generateName?.startsWith('work-') === true);

function conditionsOf(cluster: Cluster): string[] {
  return (jobOf(cluster)?.status?.conditions ?? [])
    .filter(({ status }) => status === 'True')
    .map(({ type, reason }) => `${type} ${reason}`);
}

function over(cluster: Cluster, type = 'Complete'): Promise<Job> {
  const ended = () => jobOf(cluster)?.status?.conditions?.some((one) => one.type === type && one.status === 'True') && jobOf(cluster);
  return cluster.until(`the job is ${type}`, ended, 600_000);
}

test('a job of three runs two at a time until all have succeeded, and goes when its time is over', async (t) => {
  const cluster = await clusterOf(t, () => 0);
  let most = 0;
  cluster.history.onWrite(({ kind, object }) => {
    if (kind === 'batch/v1/Job') most = Math.max(most, (object as Job).status?.active ?? 0);
  });
  await createJob(cluster, { completions: 3, parallelism: 2, ttlSecondsAfterFinished: 30 });
  const { status } = await over(cluster);
  assert.deepEqual(
    [status?.succeeded, status?.active, status?.failed, status?.terminating, status?.ready],
    [3, undefined, undefined, 0, 0],
  );
  assert.deepEqual(status?.uncountedTerminatedPods, {});
  assert.deepEqual(conditionsOf(cluster), ['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
  assert.equal(most, 2);
  assert.deepEqual(
    podsOf(cluster).map(({ metadata, status: pod }) => [metadata.finalizers ?? [], pod?.phase]),
    Array(3).fill([[], 'Succeeded']),
  );
  await cluster.advance(1_000);
  const events = eventsAbout(cluster, 'work').map((event) => event.replace(/work-\w+/, 'P'));
  assert.deepEqual(events.sort(), ['Completed: Job completed', ...Array(3).fill('SuccessfulCreate: Created pod: P')]);
  await cluster.until('it is gone with its pods', () => !jobOf(cluster) && podsOf(cluster).length === 0);
  assert.ok(cluster.clock.now() - (parseTime(status?.completionTime) ?? 0) >= 30_000);
});

test('a job whose pods fail tries again later and later, and then fails', async (t) => {
  const cluster = await clusterOf(t, () => 1);
  const created: number[] = [];
  cluster.history.onWrite(({ kind, type, object, at }) => {
    if (kind === 'v1/Pod' && type === 'added' && object.metadata.name?.startsWith('work-')) created.push(at);
  });
  await createJob(cluster, { backoffLimit: 2 });
  const { status } = await over(cluster, 'Failed');
  assert.equal(status?.failed, 3);
  assert.deepEqual(conditionsOf(cluster), ['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded']);
  const [first = 0, second = 0] = created.slice(1).map((at, i) => at - (created[i] ?? 0));
  assert.ok(first >= 10_000 && first < 14_000, `after ${first} ms`);
  assert.ok(second >= 20_000 && second < 24_000, `after ${second} ms`);
  await cluster.advance(1_000);
  assert.ok(eventsAbout(cluster, 'work').includes('BackoffLimitExceeded: Job has reached the specified backoff limit'));
});

test('an indexed job: every index under its own name, failing for itself', async (t) => {
  const cluster = await clusterOf(t, (container) => (indexOf(container) === 1 ? 1 : 0));
  await createJob(cluster, { completions: 4, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 1 });
  const { status } = await over(cluster, 'Failed');
  assert.deepEqual([status?.completedIndexes, status?.failedIndexes, status?.succeeded, status?.failed], ['0,2,3', '1', 3, 2]);
  assert.deepEqual(conditionsOf(cluster), ['FailureTarget FailedIndexes', 'Failed FailedIndexes']);
  const names = podsOf(cluster).map(({ spec, metadata }) => [spec.hostname, metadata.labels?.['batch.kubernetes.io/job-completion-index']]);
  assert.deepEqual(names.sort(), [
    ['work-0', '0'],
    ['work-1', '1'],
    ['work-1', '1'],
    ['work-2', '2'],
    ['work-3', '3'],
  ]);
});

test('a success policy ends the pods that still work', async (t) => {
  const cluster = await clusterOf(t, (container) => (indexOf(container) === 0 ? 0 : undefined));
  const successPolicy = { rules: [{ succeededIndexes: '0' }] };
  await createJob(cluster, { completions: 3, parallelism: 3, completionMode: 'Indexed', successPolicy });
  const { status } = await over(cluster);
  assert.deepEqual(conditionsOf(cluster), ['SuccessCriteriaMet SuccessPolicy', 'Complete SuccessPolicy']);
  assert.deepEqual([status?.succeeded, status?.completedIndexes, status?.failed, status?.terminating], [1, '0', undefined, 0]);
  assert.equal(podsOf(cluster).length, 1);
});

test('an elastic indexed job grows and shrinks', async (t) => {
  const cluster = await clusterOf(t, () => undefined);
  await createJob(cluster, { completions: 2, parallelism: 2, completionMode: 'Indexed' });
  const active = (count: number) => () => jobOf(cluster)?.status?.active === count && podsOf(cluster).length === count;
  await cluster.until('two work', active(2));
  for (const size of [4, 1]) {
    await edit(cluster, Job, key, ({ spec }) => Object.assign(spec, { completions: size, parallelism: size }));
    await cluster.until(`${size} work`, active(size));
  }
  assert.deepEqual(
    podsOf(cluster).map(({ spec }) => spec.hostname),
    ['work-0'],
  );
  assert.equal(jobOf(cluster)?.status?.failed, undefined);
});

test('a suspended job has no pods until it is resumed, and its deadline counts from then', async (t) => {
  const cluster = await clusterOf(t, () => undefined);
  await createJob(cluster, { suspend: true, activeDeadlineSeconds: 60 });
  await cluster.until('it is suspended', () => conditionsOf(cluster)[0] === 'Suspended JobSuspended');
  await cluster.advance(120_000);
  assert.deepEqual([podsOf(cluster).length, jobOf(cluster)?.status?.startTime], [0, undefined]);
  const suspend = (suspended: boolean) => edit(cluster, Job, key, ({ spec }) => Object.assign(spec, { suspend: suspended }));
  await suspend(false);
  await cluster.until('its pod is ready', () => jobOf(cluster)?.status?.ready === 1);
  await suspend(true);
  await cluster.until('its pod is gone', () => podsOf(cluster).length === 0 && jobOf(cluster)?.status?.active === undefined);
  assert.equal(jobOf(cluster)?.status?.startTime, undefined, 'it has not started until it is resumed');
  await cluster.advance(120_000);
  await suspend(false);
  await cluster.until('it works again', () => jobOf(cluster)?.status?.active === 1);
  const resumed = cluster.clock.now();
  const { status } = await over(cluster, 'Failed');
  assert.deepEqual(conditionsOf(cluster), ['FailureTarget DeadlineExceeded', 'Failed DeadlineExceeded']);
  assert.ok(cluster.clock.now() - resumed >= 59_000);
  assert.equal(status?.failed, 1, 'only the pod that was at work at the end');
  const told = eventsAbout(cluster, 'work').filter((event) => /^(Suspended|Resumed)/.test(event));
  assert.deepEqual([...new Set(told)].sort(), ['Resumed: Job resumed', 'Suspended: Job suspended']);
});

test('a pod without an owner is adopted, and one that no longer matches let go of', async (t) => {
  const cluster = await clusterOf(t, () => undefined);
  await createJob(cluster, { parallelism: 2, completions: 2 });
  await cluster.until('two work', () => jobOf(cluster)?.status?.ready === 2);
  const name = podsOf(cluster)[0]?.metadata.name ?? '';
  const pod = (): Pod | undefined => cluster.history.get(Pod, name);
  const change = (metadata: object) => edit(cluster, Pod, { namespace: 'default', name }, (one) => Object.assign(one.metadata, metadata));
  await change({ ownerReferences: undefined, finalizers: undefined });
  await cluster.until('it is adopted', () => pod()?.metadata.ownerReferences?.[0]?.controller);
  assert.deepEqual(pod()?.metadata.finalizers, [tracking]);
  await change({ labels: undefined });
  await cluster.until('it is let go of', () => !pod()?.metadata.ownerReferences?.length && !pod()?.metadata.finalizers?.length);
  await cluster.until('another has its place', () => podsOf(cluster).length === 3 && jobOf(cluster)?.status?.ready === 2);
});

test('a deleted job takes its pods along, or leaves them free', async (t) => {
  const cluster = await clusterOf(t, () => undefined);
  for (const propagationPolicy of ['Background', 'Foreground'] as const) {
    await createJob(cluster, { parallelism: 2 });
    await cluster.until('they work', () => jobOf(cluster)?.status?.ready === 2);
    await cluster.api.delete(Job, key, { propagationPolicy });
    await cluster.until(`all is gone, ${propagationPolicy}`, () => !jobOf(cluster) && podsOf(cluster).length === 0);
  }
  await createJob(cluster, {});
  await cluster.until('it works', () => jobOf(cluster)?.status?.ready === 1);
  await cluster.api.delete(Job, key, { propagationPolicy: 'Orphan' });
  await cluster.until('its pod is free', () => !jobOf(cluster) && !podsOf(cluster)[0]?.metadata.finalizers?.length);
  assert.deepEqual(podsOf(cluster)[0]?.metadata.ownerReferences ?? [], []);
});

test('a pod that is evicted does not count where the policy says so', async (t) => {
  const cluster = await clusterOf(t, ({ attempt }) =>
    cluster.history.get(Job, 'work')?.status?.startTime && attempt === 0 ? codes.shift() : 0,
  );
  const codes: (number | undefined)[] = [undefined, 0];
  const podFailurePolicy = { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] };
  await createJob(cluster, { backoffLimit: 0, podFailurePolicy });
  await cluster.until('it works', () => jobOf(cluster)?.status?.ready === 1);
  const name = podsOf(cluster)[0]?.metadata.name ?? '';
  const body = JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' } });
  (await cluster.api.raw({ method: 'POST', path: `/api/v1/namespaces/default/pods/${name}/eviction`, body })).destroy();
  const { status } = await over(cluster);
  assert.deepEqual([status?.succeeded, status?.failed], [1, undefined]);
});

test('wherever the controller is killed, every pod counts once', async (t) => {
  let number = 0;
  const cluster = await clusterOf(t, () => (number++ % 3 === 0 ? 1 : 0));
  const ended = { Succeeded: new Set<string>(), Failed: new Set<string>() };
  cluster.history.onWrite(({ kind, object }) => {
    const { phase } = kind === 'v1/Pod' ? ((object as Pod).status ?? {}) : {};
    if (phase === 'Succeeded' || phase === 'Failed') ended[phase].add(object.metadata.uid ?? '');
  });
  let steps = 0;
  cluster.observers.add((user, { method }) => {
    if (!user.name.endsWith(':job-controller') || method === 'GET' || ++steps % 9 !== 0) return;
    cluster.controllerManager.kill();
    cluster.clock.after(1_000, () => cluster.controllerManager.start());
  });
  await createJob(cluster, { completions: 12, parallelism: 4, backoffLimit: 100 });
  const { status } = await over(cluster);
  assert.deepEqual([status?.succeeded, status?.failed], [ended.Succeeded.size, ended.Failed.size]);
  assert.ok(steps > 18, 'it was killed more than twice');
  assert.equal(
    podsOf(cluster).some(({ metadata }) => metadata.finalizers?.length),
    false,
  );
});
