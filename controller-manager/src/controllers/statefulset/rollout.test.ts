import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatefulSetSpec } from '@keelson/types';
import { planStatefulSet } from './plan.ts';
import { fresh, type Like, member, old, statefulSet, told, view } from './testdata.ts';

interface Rolling {
  readonly parallel?: boolean;
  readonly partition?: number;
  readonly maxUnavailable?: number | string;
}

/** What an update does next with pods given by ordinal; `*` are of the new revision. */
function next({ parallel, ...rollingUpdate }: Rolling, ...likes: (Like | `${Like}*`)[]): string[] {
  const spec: Partial<StatefulSetSpec> = {
    replicas: likes.length,
    podManagementPolicy: parallel ? 'Parallel' : 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate },
  };
  const set = statefulSet(spec);
  const pods = likes.map((like, ordinal) => member(set, ordinal, like.replace('*', '') as Like, like.endsWith('*') ? fresh : old));
  return told(planStatefulSet(view(set, pods)).steps).map((step) => step.replace('delete db-', ''));
}

test('one by one, from the last down to the partition, each when those after it are healthy', () => {
  assert.deepEqual(next({}, 'ready', 'ready', 'ready'), ['2']);
  assert.deepEqual(next({}, 'ready', 'ready', 'running*'), []);
  assert.deepEqual(next({}, 'ready', 'ready', 'ready*'), ['1']);
  assert.deepEqual(next({ partition: 2 }, 'ready', 'ready', 'ready*'), []);
  assert.deepEqual(next({ partition: 1 }, 'ready', 'ready', 'ready*'), ['1']);
  assert.deepEqual(next({}, 'ready', 'running', 'ready'), [], 'in order, an unhealthy pod stops all');
});

test('where pods need not come in order, an unhealthy old one stops nothing', () => {
  assert.deepEqual(next({ parallel: true }, 'ready', 'running', 'ready'), ['2']);
  assert.deepEqual(next({ parallel: true }, 'ready', 'running', 'ready*'), ['1']);
  assert.deepEqual(next({ parallel: true }, 'ready', 'running', 'running*'), []);
  assert.deepEqual(next({ parallel: true }, 'ready', 'ready', 'leaving'), []);
});

test('several at once, as many as may be missing', () => {
  assert.deepEqual(next({ maxUnavailable: 2 }, 'ready', 'ready', 'ready'), ['2', '1']);
  assert.deepEqual(next({ maxUnavailable: '70%' }, 'ready', 'ready', 'ready'), ['2', '1']);
  assert.deepEqual(next({ maxUnavailable: '10%' }, 'ready', 'ready', 'ready'), ['2']);
  assert.deepEqual(next({ maxUnavailable: 3, partition: 1 }, 'ready', 'ready', 'ready'), ['2', '1']);
  assert.deepEqual(next({ parallel: true, maxUnavailable: 2 }, 'ready', 'ready', 'running*'), ['1']);
  assert.deepEqual(next({ parallel: true, maxUnavailable: 2 }, 'running', 'ready', 'ready', 'ready'), ['0', '3']);
  assert.deepEqual(next({ parallel: true, maxUnavailable: 1 }, 'running', 'ready', 'ready'), ['0'], 'the broken ones cost nothing');
});

test('OnDelete leaves it to who deletes', () => {
  const set = statefulSet({ updateStrategy: { type: 'OnDelete' } });
  assert.deepEqual(
    planStatefulSet(
      view(
        set,
        [0, 1, 2].map((ordinal) => member(set, ordinal, 'ready', old)),
      ),
    ).steps,
    [],
  );
});
