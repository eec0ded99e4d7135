import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CronJob, type CronJobSpec, Job } from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';
import { edit, eventsAbout } from '../src/workloads.ts';

const key = { namespace: 'default', name: 'tick' };
const minute = 60_000;

/** Jobs that end after `seconds`; undefined: never. */
async function clusterOf(t: { after(fn: () => Promise<void>): void }, seconds?: number, exitCode = 0): Promise<Cluster> {
  const behaviour = () => (seconds === undefined ? {} : { exitAfterMs: seconds * 1_000, exitCode });
  const cluster = await createCluster({ nodes: [{ model: { behaviour } }] });
  t.after(() => cluster.stop());
  return cluster;
}

function createCronJob(cluster: Cluster, spec: Partial<CronJobSpec> = {}): Promise<CronJob> {
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'app:1' }] } };
  const jobTemplate = { metadata: { labels: { made: 'here' } }, spec: { template, backoffLimit: 0 } };
  return cluster.api.create(CronJob, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: key,
    spec: { schedule: '* * * * *', jobTemplate, ...spec },
  });
}

const cronJobOf = (cluster: Cluster): CronJob | undefined => cluster.history.get(CronJob, 'tick');
const jobsOf = (cluster: Cluster): Job[] => cluster.history.list(Job).filter(({ metadata }) => metadata.labels?.made === 'here');
const activeOf = (cluster: Cluster): number => cronJobOf(cluster)?.status?.active?.length ?? 0;

function madeIn(cluster: Cluster): Set<string> {
  const names = new Set<string>();
  cluster.history.onWrite(({ kind, type, object }) => {
    if (kind === 'batch/v1/Job' && type === 'added') names.add(object.metadata.name ?? '');
  });
  return names;
}

test('a job each minute, three of them kept', async (t) => {
  const cluster = await clusterOf(t, 5);
  const made = madeIn(cluster);
  await createCronJob(cluster, { timeZone: 'Asia/Kathmandu' });
  const first = await cluster.until('there is a job', () => jobsOf(cluster)[0], 2 * minute);
  const at = Math.floor(cluster.clock.now() / minute);
  assert.equal(first.metadata.name, `tick-${at}`);
  assert.equal(first.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'], '2026-01-01T05:46:00+05:45');
  assert.deepEqual([first.metadata.ownerReferences?.[0]?.kind, first.metadata.ownerReferences?.[0]?.controller], ['CronJob', true]);
  await cluster.advance(10 * minute);
  assert.ok(made.size === 11, `${made.size} jobs`);
  await cluster.advance(30_000);
  assert.equal(jobsOf(cluster).length, 3);
  const { status } = cronJobOf(cluster) ?? {};
  assert.deepEqual([status?.active, status?.lastScheduleTime], [undefined, '2026-01-01T00:11:00Z']);
  assert.match(status?.lastSuccessfulTime ?? '', /^2026-01-01T00:11:0/);
  const told = eventsAbout(cluster, 'tick').map((event) => event.replace(/tick-\d+/, 'J'));
  const expected = [
    'SuccessfulCreate: Created job J',
    'SawCompletedJob: Saw completed job: J, condition: Complete',
    'SuccessfulDelete: Deleted job J',
  ];
  for (const event of expected) assert.ok(told.includes(event), event);
});

test('failed jobs have a limit of their own', async (t) => {
  const cluster = await clusterOf(t, 5, 1);
  await createCronJob(cluster, { failedJobsHistoryLimit: 2 });
  await cluster.advance(5 * minute + 30_000);
  assert.equal(jobsOf(cluster).length, 2);
  assert.equal(cronJobOf(cluster)?.status?.lastSuccessfulTime, undefined);
});

test('Allow: jobs side by side; Forbid: one; Replace: the newest', async (t) => {
  const cluster = await clusterOf(t);
  const made = madeIn(cluster);
  await createCronJob(cluster, { concurrencyPolicy: 'Forbid' });
  await cluster.advance(3 * minute + 30_000);
  assert.deepEqual([made.size, activeOf(cluster)], [1, 1]);
  assert.ok(
    eventsAbout(cluster, 'tick').includes(
      'JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid',
    ),
  );
  await edit(cluster, CronJob, key, ({ spec }) => Object.assign(spec, { concurrencyPolicy: 'Replace' }));
  const [old] = made;
  await cluster.advance(minute);
  await cluster.until('the old job is gone', () => jobsOf(cluster).every(({ metadata }) => metadata.name !== old));
  assert.equal(activeOf(cluster), 1);
  await edit(cluster, CronJob, key, ({ spec }) => Object.assign(spec, { concurrencyPolicy: 'Allow' }));
  await cluster.advance(2 * minute);
  assert.deepEqual([jobsOf(cluster).length, activeOf(cluster)], [3, 3]);
});

test('none while it is suspended, and none for what was missed for too long', async (t) => {
  const cluster = await clusterOf(t, 5);
  await createCronJob(cluster, { schedule: '0 * * * *', suspend: true, startingDeadlineSeconds: 60 });
  await cluster.advance(90 * minute);
  assert.equal(jobsOf(cluster).length, 0);
  await edit(cluster, CronJob, key, ({ spec }) => Object.assign(spec, { suspend: false }));
  await cluster.advance(20 * minute);
  assert.equal(jobsOf(cluster).length, 0, '01:00 was missed for too long');
  await cluster.advance(15 * minute);
  assert.deepEqual(
    jobsOf(cluster).map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']),
    ['2026-01-01T02:00:00Z'],
  );
});

test('a job that was made by hand, one that went missing, and a schedule that never comes true', async (t) => {
  const cluster = await clusterOf(t);
  const { metadata, spec } = await createCronJob(cluster, { schedule: '0 0 31 2 *' });
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid: metadata.uid ?? '', controller: true };
  const byHand = { name: 'by-hand', namespace: 'default', ownerReferences: [owner] };
  await cluster.api.create(Job, { apiVersion: 'batch/v1', kind: 'Job', metadata: byHand, spec: spec.jobTemplate.spec });
  const told = (text: string) => cluster.until(text, () => eventsAbout(cluster, 'tick').includes(text));
  await told('UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand');
  await told('InvalidSchedule: invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second');
  await edit(cluster, CronJob, key, ({ spec: wanted }) => Object.assign(wanted, { schedule: '* * * * *' }));
  await cluster.until('a job is active', () => activeOf(cluster) === 1, 2 * minute);
  const [{ name = '' } = {}] = cronJobOf(cluster)?.status?.active ?? [];
  await cluster.api.delete(Job, { namespace: 'default', name }, { propagationPolicy: 'Background' });
  await told(`MissingJob: Active job went missing: ${name}`);
  await cluster.api.delete(CronJob, key, { propagationPolicy: 'Background' });
  await cluster.until('its jobs are gone too', () => cluster.history.list(Job).length === 0);
});

test('a new schedule starts no jobs for times that went by before it was one', async (t) => {
  const cluster = await clusterOf(t, 5);
  const made = madeIn(cluster);
  await createCronJob(cluster, { schedule: '30 0 * * *' });
  await cluster.advance(35 * minute);
  assert.equal(made.size, 1);
  await edit(cluster, CronJob, key, ({ spec }) => Object.assign(spec, { schedule: '33,45 0 * * *' }));
  await cluster.advance(5 * minute);
  assert.equal(made.size, 1, 'not for 0:33');
  await cluster.advance(10 * minute);
  assert.equal(made.size, 2);
});
