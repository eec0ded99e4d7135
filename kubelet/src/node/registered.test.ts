import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import { SimulatedClock } from '@keelson/testing';
import type { Node } from '@keelson/types';
import { modelMachine } from './facts.ts';
import { type NodeIdentity, nodeObject, nodeStatus } from './object.ts';
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

test('what device plugins have stands beside what an administrator gave the node', () => {
  const devices = new Map([
    ['vendor.com/card', { capacity: 3, allocatable: 2 }],
    ['vendor.com/gone', { capacity: 0, allocatable: 0 }],
  ]);
  const present = { capacity: { 'a.com/own': '5', 'vendor.com/card': '9' } } as Node['status'];
  const { capacity = {}, allocatable = {} } = nodeStatus({ identity, machine, health, images: [], devices }, present, 'now');
  const extended = (amounts: object) => Object.fromEntries(Object.entries(amounts).filter(([name]) => name.includes('.com/')));
  assert.deepEqual(extended(capacity), { 'vendor.com/card': '3', 'vendor.com/gone': '0' });
  assert.deepEqual(extended(allocatable), { 'a.com/own': '5', 'vendor.com/card': '2', 'vendor.com/gone': '0' });
});

test('a machine that remembers no devices says that it has none of those its Node tells of, when it begins', async () => {
  const clock = new SimulatedClock();
  const statuses: Node['status'][] = [];
  const present = { metadata: { name: 'n1' }, status: { capacity: { cpu: '4', 'vendor.com/card': '9' } } } as unknown as Node;
  const patch = async (_: unknown, __: unknown, ___: unknown, { status }: Partial<Node>): Promise<Node> => {
    if (status) statuses.push(status);
    return present;
  };
  const conflict = async () => Promise.reject(new ApiError({ kind: 'Status', status: 'Failure' } as never, 409));
  const api = { get: async () => present, create: conflict, patch } as unknown as Api;
  for (const isNew of [true, false]) {
    const view = { identity, machine, health, images: [], isNew };
    const registration = new Registration(api, clock, silentLogger, async () => view);
    await registration.register(new AbortController().signal);
    await registration.update();
  }
  const [first, , anew] = statuses.map((status) => [status?.capacity?.['vendor.com/card'], status?.allocatable?.['vendor.com/card']]);
  assert.deepEqual(
    [first, anew],
    [
      ['0', '0'],
      [undefined, '9'],
    ],
  );
});
