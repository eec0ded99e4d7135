import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { pod } from '@keelson/testing';
import type { Pod, ResourceClaim, ResourceClaimTemplate } from '@keelson/types';
import { claimFrom, claimNameOf, isMadeFor, isPodDone, planClaim, reservedFor } from './plan.ts';

const template = {
  metadata: { name: 't', namespace: 'ns' },
  spec: { metadata: { labels: { a: 'b' } }, spec: { devices: {} } },
} as ResourceClaimTemplate;
const entry = { name: 'gpu', resourceClaimTemplateName: 't' };
const user = pod({ name: 'web', namespace: 'ns', metadata: { uid: 'u1' }, node: 'n1' });
const reference = { resource: 'pods', name: 'web', uid: 'u1' };
const allocation = { devices: { results: [] } };
const held = ['resource.kubernetes.io/delete-protection'];

function claim(status: ResourceClaim['status'], metadata: object = {}): ResourceClaim {
  return { metadata: { name: 'c', namespace: 'ns', ...metadata }, spec: {}, ...(status ? { status } : {}) };
}

test('a claim is made from the template, for the entry of the pod', () => {
  const made = claimFrom(template, user, entry);
  const { generateName, labels, annotations } = made.metadata;
  assert.deepEqual([generateName, labels, annotations], ['web-gpu-', { a: 'b' }, { 'resource.kubernetes.io/pod-claim-name': 'gpu' }]);
  assert.ok(isMadeFor(made, user, entry));
  assert.ok(!isMadeFor(made, user, { name: 'other' }));
  assert.ok(!isMadeFor(made, pod({ name: 'web', namespace: 'ns', metadata: { uid: 'u2' } }), entry));
});

test('names of claims have room for what is added to them, and keep something of both', () => {
  const random = seededRandom(7);
  for (let i = 0; i < 500; i++) {
    const [length, entryLength] = [1 + Math.floor(random.next() * 253), 1 + Math.floor(random.next() * 63)];
    const named = pod({ name: 'p'.repeat(length), namespace: 'ns' });
    const { generateName = '' } = claimFrom(template, named, { name: 'e'.repeat(entryLength) }).metadata;
    assert.ok(generateName.length <= 58 && /^p+-e*-$/.test(generateName), `seed 7, case ${i}: ${generateName}`);
  }
});

test('which claim an entry stands for', () => {
  assert.equal(claimNameOf(user, { name: 'gpu', resourceClaimName: 'mine' }), 'mine');
  assert.equal(claimNameOf(user, entry), undefined);
  const told = { ...user, status: { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'web-gpu-x' }] } } as Pod;
  assert.equal(claimNameOf(told, entry), 'web-gpu-x');
});

test('a pod that was placed by others is added to the users of what is allocated', () => {
  assert.deepEqual(reservedFor(claim({ allocation }), user)?.status?.reservedFor, [reference]);
  assert.equal(reservedFor(claim({}), user), undefined);
  assert.equal(reservedFor(claim({ allocation, reservedFor: [reference] }), user), undefined);
  assert.equal(reservedFor(claim({ allocation }), pod({ name: 'web', namespace: 'ns', metadata: { uid: 'u1' } })), undefined);
});

test('the last user leaves, and what was allocated is free again', () => {
  const used = claim(
    { allocation, reservedFor: [reference, { resource: 'pods', name: 'b', uid: 'u2' }] },
    { finalizers: [...held, 'mine'] },
  );
  assert.deepEqual(planClaim(used, [reference], undefined), { status: { allocation, reservedFor: [reference] }, remove: false });
  assert.deepEqual(planClaim(used, [], undefined), { status: {}, finalizers: ['mine'], remove: false });
  assert.deepEqual(planClaim(claim({ allocation }), [], undefined), { remove: false }, 'allocated by others for later');
  const leaving = claim({ allocation }, { finalizers: held, deletionTimestamp: 'now' });
  assert.deepEqual(planClaim(leaving, [], undefined), { status: {}, finalizers: [], remove: false });
});

test('a claim that was made for a pod goes when the pod is done, or another has its name', () => {
  const mine = claim({}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'u1', controller: true }] });
  const done = pod({ name: 'web', namespace: 'ns', metadata: { uid: 'u1' }, status: { phase: 'Succeeded' } });
  assert.equal(planClaim(mine, [], done).remove, true);
  assert.equal(planClaim(mine, [], user).remove, false);
  assert.equal(planClaim(mine, [], pod({ name: 'web', namespace: 'ns', metadata: { uid: 'u2' } })).remove, true);
  assert.equal(planClaim(mine, [], undefined).remove, false, 'the garbage collector does that');
  assert.ok(isPodDone(pod({ name: 'a', metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })));
});

test('what others allocated, who left no finalizer, they take back', () => {
  const used = claim({ allocation, reservedFor: [reference] });
  assert.deepEqual(planClaim(used, [], undefined), { status: { allocation }, remove: false });
});
