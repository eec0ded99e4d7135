import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersistentVolumeClaim, Pod, Volume } from '@keelson/types';
import { ephemeralVolumes, planVolume } from './plan.ts';

const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const volume = { name: 'scratch', ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec } } } as unknown as Volume;

function podOf(metadata: object = {}): Pod {
  const volumes = [volume, { name: 'other', emptyDir: {} }];
  return { metadata: { name: 'web', namespace: 'ns', uid: 'u1', ...metadata }, spec: { volumes } } as unknown as Pod;
}

const claimOf = (uid: string): PersistentVolumeClaim =>
  ({
    metadata: { name: 'web-scratch', namespace: 'ns', ownerReferences: [{ kind: 'Pod', name: 'web', uid, controller: true }] },
    spec,
  }) as unknown as PersistentVolumeClaim;

test('only ephemeral volumes of pods that stay', () => {
  assert.deepEqual(ephemeralVolumes(podOf()), [volume]);
  assert.deepEqual(ephemeralVolumes(podOf({ deletionTimestamp: 'now' })), []);
});

test('a claim is made from the template, owned by the pod', () => {
  const plan = planVolume(podOf(), volume, undefined);
  assert.ok(plan.type === 'create');
  const { metadata } = plan.claim;
  assert.deepEqual([metadata.name, metadata.namespace, metadata.labels, plan.claim.spec], ['web-scratch', 'ns', { a: 'b' }, spec]);
  assert.deepEqual(metadata.ownerReferences, [
    { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'u1', controller: true, blockOwnerDeletion: true },
  ]);
});

test('one that is there is kept, and never taken from somebody else', () => {
  assert.deepEqual(planVolume(podOf(), volume, claimOf('u1')), { type: 'none' });
  const message = 'PVC ns/web-scratch was not created for pod ns/web (pod is not owner)';
  assert.deepEqual(planVolume(podOf(), volume, claimOf('u2')), { type: 'conflict', message });
});
