import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodStatus } from '@keelson/types';
import { statusPatch } from './patch.ts';

const patch = (before: object | undefined, after: object): unknown => {
  const result = statusPatch('u1', before as PodStatus | undefined, after as PodStatus) as { status: unknown } | undefined;
  return result?.status;
};

test('nothing changed: no patch, whatever the order of members', () => {
  assert.equal(
    patch(
      { phase: 'Running', containerStatuses: [{ name: 'a', ready: true }] },
      { containerStatuses: [{ ready: true, name: 'a' }], phase: 'Running' },
    ),
    undefined,
  );
});

test('only what changed, with the uid as precondition', () => {
  assert.deepEqual(statusPatch('u1', { phase: 'Pending', hostIP: '1' } as PodStatus, { phase: 'Running', hostIP: '1' } as PodStatus), {
    metadata: { uid: 'u1' },
    status: { phase: 'Running' },
  });
});

test('what went is null', () => {
  assert.deepEqual(patch({ reason: 'Evicted', podIP: '1' }, {}), { reason: null, podIP: null });
});

test('addresses merge by ip, so those that went are deleted by name', () => {
  assert.deepEqual(patch({ podIPs: [{ ip: 'a' }] }, { podIPs: [{ ip: 'b' }] }), { podIPs: [{ ip: 'b' }, { $patch: 'delete', ip: 'a' }] });
});

test('conditions one by one, without the words of before', () => {
  const before = [
    { type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'm' },
    { type: 'Initialized', status: 'True' },
    { type: 'Mine', status: 'True' },
  ];
  const after = [
    { type: 'Ready', status: 'True' },
    { type: 'Initialized', status: 'True' },
  ];
  assert.deepEqual(patch({ conditions: before }, { conditions: after }), {
    conditions: [{ type: 'Ready', status: 'True', reason: null, message: null }],
  });
});

test('conditions that are only there while they are true are taken away', () => {
  const ready = { type: 'Ready', status: 'True' };
  const pending = { type: 'PodResizePending', status: 'True', reason: 'Deferred' };
  const foreign = { type: 'example.com/gate', status: 'True' };
  assert.deepEqual(statusPatch('u', { conditions: [ready, pending, foreign] }, { conditions: [ready] }), {
    metadata: { uid: 'u' },
    status: { conditions: [{ $patch: 'delete', type: 'PodResizePending' }] },
  });
});
