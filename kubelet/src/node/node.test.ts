import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Image } from '../cri/types.ts';
import { type NodeHealth, nodeConditions } from './conditions.ts';
import { modelMachine } from './facts.ts';
import { nodeObject, nodeStatus, parseTaint } from './object.ts';

const runtime = { name: 'containerd', version: '1.6.20', ready: true, networkReady: true, message: '' };
const health: NodeHealth = { runtime, networkProblem: undefined, memoryPressure: false, diskPressure: false, pidPressure: false };
const identity = {
  name: 'n1',
  hostname: 'n1',
  ips: ['192.168.0.1'],
  labels: { zone: 'a' },
  taints: ['k=v:NoSchedule'],
  podCIDR: '10.0.0.0/24',
  maxPods: 110,
  port: 10250,
  version: 'v1.36.0',
};

describe('conditions', () => {
  const lines = (change: Partial<NodeHealth>): string[] =>
    nodeConditions({ ...health, ...change }, [], 'now').map(
      ({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`,
    );

  test('of a healthy node', () => {
    assert.deepEqual(lines({}), [
      'MemoryPressure=False KubeletHasSufficientMemory: kubelet has sufficient memory available',
      'DiskPressure=False KubeletHasNoDiskPressure: kubelet has no disk pressure',
      'PIDPressure=False KubeletHasSufficientPID: kubelet has sufficient PID available',
      'Ready=True KubeletReady: kubelet is posting ready status',
    ]);
  });

  test('of one that is not', () => {
    assert.equal(lines({ runtime: undefined }).at(-1), 'Ready=False KubeletNotReady: container runtime is down');
    assert.equal(
      lines({ networkProblem: 'x' }).at(-1),
      'Ready=False KubeletNotReady: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:x',
    );
    assert.equal(lines({ diskPressure: true })[1], 'DiskPressure=True KubeletHasDiskPressure: kubelet has disk pressure');
  });

  test('keep the time of their last transition', () => {
    const first = nodeConditions(health, [], 't1');
    const second = nodeConditions({ ...health, memoryPressure: true }, first, 't2');
    assert.deepEqual(
      second.map(({ lastTransitionTime, lastHeartbeatTime }) => [lastTransitionTime, lastHeartbeatTime]),
      [
        ['t2', 't2'],
        ['t1', 't2'],
        ['t1', 't2'],
        ['t1', 't2'],
      ],
    );
  });
});

test('the Node is registered whole', () => {
  const images = Array.from(
    { length: 60 },
    (_, i) => ({ id: `${i}`, tags: [`t${i}`], digests: [], sizeBytes: i, uid: undefined, username: '', pinned: false }) as Image,
  );
  const node = nodeObject({ identity, machine: modelMachine('m'), health, images }, 'now');
  assert.equal(node.metadata?.labels?.['kubernetes.io/hostname'], 'n1');
  assert.equal(node.metadata?.labels?.zone, 'a');
  assert.deepEqual(node.spec, {
    podCIDR: '10.0.0.0/24',
    podCIDRs: ['10.0.0.0/24'],
    taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }],
  });
  assert.deepEqual(node.status?.addresses, [
    { type: 'InternalIP', address: '192.168.0.1' },
    { type: 'Hostname', address: 'n1' },
  ]);
  assert.equal(node.status?.capacity?.memory, '33554432Ki');
  assert.equal(node.status?.allocatable?.memory, '33452032Ki');
  assert.equal(node.status?.nodeInfo?.containerRuntimeVersion, 'containerd://1.6.20');
  assert.equal(node.status?.images?.length, 50);
  assert.deepEqual(node.status?.images?.[0]?.names, ['t59']);
});

test('taints', () => {
  assert.deepEqual(parseTaint('a:NoExecute'), { key: 'a', effect: 'NoExecute' });
  assert.throws(() => parseTaint('a=b'), /invalid taint "a=b"/);
});

test('what an administrator says the node has besides, pods may have', () => {
  const view = { identity, machine: modelMachine('m'), health, images: [] };
  const capacity = { 'example.com/dongle': '5', cpu: '99', 'scheduling.kubernetes.io/x': '1' };
  const { allocatable } = nodeStatus(view, { capacity }, 'now');
  assert.equal(allocatable?.['example.com/dongle'], '5');
  assert.notEqual(allocatable?.cpu, '99');
  assert.equal(allocatable?.['scheduling.kubernetes.io/x'], undefined);
});

test('the volumes in use are told, and taken away when there are none', () => {
  const view = { identity, machine: modelMachine('m'), health, images: [] };
  assert.equal('volumesInUse' in nodeStatus(view, undefined, 'now'), false);
  assert.deepEqual(nodeStatus({ ...view, volumesInUse: ['a'] }, undefined, 'now').volumesInUse, ['a']);
  assert.equal(nodeStatus(view, { volumesInUse: ['a'] }, 'now').volumesInUse, null);
});
