import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@keelson/base';
import type { Api } from '@keelson/client';
import { SimulatedClock } from '@keelson/testing';
import type { Node } from '@keelson/types';
import { modelMachine } from './facts.ts';
import { type NodeIdentity, nodeObject } from './object.ts';
import { Registration } from './registration.ts';
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

test('a running kubelet puts right what somebody said of its machine', async () => {
  const clock = new SimulatedClock();
  const view = { identity, machine, health, images: [] };
  const own = nodeObject(view, 'now');
  const labels: Record<string, string> = { ...own.metadata?.labels, zone: 'b', 'kubernetes.io/os': 'dummy', 'kubernetes.io/arch': 'dummy' };
  const patches: unknown[] = [];
  const patch = async (
    _: unknown,
    __: unknown,
    ___: unknown,
    body: { readonly metadata?: { readonly labels?: object } },
  ): Promise<Node> => {
    if (body.metadata) patches.push(body);
    Object.assign(labels, body.metadata?.labels);
    return { ...own, metadata: { ...own.metadata, labels } };
  };
  const api = { get: async () => ({ ...own, metadata: { ...own.metadata, labels } }), patch } as unknown as Api;
  const registration = new Registration(api, clock, silentLogger, async () => view);
  await registration.update();
  await registration.update();
  assert.deepEqual(patches, [{ metadata: { labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': machine.architecture } } }]);
  assert.equal(labels.zone, 'b');
});
