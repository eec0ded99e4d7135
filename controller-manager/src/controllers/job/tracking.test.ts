import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, rfc3339, seededRandom } from '@keelson/base';
import type { JobSpec } from '@keelson/types';
import { job, start, World } from './testdata.ts';

const conditions = (world: World): string[] =>
  (world.job.status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`);

function world(spec: Partial<JobSpec>): World {
  return new World(job(spec), seededRandom(1));
}

test('a pod that succeeded is noted, let go of, counted, and the job is complete', () => {
  const one = world({});
  one.reconcile();
  const first = { ...one.job.status };
  assert.deepEqual(first, {
    active: 1,
    ready: 0,
    terminating: 0,
    startTime: rfc3339(start),
    uncountedTerminatedPods: {},
    ...none,
  });
  const [pod] = one.atWork();
  assert.ok(pod);
  one.end(pod, 0);
  one.now += 5_000;
  one.reconcile();
  assert.deepEqual(one.job.status?.uncountedTerminatedPods, { succeeded: ['x-1'] });
  assert.deepEqual(conditions(one), ['SuccessCriteriaMet=True CompletionsReached']);
  one.reconcile();
  assert.deepEqual(conditions(one), ['SuccessCriteriaMet=True CompletionsReached', 'Complete=True CompletionsReached']);
  assert.equal(one.job.status?.completionTime, rfc3339(start + 5_000));
  assert.equal(one.job.status?.succeeded, 1);
  assert.deepEqual(one.job.status?.uncountedTerminatedPods, {});
});

const none = { failed: undefined, succeeded: undefined };

test('a job that fails waits for its pods to be gone', () => {
  const one = world({ parallelism: 2, completions: 2, backoffLimit: 0 });
  one.reconcile();
  const [pod] = one.atWork();
  assert.ok(pod);
  one.end(pod, 1);
  one.reconcile();
  assert.deepEqual(conditions(one), ['FailureTarget=True BackoffLimitExceeded']);
  assert.deepEqual([one.job.status?.active, one.job.status?.terminating], [undefined, 1]);
  one.reconcile();
  assert.equal(one.over, false, 'one is terminating');
  one.sweep();
  one.reconcile();
  assert.deepEqual(conditions(one), ['FailureTarget=True BackoffLimitExceeded', 'Failed=True BackoffLimitExceeded']);
  assert.equal(one.job.status?.failed, 2, 'the one that was deleted counts');
});

test('a suspended job has no pods, and its time starts again when it is resumed', () => {
  const one = world({ parallelism: 2, completions: 2, activeDeadlineSeconds: 30 });
  one.reconcile();
  one.job = { ...one.job, spec: { ...one.job.spec, suspend: true } };
  one.reconcile();
  assert.deepEqual(conditions(one), ['Suspended=True JobSuspended']);
  assert.equal(one.job.status?.startTime, undefined);
  one.sweep();
  one.now += 60_000;
  one.reconcile();
  assert.deepEqual([one.job.status?.active, one.job.status?.failed, one.pods.length], [undefined, undefined, 0]);
  one.job = { ...one.job, spec: { ...one.job.spec, suspend: false } };
  one.reconcile();
  assert.deepEqual(conditions(one), ['Suspended=False JobResumed']);
  assert.equal(one.job.status?.startTime, rfc3339(one.now));
  assert.equal(one.pods.length, 2);
});

test('no more than 500 pods are noted at once, and all are counted', () => {
  const one = world({ parallelism: 700, completions: 700 });
  one.reconcile();
  one.reconcile();
  for (const pod of one.atWork()) one.end(pod, 0);
  one.reconcile();
  assert.equal(one.job.status?.uncountedTerminatedPods?.succeeded?.length, 500);
  for (let step = 0; step < 4; step++) one.reconcile();
  assert.deepEqual([one.over, one.job.status?.succeeded], [true, 700]);
});

function pick(random: Random, from: number, to: number): number {
  return from + Math.floor(random.next() * (to - from + 1));
}

function randomSpec(random: Random): Partial<JobSpec> {
  const indexed = random.next() < 0.5;
  const completions = pick(random, 0, 8);
  const perIndex = indexed && random.next() < 0.5 ? pick(random, 0, 2) : undefined;
  return {
    completions,
    parallelism: pick(random, 1, 5),
    backoffLimit: perIndex === undefined ? pick(random, 0, 12) : 2 ** 31 - 1,
    ...(perIndex === undefined ? {} : { backoffLimitPerIndex: perIndex }),
    completionMode: indexed ? 'Indexed' : 'NonIndexed',
    ...(random.next() < 0.3 ? { podReplacementPolicy: 'Failed' } : {}),
  };
}

/** Lets pods end and the controller look, and fall over, until the job is over. Counters may only rise on the way. */
function runToEnd(one: World, random: Random, text: string): void {
  for (let step = 0; step < 3_000 && !one.over; step++) {
    for (const pod of one.atWork()) if (random.next() < 0.3 && !pod.metadata.deletionTimestamp) one.end(pod, random.next() < 0.35 ? 1 : 0);
    const { succeeded = 0, failed = 0 } = one.job.status ?? {};
    one.now += one.reconcile() ?? 1_000;
    assert.ok((one.job.status?.succeeded ?? 0) >= succeeded && (one.job.status?.failed ?? 0) >= failed, text);
    if (random.next() < 0.5) one.sweep();
  }
}

test('whatever happens, a job comes to its end, and no pod is counted twice or lost', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = seededRandom(seed);
    const spec = randomSpec(random);
    const one = new World(job(spec), random, seed % 2 === 0 ? 0.2 : 0);
    const text = `seed ${seed}: ${JSON.stringify(spec)}`;
    runToEnd(one, random, text);
    const { status = {} } = one.job;
    assert.ok(one.over, text);
    assert.ok(one.most <= (spec.parallelism ?? 0), text);
    const complete = status.conditions?.some(({ type }) => type === 'Complete');
    const { completions = 0 } = spec;
    if (complete) assert.equal(status.succeeded ?? 0, completions, text);
    if (spec.completionMode === 'NonIndexed') assert.equal(status.succeeded ?? 0, one.succeeded.size, text);
    if (spec.backoffLimitPerIndex !== undefined) {
      const most = Math.max(0, ...one.failures.values());
      assert.ok(most <= spec.backoffLimitPerIndex + 1, `${text}: an index failed ${most} times`);
    }
    // Those that were at work when the job failed count as failed.
    if (complete) assert.equal(status.failed ?? 0, one.failed.size, text);
    else assert.ok((status.failed ?? 0) >= one.failed.size && (status.failed ?? 0) <= one.failed.size + one.most, text);
    assert.deepEqual(
      one.pods.filter((pod) => pod.metadata.finalizers?.length),
      [],
      text,
    );
  }
});
