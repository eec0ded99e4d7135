import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, pod } from '@keelson/testing';
import type { DeviceToleration, ResourceClaim, ResourceSlice } from '@keelson/types';
import { devicesIn, devicesOf, judgeDevices } from './plan.ts';

const now = Date.parse(created) + 10_000;
const user = pod({ name: 'web', namespace: 'ns', metadata: { uid: 'u1' }, node: 'n1' });

function slice(generation: number, effect?: string): ResourceSlice {
  const taints = effect ? [{ key: 'broken', effect, timeAdded: created }] : [];
  const pool = { name: 'n1', generation, resourceSliceCount: 1 };
  return { metadata: { name: `s${generation}` }, spec: { driver: 'd', pool, nodeName: 'n1', devices: [{ name: 'gpu0', taints }] } };
}

function claim(tolerations?: DeviceToleration[], uid = 'u1'): ResourceClaim {
  const result = { request: 'r', driver: 'd', pool: 'n1', device: 'gpu0', ...(tolerations ? { tolerations } : {}) };
  const status = { allocation: { devices: { results: [result] } }, reservedFor: [{ resource: 'pods', name: 'web', uid }] };
  return { metadata: { name: 'c', namespace: 'ns' }, spec: {}, status };
}

test('a device whose NoExecute taint the claim does not tolerate ends its user', () => {
  const judged = (one: ResourceClaim, ...slices: ResourceSlice[]): unknown => judgeDevices(user, [one], () => slices, now);
  assert.deepEqual(devicesOf(claim()), devicesIn(slice(1)));
  assert.deepEqual(judged(claim(), slice(1)), { type: 'stay' });
  assert.deepEqual(judged(claim(), slice(1, 'NoSchedule')), { type: 'stay' });
  assert.deepEqual(judged(claim(), slice(1, 'NoExecute')), { type: 'evict', at: now });
  assert.deepEqual(judged(claim([{ key: 'broken', operator: 'Exists' }]), slice(1, 'NoExecute')), { type: 'stay' });
  const patient = [{ key: 'broken', operator: 'Exists', tolerationSeconds: 60 }];
  assert.deepEqual(judged(claim(patient), slice(1, 'NoExecute')), { type: 'evict', at: Date.parse(created) + 60_000 });
  assert.deepEqual(judged(claim(), slice(1, 'NoExecute'), slice(2)), { type: 'stay' }, 'the newest generation counts');
  assert.deepEqual(judged(claim(undefined, 'u2'), slice(1, 'NoExecute')), { type: 'stay' }, 'somebody else uses it');
});
