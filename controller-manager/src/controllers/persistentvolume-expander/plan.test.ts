import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersistentVolume, PersistentVolumeClaim } from '@keelson/types';
import { planExpansion } from './plan.ts';

const metadata = { name: 'c', namespace: 'ns', uid: 'u1' };
const claim = (wants: string, has: string, phase = 'Bound'): PersistentVolumeClaim => ({
  metadata,
  spec: { resources: { requests: { storage: wants } } },
  status: { phase, capacity: { storage: has } },
});
const volume = (uid = 'u1') => ({ metadata: { name: 'v' }, spec: { claimRef: { ...metadata, uid } } }) as PersistentVolume;

test('only a bound claim that wants more waits, and for its own volume', () => {
  assert.equal(planExpansion(claim('2Gi', '1Gi'), volume()).type, 'external');
  assert.equal(planExpansion(claim('1Gi', '1024Mi'), volume()).type, 'none');
  assert.equal(planExpansion(claim('2Gi', '1Gi', 'Pending'), volume()).type, 'none');
  assert.equal(planExpansion(claim('2Gi', '1Gi'), volume('u2')).type, 'unbound');
  assert.equal(planExpansion(claim('2Gi', '1Gi'), undefined).type, 'unbound');
});
