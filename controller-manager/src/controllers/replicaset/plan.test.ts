import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, type PodParts, pod, replicaSet } from '@keelson/testing';
import { type Pod, ReplicaSet } from '@keelson/types';
import { podFrom } from '../../pod-template.ts';
import { planReplicas, statusChanged, statusOf, untilAvailable } from './plan.ts';
import { deletionOrder } from './ranking.ts';

const now = Date.parse(created) + 3_600_000;

function readyPod(parts: PodParts & { since?: number; restarts?: number } = {}): Pod {
  const lastTransitionTime = new Date(parts.since ?? Date.parse(created)).toISOString();
  const containerStatuses = [{ name: 'main', image: '', imageID: '', ready: true, restartCount: parts.restarts ?? 0 }];
  return pod({
    node: 'n1',
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }], containerStatuses },
    ...parts,
  });
}

test('missing pods are made; extra ones go, at most 500 at once', () => {
  const set = replicaSet({ replicas: 700 });
  assert.deepEqual(
    planReplicas(set, [], () => [], now),
    { type: 'create', count: 700 },
  );
  const many = Array.from({ length: 600 }, (_, index) => readyPod({ name: `p${index}` }));
  const less = planReplicas(replicaSet({ replicas: 50 }), many, () => many, now);
  assert.equal(less.type === 'delete' && less.pods.length, 500);
  assert.deepEqual(
    planReplicas(replicaSet({ replicas: 1 }), [readyPod()], () => [], now),
    { type: 'enough' },
  );
  const all = [readyPod({ name: 'a' }), readyPod({ name: 'b' })];
  assert.deepEqual(
    planReplicas(replicaSet({ replicas: 0 }), all, () => assert.fail(), now),
    { type: 'delete', pods: all },
  );
});

test('a pod is made of the template and controlled by its ReplicaSet', () => {
  const set = replicaSet({ name: 'web', namespace: 'a', selector: { app: 'web' } });
  const { metadata } = podFrom(set.spec.template, set.metadata, ReplicaSet);
  assert.equal(metadata.generateName, 'web-');
  assert.equal(metadata.namespace, 'a');
  assert.deepEqual(metadata.labels, { app: 'web' });
  assert.equal(metadata.ownerReferences?.[0]?.controller, true);
});

const cheap = { 'controller.kubernetes.io/pod-deletion-cost': '-5' };
const running = { phase: 'Running' };
const cases: readonly (readonly [string, Pod, Pod])[] = [
  ['unassigned before assigned', pod({ name: 'x' }), pod({ name: 'y', node: 'n1' })],
  ['pending before running', pod({ name: 'x', node: 'n1' }), pod({ name: 'y', node: 'n1', status: running })],
  ['not ready before ready', pod({ name: 'x', node: 'n1', status: running }), readyPod({ name: 'y' })],
  ['cheap before dear', readyPod({ name: 'x', annotations: cheap }), readyPod({ name: 'y' })],
  ['ready for less long', readyPod({ name: 'x', since: now - 1000 }), readyPod({ name: 'y', since: now - 900_000 })],
  ['restarted more often', readyPod({ name: 'x', restarts: 3 }), readyPod({ name: 'y' })],
  ['younger', readyPod({ name: 'x', metadata: { creationTimestamp: new Date(now - 1000).toISOString() } }), readyPod({ name: 'y' })],
];
for (const [name, first, second] of cases) {
  test(`deleted first: ${name}`, () => {
    for (const pods of [
      [first, second],
      [second, first],
    ]) {
      assert.deepEqual(
        deletionOrder(pods, [], now).map(({ metadata }) => metadata.name),
        ['x', 'y'],
      );
    }
  });
}

test('deleted first: on the node with more of its kind', () => {
  const pods = [readyPod({ name: 'a', node: 'n1' }), readyPod({ name: 'b', node: 'n2' }), readyPod({ name: 'c', node: 'n2' })];
  assert.equal(deletionOrder(pods, pods, now).at(-1)?.metadata.name, 'a');
});

test('status counts what is there, and tells what failed', () => {
  const set = replicaSet({ replicas: 3, metadata: { generation: 2 }, spec: { minReadySeconds: 10 } });
  const labels = { app: 'replicaset' };
  const active = [readyPod({ labels }), readyPod({ since: now - 4000 }), pod()];
  const failure = { reason: 'FailedCreate', message: 'no' } as const;
  const status = statusOf(set, { active, terminating: [pod()], failure, now });
  const { conditions, ...counts } = status;
  assert.deepEqual(counts, {
    replicas: 3,
    fullyLabeledReplicas: 1,
    readyReplicas: 2,
    availableReplicas: 1,
    terminatingReplicas: 1,
    observedGeneration: 2,
  });
  assert.deepEqual(
    conditions?.map(({ type, status: is, reason, message }) => [type, is, reason, message]),
    [['ReplicaFailure', 'True', 'FailedCreate', 'no']],
  );
  assert.equal(statusChanged({ ...set, status }, { ...set, status }), false);
  assert.equal(statusChanged(set, { ...set, status }), true);
  assert.equal(untilAvailable(set, active, now), 6000);
  assert.equal(statusOf({ ...set, status }, { active, terminating: [], failure: undefined, now }).conditions, undefined);
});
