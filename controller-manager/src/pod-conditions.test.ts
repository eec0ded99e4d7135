import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339 } from '@keelson/base';
import { pod } from '@keelson/testing';
import { conditionPatch } from './pod-conditions.ts';

const now = Date.UTC(2026, 0, 1);
const target = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message: 'gone' } as const;

test('a condition tells of which generation of the pod it is', () => {
  const one = pod({ metadata: { generation: 3 } });
  assert.deepEqual(conditionPatch(one, target, now), { ...target, observedGeneration: 3, lastTransitionTime: rfc3339(now) });
});

test('its time is that of its last change', () => {
  const since = rfc3339(now - 60_000);
  const one = pod({ status: { conditions: [{ type: 'DisruptionTarget', status: 'True', lastTransitionTime: since }] } });
  const timeOf = (status: 'True' | 'False') =>
    (conditionPatch(one, { ...target, status }, now) as { lastTransitionTime: string }).lastTransitionTime;
  assert.deepEqual([timeOf('True'), timeOf('False')], [since, rfc3339(now)]);
});
