import assert from 'node:assert/strict';
import { sleep, systemClock } from '@keelson/base';
import type { CronJob, Job } from '@keelson/types';
import type { Context } from '../context.ts';
import { operations } from '../operations.ts';
import { isReady, paused, podsOf } from '../pods.ts';
import { across, discovered, until, within, withLabels } from '../resource.ts';
import type { Specs } from '../specs.ts';
import { controllerOf } from '../workloads.ts';

const area = '[sig-apps] Job';
const crons = '[sig-apps] CronJob';
const jobsOf = (c: Context) => within<Job>(c, 'batch/v1', 'jobs');
const cronsOf = (c: Context) => within<CronJob>(c, 'batch/v1', 'cronjobs');
const jobSpec = (rest: object = {}) => ({
  template: { spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [paused()] } },
  ...rest,
});

export const jobs: Specs = {
  async [`${area} should adopt matching orphans and release non-matching pods`](c) {
    const { metadata } = await jobsOf(c).create({ metadata: { name: 'adopt-release' }, spec: jobSpec({ parallelism: 2, completions: 4 }) });
    const [pod] = await active(c, 'adopt-release', 2);
    const name = pod?.metadata.name ?? '';
    await podsOf(c).update(name, (present) => ({ ...present, metadata: { ...present.metadata, ownerReferences: undefined } }));
    await podsOf(c).until(name, (present) => controllerOf(present)?.uid === metadata.uid);
    await podsOf(c).update(name, (present) => ({ ...present, metadata: { ...present.metadata, labels: undefined } }));
    await podsOf(c).until(name, (present) => controllerOf(present) === undefined);
  },

  async [`${area} should delete a job`](c) {
    await jobsOf(c).create({ metadata: { name: 'foo' }, spec: jobSpec({ parallelism: 2, completions: 4 }) });
    await active(c, 'foo', 2);
    await jobsOf(c).remove('foo', { propagationPolicy: 'Background' });
    await jobsOf(c).gone('foo');
    await podsOf(c).count('batch.kubernetes.io/job-name=foo', 0);
  },

  async [`${area} should apply changes to a job status`](c) {
    const resource = jobsOf(c);
    const name = 'suspend-false-to-true';
    const { metadata } = await resource.create({ metadata: { name }, spec: jobSpec({ parallelism: 2, completions: 4 }) });
    await active(c, name, 2);
    const condition = { type: 'CustomConditionType', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', lastProbeTime: null };
    const status = { conditions: [condition] };
    const patched = await resource.patch(`${name}/status`, { metadata: { annotations: { patchedstatus: 'true' } }, status }, 'merge');
    const time = (job: Job) => job.status?.conditions?.find(({ type }) => type === condition.type)?.lastTransitionTime;
    assert.equal(time(patched), condition.lastTransitionTime);
    assert.equal(patched.metadata.annotations?.patchedstatus, 'true');
    const later = '2026-01-02T00:00:00Z';
    const updated = await resource.update(
      name,
      (present) => {
        const conditions = present.status?.conditions?.map((one) => ({ ...one, lastTransitionTime: later }));
        return { ...present, status: { ...present.status, conditions } } as Job;
      },
      '/status',
    );
    assert.equal(time(updated), later);
    assert.equal((await resource.get(`${name}/status`)).metadata.uid, metadata.uid);
  },

  async [`${crons} should not schedule jobs when suspended [Slow]`](c) {
    await cronsOf(c).create(cron('suspended', { suspend: true }));
    await sleep(systemClock, untilNextMinute() + 5_000);
    assert.equal((await cronsOf(c).get('suspended')).status?.active?.length ?? 0, 0);
    assert.equal((await jobsOf(c).items()).length, 0);
  },

  async [`${crons} should schedule multiple jobs concurrently`](c) {
    await cronsOf(c).create(cron('concurrent', { concurrencyPolicy: 'Allow' }));
    await acting(c, 'concurrent', 1);
    await acting(c, 'concurrent', 2);
    assert.ok((await unfinished(c)).length >= 2);
  },

  async [`${crons} should not schedule new jobs when ForbidConcurrent [Slow]`](c) {
    await cronsOf(c).create(cron('forbid', { concurrencyPolicy: 'Forbid' }));
    await acting(c, 'forbid', 1);
    assert.equal((await unfinished(c)).length, 1);
    await sleep(systemClock, untilNextMinute() + 5_000);
    assert.equal((await cronsOf(c).get('forbid')).status?.active?.length, 1);
    assert.equal((await unfinished(c)).length, 1);
  },

  async [`${crons} should replace jobs when ReplaceConcurrent`](c) {
    await cronsOf(c).create(cron('replace', { concurrencyPolicy: 'Replace' }));
    await acting(c, 'replace', 1);
    const [first] = await unfinished(c);
    await sleep(systemClock, untilNextMinute());
    await until(async () => {
      const present = await unfinished(c);
      return present.length === 1 && present[0]?.metadata.name !== first?.metadata.name;
    }, 'the job to be replaced');
    await jobsOf(c).gone(first?.metadata.name ?? '');
  },

  async [`${crons} should support CronJob API operations`](c) {
    await discovered(c, 'batch', 'v1', ['cronjobs', 'cronjobs/status']);
    const places = { resource: cronsOf(c), everywhere: across<CronJob>(c, 'batch/v1', 'cronjobs') };
    const { resource } = places;
    const make = (labels: Record<string, string>) => {
      const { metadata: _, spec } = cron('', { schedule: '* */1 * * ?', suspend: true });
      return { metadata: { generateName: 'test-api', labels }, spec };
    };
    await operations(c, places, make, async ({ metadata }) => {
      const name = metadata.name ?? '';
      const first = '2026-01-01T00:00:00Z';
      const body = { metadata: { annotations: { patchedstatus: 'true' } }, status: { lastScheduleTime: first } };
      const patched = await resource.patch(`${name}/status`, body, 'merge');
      assert.equal(patched.status?.lastScheduleTime, first);
      assert.equal(patched.metadata.annotations?.patchedstatus, 'true');
      const second = '2026-01-01T01:00:00Z';
      const status = { lastScheduleTime: second };
      const updated = await resource.update(name, (present) => ({ ...present, status: { ...present.status, ...status } }), '/status');
      assert.equal(updated.status?.lastScheduleTime, second);
      assert.equal((await resource.get(`${name}/status`)).metadata.uid, metadata.uid);
      const labelled = await resource.update(name, (present) => withLabels(present, { more: 'labels' }));
      assert.equal(labelled.spec?.suspend, true);
    });
  },
};

const cron = (name: string, spec: object) => ({
  metadata: { name },
  spec: { schedule: '*/1 * * * ?', jobTemplate: { spec: jobSpec({ parallelism: 1, completions: 1 }) }, ...spec },
});

const minute = 60_000;
const untilNextMinute = (): number => minute - (systemClock.now() % minute);

/** Waits until the schedule has struck and says that it has so many jobs. */
async function acting(c: Context, name: string, number: number): Promise<void> {
  await sleep(systemClock, untilNextMinute());
  await until(async () => ((await cronsOf(c).get(name)).status?.active?.length ?? 0) >= number, `${number} jobs of ${name}`);
}

async function unfinished(c: Context): Promise<readonly Job[]> {
  const finished = ({ status }: Job) => status?.conditions?.some(({ type, status }) => /Complete|Failed/.test(type) && status === 'True');
  return (await jobsOf(c).items()).filter((job) => !finished(job) && !job.metadata.deletionTimestamp);
}

/** Waits for that many ready pods of a job, and answers them. */
async function active(c: Context, job: string, number: number) {
  return until(async () => {
    const pods = await podsOf(c).items(`batch.kubernetes.io/job-name=${job}`);
    return pods.length === number && pods.every(isReady) && pods;
  }, `${number} pods of job ${job}`);
}
