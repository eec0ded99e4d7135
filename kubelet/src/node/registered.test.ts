import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelMachine } from './facts.ts';
import { type NodeIdentity, nodeObject } from './object.ts';
import { reservedOf } from './reserved.ts';

const health = { runtime: undefined, networkProblem: undefined, memoryPressure: false, diskPressure: false, pidPressure: false };
const identity: NodeIdentity = {
  ...{ name: 'n1', hostname: 'n1', ips: ['192.168.0.1'], labels: {}, taints: [], podCIDR: '', maxPods: 110, port: 10250, version: 'v1' },
};
const machine = { ...modelMachine('n1'), cpus: 4, memoryBytes: 8 * 2 ** 30, diskBytes: 100 * 10 ** 9 };
const registered = (more: Partial<NodeIdentity>) => nodeObject({ identity: { ...identity, ...more }, machine, health, images: [] }, 'now');

test('a node that takes no pods yet is tainted from its first moment', () => {
  const { spec } = registered({ schedulable: false });
  assert.deepEqual(spec, { taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }], unschedulable: true });
});

test('a node of a cloud waits for its controller', () => {
  const { spec } = registered({ externalCloud: true, providerID: 'kind://docker/kind/kind-worker' });
  const taint = { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' };
  assert.deepEqual(spec, { providerID: 'kind://docker/kind/kind-worker', taints: [taint] });
  assert.deepEqual(registered({ providerID: '' }).spec, {});
});

test('what is reserved is not for pods', () => {
  const kube = reservedOf('kube-reserved', ['cpu=200m', 'memory=1Gi', 'ephemeral-storage=1G', 'pid=1000']);
  const { status } = registered({ reserved: reservedOf('system-reserved', ['cpu=1', 'memory=100Mi'], kube) });
  assert.equal(status?.capacity?.cpu, '4');
  assert.equal(status?.allocatable?.cpu, '2800m');
  assert.equal(status?.allocatable?.memory, `${(8 * 1024 - 1024 - 200) * 1024}Ki`);
  assert.equal(status?.allocatable?.['ephemeral-storage'], String(99 * 10 ** 9 - Math.floor(100 * 10 ** 9 * Math.fround(0.1))));
  assert.throws(() => reservedOf('kube-reserved', ['gpu=1']), { message: '--kube-reserved: cannot reserve "gpu" resource' });
});
