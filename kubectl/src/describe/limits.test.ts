import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodDisruptionBudget, ResourceQuota } from '@keelson/types';
import { budgetLines, priorityClassLines, quotaLines } from './limits.ts';

test('a quota is told by resource, what is taken beside what there is', () => {
  const metadata = { name: 'q', namespace: 'n' };
  const quota = { metadata, spec: { hard: { pods: '3', cpu: '2' } }, status: { hard: { pods: '3', cpu: '2' }, used: { pods: '1' } } };
  assert.deepEqual(quotaLines(quota as unknown as ResourceQuota).slice(2), [
    'Resource\tUsed\tHard',
    '--------\t----\t----',
    'cpu\t0\t2',
    'pods\t1\t3',
  ]);
});

test('a budget says which of its two bounds it has', () => {
  const metadata = { name: 'b', namespace: 'n' };
  const budget = (spec: object): string[] => budgetLines({ metadata, spec } as unknown as PodDisruptionBudget, 'a=b');
  assert.ok(budget({ minAvailable: 1 }).includes('Min available:\t1'));
  assert.ok(budget({ maxUnavailable: '50%' }).includes('Max unavailable:\t50%'));
});

test('a priority class without annotations', () => {
  assert.equal(priorityClassLines({ metadata: { name: 'p' }, value: 5 } as never).at(-1), 'Annotations:\t<none>');
});
