import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339, seededRandom } from '@keelson/base';
import type { CronJob, CronJobSpec, CronJobStatus, Job } from '@keelson/types';
import { dueTime, historyOf, isTooLate, jobFrom, jobName, planCleanup } from './plan.ts';
import { parseSchedule } from './schedule.ts';

const start = Date.UTC(2026, 0, 1);
const minute = 60_000;
const template = { spec: { containers: [] } };

function cronJob(spec: Partial<CronJobSpec> = {}, status: CronJobStatus = {}): CronJob {
  const jobTemplate = { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec: { template } };
  const metadata = { name: 'tick', namespace: 'default', uid: 'tick-uid', creationTimestamp: rfc3339(start) };
  return { metadata, spec: { schedule: '*/5 * * * *', jobTemplate, ...spec }, status };
}

function job(name: string, type?: string, minutes = 0): Job {
  const conditions = type === undefined ? [] : [{ type, status: 'True' }];
  const time = rfc3339(start + minutes * minute);
  const completion = type === 'Complete' ? { completionTime: time } : {};
  return { metadata: { name, uid: name }, spec: { template }, status: { conditions, startTime: time, ...completion } };
}

const every5 = parseSchedule('*/5 * * * *', 'UTC');

test('what is due, and when to look again', () => {
  assert.deepEqual(dueTime(cronJob(), every5, start + minute), { time: undefined, wait: 4 * minute + 100, tooMany: false });
  assert.deepEqual(dueTime(cronJob(), every5, start + 5 * minute), { time: start + 5 * minute, wait: 5 * minute + 100, tooMany: false });
  assert.equal(dueTime(cronJob(), every5, start + 23 * minute).time, start + 20 * minute, 'the latest, once');
  const changed = dueTime(cronJob(), every5, start + 23 * minute, start + 21 * minute);
  assert.deepEqual([changed.time, changed.wait], [undefined, 2 * minute + 100], 'there was another schedule then');
  const done = cronJob({}, { lastScheduleTime: rfc3339(start + 20 * minute) });
  assert.equal(dueTime(done, every5, start + 23 * minute).time, undefined);
  assert.equal(dueTime(cronJob(), every5, start + 600 * minute).tooMany, true);
  const late = cronJob({ startingDeadlineSeconds: 60 });
  assert.equal(dueTime(late, every5, start + 603 * minute).time, undefined);
  assert.deepEqual(dueTime(late, every5, start + 600.5 * minute), { time: start + 600 * minute, wait: 4.5 * minute + 100, tooMany: false });
  assert.equal(isTooLate(late, start, start + minute + 1), true);
  assert.throws(
    () => dueTime(cronJob(), parseSchedule('0 0 31 2 *', 'UTC'), start),
    /^Error: time difference between two schedules is less than 1 second$/,
  );
  const steady = parseSchedule('@every 7m', 'UTC');
  assert.equal(dueTime(cronJob(), steady, start + 30 * minute).time, start + 28 * minute);
  assert.equal(dueTime(cronJob(), steady, start + 30 * minute).wait, 5 * minute + 100);
});

test('whenever it looks, each time that came is due once, and none is due twice', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = seededRandom(seed);
    const text = ['* * * * *', '*/7 * * * *', '13 */3 * * *', '30 6-16/4 * * 1-5', '@every 11m'][seed % 5] ?? '';
    const schedule = parseSchedule(text, 'UTC');
    const made = new Set<number>();
    let status: CronJobStatus = {};
    for (let now = start; now < start + 24 * 60 * minute; ) {
      const { time, wait } = dueTime(cronJob({}, status), schedule, now);
      if (time !== undefined) {
        assert.ok(time <= now && !made.has(time), `seed ${seed}: ${text} at ${rfc3339(now)}`);
        made.add(time);
        status = { lastScheduleTime: rfc3339(time) };
      }
      now += wait + Math.floor(random.next() * 20_000);
    }
    let expected = 0;
    for (let next = schedule.next(start); next !== undefined && next < start + 24 * 60 * minute; next = schedule.next(next)) expected++;
    assert.ok(Math.abs(made.size - expected) <= 1, `seed ${seed}: ${text}: ${made.size} of ${expected}`);
  }
});

test('a job is named after its minute', () => {
  assert.equal(jobName(cronJob(), start), 'tick-29453760');
  const { metadata, spec } = jobFrom(cronJob(), start, 'T');
  assert.deepEqual(metadata.annotations, { c: 'd', 'batch.kubernetes.io/cronjob-scheduled-timestamp': 'T' });
  assert.deepEqual(
    metadata.ownerReferences?.map(({ kind, uid, controller }) => [kind, uid, controller]),
    [['CronJob', 'tick-uid', true]],
  );
  assert.deepEqual([metadata.labels, spec], [{ a: 'b' }, { template }]);
});

test('old jobs go, the oldest first', () => {
  const jobs = [job('new', 'Complete', 3), job('old', 'Complete', 1), job('mid', 'Complete', 2), job('bad', 'Failed'), job('on')];
  const names = (spec: Partial<CronJobSpec>): (string | undefined)[] =>
    planCleanup(cronJob(spec), jobs).map(({ metadata }) => metadata.name);
  assert.deepEqual(names({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 1 }), ['old', 'mid']);
  assert.deepEqual(names({ successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 0 }), ['bad']);
  assert.deepEqual(names({}), []);
});

test('what the status says is compared with the jobs there are', () => {
  const active = ['ended', 'on', 'gone'].map((name) => ({ name, uid: name }));
  const jobs = [job('ended', 'Complete', 7), job('on'), job('stranger'), job('failed', 'Failed', 9)];
  const history = historyOf(cronJob({}, { active, lastSuccessfulTime: rfc3339(start) }), jobs);
  assert.deepEqual(
    history.strangers.map(({ metadata }) => metadata.name),
    ['stranger'],
  );
  assert.deepEqual(
    history.ended.map(({ job: { metadata }, outcome }) => [metadata.name, outcome]),
    [['ended', 'Complete']],
  );
  assert.deepEqual(
    history.missing.map(({ name }) => name),
    ['gone'],
  );
  assert.equal(history.lastSuccess, rfc3339(start + 7 * minute));
});
