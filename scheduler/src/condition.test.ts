import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Pod } from '@keelson/types';
import { unscheduledPatch } from './condition.ts';
import { pod } from './testdata.ts';

const then = '2026-01-01T00:00:00Z';
const now = '2026-01-01T00:01:00Z';
const condition = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'Unschedulable',
  message: 'why',
  lastProbeTime: null,
  lastTransitionTime: then,
};
const refused = { ...pod('x'), status: { conditions: [condition] } } as unknown as Pod;

it('says why once', () => {
  assert.deepEqual(unscheduledPatch(pod('x'), 'Unschedulable', 'why', then), { status: { conditions: [condition] } });
  assert.equal(unscheduledPatch(refused, 'Unschedulable', 'why', now), undefined);
});

it('says where room is made, and that it is not any longer', () => {
  const nominated = { ...refused, status: { ...refused.status, nominatedNodeName: 'a' } } as unknown as Pod;
  assert.deepEqual(unscheduledPatch(refused, 'Unschedulable', 'why', now, 'a'), {
    status: { conditions: [condition], nominatedNodeName: 'a' },
  });
  assert.equal(unscheduledPatch(nominated, 'Unschedulable', 'why', now, 'a'), undefined);
  assert.equal(unscheduledPatch(nominated, 'Unschedulable', 'why', now), undefined);
  assert.deepEqual(unscheduledPatch(nominated, 'Unschedulable', 'why', now, ''), {
    status: { conditions: [condition], nominatedNodeName: null },
  });
  assert.equal(unscheduledPatch(refused, 'Unschedulable', 'why', now, ''), undefined);
});

it('keeps the time when only the words change', () => {
  assert.deepEqual(unscheduledPatch(refused, 'Unschedulable', 'other', now), {
    status: { conditions: [{ ...condition, message: 'other' }] },
  });
});
