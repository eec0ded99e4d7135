import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VolumeAttributesClass } from '@keelson/types';
import { classesOfClaim, planProtection } from './plan.ts';

const held = 'kubernetes.io/vac-protection';
const one = (metadata: object = {}) => ({ metadata: { name: 'fast', ...metadata }, driverName: 'd' }) as VolumeAttributesClass;

test('a class is held while it is wanted or used', () => {
  assert.deepEqual(planProtection(one({ finalizers: ['mine'] }), false)?.metadata.finalizers, ['mine', held]);
  assert.equal(planProtection(one({ finalizers: [held] }), false), undefined);
  const leaving = one({ finalizers: [held], deletionTimestamp: 'now' });
  assert.equal(planProtection(leaving, true), undefined);
  assert.ok(planProtection(leaving, false)?.metadata.finalizers === undefined);
  assert.equal(planProtection(one({ deletionTimestamp: 'now' }), false), undefined, 'it is not put on again');
});

test('a claim names the class it has, the one it wants and the one it is getting', () => {
  const status = { currentVolumeAttributesClassName: 'a', modifyVolumeStatus: { status: 'Pending', targetVolumeAttributesClassName: 'b' } };
  assert.deepEqual(classesOfClaim({ metadata: {}, spec: { volumeAttributesClassName: 'b' }, status }), ['b', 'a']);
  assert.deepEqual(classesOfClaim({ metadata: {}, spec: {} }), []);
});
