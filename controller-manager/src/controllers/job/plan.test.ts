import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339 } from '@keelson/base';
import type { Job, JobSpec, Pod } from '@keelson/types';
import { noFailures } from './backoff.ts';
import { type JobPlan, planJob } from './plan.ts';
import { completionIndex } from './pods.ts';
import { ended, job, podOf, start } from './testdata.ts';

const running = { phase: 'Running' };
const plan = (of: Job, pods: readonly Pod[] = [], now = start, backoff = noFailures): JobPlan => planJob({ job: of, pods, backoff, now });
const made = ({ change }: JobPlan): Pod[] => (change.type === 'create' ? [...change.pods] : []);
const removed = ({ change }: JobPlan): (string | undefined)[] =>
  change.type === 'delete' ? change.pods.map(({ metadata }) => metadata.name) : [];
const indexed = (spec: Partial<JobSpec>): Job => job({ completionMode: 'Indexed', ...spec });
const indexesIn = (one: JobPlan): (string | undefined)[] => made(one).map(({ metadata }) => metadata.annotations?.[completionIndex]);

test('as many pods as may work and are still needed', () => {
  assert.equal(made(plan(job({ parallelism: 3, completions: 5 }))).length, 3);
  assert.equal(made(plan(job({ parallelism: 3, completions: 5 }, { succeeded: 4 }))).length, 1);
  const queue = job({ parallelism: 3 });
  delete queue.spec.completions;
  assert.equal(made(plan(queue)).length, 3);
  assert.equal(made(plan({ ...queue, status: { succeeded: 1 } })).length, 0, 'none after the first success');
  assert.equal(made(plan(job({ parallelism: 2_000, completions: 2_000 }))).length, 500);
  const ending = { ...job(), metadata: { ...job().metadata, deletionTimestamp: rfc3339(start) } };
  assert.equal(plan(ending).change.type, 'none');
});

test('pods that are too many go, those least far ahead first, and do not count', () => {
  const owner = job({ parallelism: 1, completions: 9 });
  const pods = [podOf(owner, 'on', running), podOf(owner, 'off', { phase: 'Pending' })];
  const { change } = plan(owner, pods);
  assert.deepEqual([change.type, change.type === 'delete' && change.counted], ['delete', false]);
  assert.deepEqual(removed(plan(owner, pods)), ['off']);
  assert.deepEqual(removed(plan(job({ suspend: true }), pods)).sort(), ['off', 'on']);
});

test('an indexed pod knows its index', () => {
  const [pod] = made(plan(indexed({ completions: 2 })));
  assert.deepEqual(pod?.metadata.generateName, 'x-0-');
  assert.equal(pod?.metadata.labels?.[completionIndex], '0');
  assert.equal(pod?.spec.hostname, 'x-0');
  assert.deepEqual(pod?.spec.containers[0]?.env, [
    { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${completionIndex}']` } } },
  ]);
});

test('each index that is not done has one pod', () => {
  const owner = indexed({ completions: 5, parallelism: 4 });
  const done = { ...owner, status: { completedIndexes: '0,2' } };
  assert.deepEqual(indexesIn(plan(done, [podOf(owner, 'a', running, 1)])), ['3', '4']);
  const twins = ['a', 'b'].map((name) => podOf(owner, name, running, 1));
  assert.deepEqual(removed(plan(done, [...twins, podOf(owner, 'c', running, 7)])).length, 2);
  const shrunk = indexed({ completions: 2, parallelism: 2 });
  assert.deepEqual(
    removed(
      plan(
        shrunk,
        [0, 1, 2].map((index) => podOf(owner, `p${index}`, running, index)),
      ),
    ),
    ['p2'],
  );
});

test('a pod that failed is made anew after a time that doubles', () => {
  const owner = job({ completions: 3, parallelism: 1 });
  const failed = podOf(owner, 'a', ended(1, start));
  assert.equal(plan(owner, [failed], start).again, 10_000);
  assert.equal(made(plan(owner, [failed], start + 10_000)).length, 1);
  const thrice = { failuresSinceSuccess: 2, lastFailure: start - 5_000 };
  assert.equal(plan(owner, [failed], start, thrice).again, 40_000);
  const success = podOf(owner, 'b', ended(0, start + 1_000));
  assert.equal(made(plan(owner, [failed, success], start + 1_000, thrice)).length, 1, 'a success makes it forgotten');
});

test('pods that were told to end are replaced at once, or when they have', () => {
  const owner = job();
  const leaving = podOf(owner, 'a', running);
  leaving.metadata.deletionTimestamp = rfc3339(start);
  assert.equal(made(plan(owner, [leaving], start + 60_000)).length, 1);
  assert.equal(made(plan(job({ podReplacementPolicy: 'Failed' }), [leaving], start + 60_000)).length, 0);
});

test('why a job fails', () => {
  const reason = (of: Job, pods: readonly Pod[] = [], now = start): string | undefined => plan(of, pods, now).ending?.reason;
  const failed = (name: string, index?: number): Pod => podOf(job(), name, ended(3, start), index);
  assert.equal(reason(job({ backoffLimit: 1 }, { failed: 1 })), undefined);
  assert.equal(reason(job({ backoffLimit: 1 }, { failed: 1 }), [failed('a')]), 'BackoffLimitExceeded');
  const deadline = job({ activeDeadlineSeconds: 10 }, { startTime: rfc3339(start) });
  assert.equal(plan(deadline).again, 10_000);
  assert.equal(reason(deadline, [], start + 10_000), 'DeadlineExceeded');
  assert.equal(reason({ ...deadline, spec: { ...deadline.spec, suspend: true } }, [], start + 10_000), undefined);
  const restarting = job({ backoffLimit: 2 });
  restarting.spec.template = { spec: { restartPolicy: 'OnFailure', containers: [] } };
  const status = { name: 'main', ready: true, restartCount: 2, image: '', imageID: '' };
  assert.equal(reason(restarting, [podOf(restarting, 'a', { ...running, containerStatuses: [status] })]), 'BackoffLimitExceeded');
  const limited = indexed({ completions: 3, parallelism: 3, backoffLimitPerIndex: 0, backoffLimit: 2 ** 31 - 1 });
  assert.equal(reason(limited, [failed('a', 0)]), undefined);
  assert.equal(reason({ ...limited, status: { completedIndexes: '1,2' } }, [failed('a', 0)]), 'FailedIndexes');
  assert.equal(reason(indexed({ ...limited.spec, maxFailedIndexes: 0 }), [failed('a', 0)]), 'MaxFailedIndexesExceeded');
});

test('a failure policy decides what a failed pod means', () => {
  const rule = (action: string, more: object = { onExitCodes: { operator: 'In', values: [3] } }): Partial<JobSpec> => ({
    podFailurePolicy: { rules: [{ action, ...more }] },
    backoffLimit: 0,
  });
  const pod = podOf(job(), 'a', ended(3, start));
  const ending = (spec: Partial<JobSpec>, one = pod) => plan(job(spec), [one]).ending;
  assert.equal(
    ending(rule('FailJob'))?.message,
    'Container main for pod default/a failed with exit code 3 matching FailJob rule at index 0',
  );
  assert.equal(ending(rule('Ignore')), undefined);
  assert.equal(ending(rule('Count'))?.reason, 'BackoffLimitExceeded');
  assert.equal(ending(rule('Ignore', { onExitCodes: { operator: 'NotIn', values: [3] } }))?.reason, 'BackoffLimitExceeded');
  const disrupted = podOf(job(), 'a', { ...ended(3, start), conditions: [{ type: 'DisruptionTarget', status: 'True' }] });
  const onPodConditions = [{ type: 'DisruptionTarget', status: 'True' }];
  assert.equal(ending(rule('Ignore', { onPodConditions }), disrupted), undefined);
  assert.equal(
    ending(rule('FailJob', { onPodConditions }), disrupted)?.message,
    'Pod default/a has condition DisruptionTarget matching FailJob rule at index 0',
  );
});

test('a success policy ends a job before all indexes have succeeded', () => {
  const ending = (rule: object, completedIndexes: string): string | undefined => {
    const owner = indexed({ completions: 5, successPolicy: { rules: [{ succeededCount: 9 }, rule] } });
    return plan({ ...owner, status: { completedIndexes } }).ending?.message;
  };
  assert.equal(ending({ succeededIndexes: '0,2' }, '0-1'), undefined);
  assert.equal(ending({ succeededIndexes: '0,2' }, '0-2'), 'Matched rules at index 1');
  assert.equal(ending({ succeededIndexes: '0,2-4', succeededCount: 2 }, '2,4'), 'Matched rules at index 1');
  assert.equal(ending({ succeededCount: 1 }, '3'), 'Matched rules at index 1');
});

test('each index has failures and a back-off of its own', () => {
  const owner = indexed({ completions: 2, parallelism: 2, backoffLimitPerIndex: 3, backoffLimit: 2 ** 31 - 1 });
  const failed = podOf(owner, 'a', ended(1, start), 0);
  failed.metadata.annotations = { ...failed.metadata.annotations, 'batch.kubernetes.io/job-index-failure-count': '1' };
  const soon = plan(owner, [failed], start);
  assert.deepEqual([indexesIn(soon), soon.again], [['1'], 20_000]);
  assert.equal(made(soon)[0]?.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'], '0');
  const [again] = made(plan(owner, [failed], start + 20_000));
  assert.equal(again?.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'], '2');
});
