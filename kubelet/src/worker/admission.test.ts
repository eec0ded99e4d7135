import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import type { Pod } from '@keelson/types';
import { TestNode } from './testnode.ts';

const startNode = (): TestNode<SimulatedClock> => new TestNode(new SimulatedClock());
const listening = { containers: [{ name: 'app', image: 'nginx:1', ports: [{ containerPort: 80, hostPort: 8080 }] }] };
const why = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";

async function add(node: TestNode<SimulatedClock>, uid: string, spec: object, metadata: object = {}): Promise<Pod> {
  const pod = node.pod({ nodeName: 'n1', ...spec }, { uid, name: uid, ...metadata });
  await node.clock.settle();
  return pod;
}

const status = (node: TestNode<SimulatedClock>, uid: string) => node.workers.get(uid)?.status;

test('a pod that is turned away has failed, tells why, and nothing of it is started', async () => {
  const node = startNode();
  await add(node, 'a', listening);
  await add(node, 'b', listening);
  assert.equal(status(node, 'a')?.phase, 'Running');
  const shown = status(node, 'b');
  assert.deepEqual(
    { ...shown, startTime: typeof shown?.startTime },
    {
      phase: 'Failed',
      reason: 'NodePorts',
      message: `Pod was rejected: ${why}`,
      observedGeneration: 1,
      qosClass: 'BestEffort',
      startTime: 'string',
    },
  );
  assert.equal(node.told.filter((line) => line === `NodePorts: ${why}`).length, 1);
  assert.deepEqual(
    (await node.runtime.sandboxes.list()).map(({ uid }) => uid),
    ['a'],
  );
  node.stop.abort();
});

test('it is never brought back, not even by another kubelet, and counts for nothing', async () => {
  const node = startNode();
  const first = await add(node, 'a', listening);
  const second = await add(node, 'b', listening);
  node.workers.remove(first);
  await node.clock.runUntil(() => node.workers.get('a') === undefined);
  node.workers.update({ ...second, status: status(node, 'b') } as Pod);
  await node.clock.settle();
  assert.equal(status(node, 'b')?.phase, 'Failed');
  await add(node, 'c', listening);
  assert.equal(status(node, 'c')?.phase, 'Running');
  const known = { ...second, status: status(node, 'b') } as Pod;
  await node.restart();
  node.workers.update(known);
  await node.clock.settle();
  assert.equal(status(node, 'b')?.reason, 'NodePorts');
  assert.equal(status(node, 'b')?.containerStatuses, undefined);
  node.stop.abort();
});

test('what runs goes on, whatever the node has become when its kubelet starts anew', async () => {
  const node = startNode();
  const spec = { nodeSelector: { disk: 'ssd' } };
  node.node = { ...node.node, metadata: { ...node.node.metadata, labels: { disk: 'ssd' } } };
  const pod = await add(node, 'a', spec);
  node.node = { ...node.node, metadata: { name: 'n1' } };
  const shown = { ...pod, status: status(node, 'a') } as Pod;
  await node.restart();
  node.workers.update(shown);
  await node.clock.settle();
  assert.equal(status(node, 'a')?.phase, 'Running');
  node.stop.abort();
});

test('a critical pod has another go', async () => {
  const node = startNode();
  const asking = (cpu: string, more: object = {}): object => ({
    containers: [{ name: 'app', image: 'nginx:1', resources: { requests: { cpu } } }],
    terminationGracePeriodSeconds: 1,
    ...more,
  });
  await add(node, 'a', asking('6'));
  await add(node, 'b', asking('6', { priority: 2_000_000_000 }));
  await node.clock.runUntil(() => status(node, 'a')?.phase === 'Failed');
  assert.equal(status(node, 'a')?.reason, 'Preempting');
  assert.equal(status(node, 'a')?.message, 'Preempted in order to admit critical pod');
  const disrupted = status(node, 'a')?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  assert.deepEqual([disrupted?.status, disrupted?.reason], ['True', 'TerminationByKubelet']);
  assert.equal(status(node, 'b')?.phase, 'Running');
  node.stop.abort();
});
