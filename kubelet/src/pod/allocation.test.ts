import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod, ResourceRequirements } from '@keelson/types';
import { allocationOf, asksForMore, changedResources, decideResize, isAllocated, largerRequests, withAllocation } from './allocation.ts';
import { testPod } from './testpod.ts';

const asking = (requests: Record<string, string>, generation = 1): Pod =>
  testPod({ containers: [{ name: 'app', image: 'i', resources: { requests } }] }, { generation });
const room = { milliCpu: 4000, memoryBytes: 4 * 2 ** 30 };

test('a pod runs with what is set aside for it, whatever it asks for', () => {
  const [before, after] = [asking({ cpu: '100m', memory: '1Gi' }), asking({ cpu: '200m', memory: '1Gi' }, 2)];
  const allocation = allocationOf(before);
  assert.equal(isAllocated(after, allocation), false);
  const given = withAllocation(after, allocation);
  assert.deepEqual(given.spec?.containers[0]?.resources, before.spec?.containers[0]?.resources);
  assert.equal(given.metadata?.generation, 2);
  assert.equal(withAllocation(before, allocation), before);
  assert.equal(asksForMore(after, allocation), true);
  assert.equal(asksForMore(before, allocationOf(after)), false);
});

test('amounts differ, not their notation; only cpu and memory count', () => {
  const of = (requests: Record<string, string>, limits?: Record<string, string>): ResourceRequirements =>
    limits ? { requests, limits } : { requests };
  assert.deepEqual(changedResources(of({ cpu: '1', memory: '1Gi' }), of({ cpu: '1000m', memory: '1073741824' })), []);
  assert.deepEqual(changedResources(of({ cpu: '1' }), of({ cpu: '1', memory: '1Gi' })), ['memory']);
  assert.deepEqual(changedResources(of({ cpu: '1' }), of({ cpu: '1' }, { cpu: '2', memory: '1Gi' })), ['cpu', 'memory']);
  assert.deepEqual(changedResources(of({ 'example.com/gpu': '1' }), {}), []);
  assert.deepEqual(changedResources(undefined, undefined), []);
});

test('what is being made smaller occupies what it still has', () => {
  assert.deepEqual(largerRequests({ requests: { cpu: '1', memory: '2Gi' } }, { requests: { cpu: '1500m', memory: '1Gi' } }), {
    requests: { cpu: '1500m', memory: '2Gi' },
  });
  assert.deepEqual(largerRequests({}, { requests: { cpu: '1' } }), { requests: { cpu: '1' } });
});

test('a resize that no empty node could hold is infeasible', () => {
  assert.deepEqual(decideResize(asking({ cpu: '5', memory: '1Gi' }, 7), [], room), {
    reason: 'Infeasible',
    message: "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000",
    generation: 7,
  });
  assert.equal(
    decideResize(asking({ cpu: '5', memory: '4500Mi' }), [], room)?.message,
    "Node didn't have enough capacity: memory, requested: 4718592000, capacity: 4294967296",
  );
});

test('a resize that others are in the way of is deferred', () => {
  const others = [asking({ cpu: '1' }), asking({ cpu: '1500m', memory: '3Gi' })];
  assert.deepEqual(decideResize(asking({ cpu: '2', memory: '2Gi' }, 3), others, room), {
    reason: 'Deferred',
    message: "Node didn't have enough resource: cpu, requested: 2000, used: 2500, capacity: 4000",
    generation: 3,
  });
  assert.match(decideResize(asking({ memory: '2Gi' }), others, room)?.message ?? '', /^Node didn't have enough resource: memory, /);
  assert.equal(decideResize(asking({ cpu: '1500m', memory: '1Gi' }), others, room), undefined);
});
