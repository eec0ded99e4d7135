import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { eventually } from '@keelson/testing';
import type { Container, Pod } from '@keelson/types';
import { CriClient } from '../cri/grpc/client.ts';
import { PodResourcesListerDefinition } from '../cri/grpc/codec/podresources.ts';
import { podSpec } from '../pod/containers.ts';
import { testPod } from '../pod/testpod.ts';
import { type DeviceBench, deviceBench } from './testbench.ts';
import { TestPlugin, type TestPluginOptions } from './testplugin.ts';

const resource = 'vendor.com/card';

async function setUp(t: TestContext, given: Partial<TestPluginOptions> = {}) {
  const bench = await deviceBench(t);
  const plugin = new TestPlugin({ resource, root: bench.root, ...given });
  t.after(() => plugin.stop());
  await eventually(() => existsSync(join(bench.root, 'device-plugins/kubelet.sock')));
  return { bench, plugin };
}

/** Waits until the node has so many, of which so many may be had. */
async function has({ devices }: DeviceBench, capacity: number, allocatable: number): Promise<void> {
  await eventually(() => {
    const amount = devices.amounts().get(resource);
    return amount?.capacity === capacity && amount.allocatable === allocatable;
  });
}

function asking(amount: number, name = 'app'): object {
  const amounts = { [resource]: String(amount) };
  return { name, image: 'i', resources: { limits: amounts, requests: amounts } };
}

function add({ pods }: DeviceBench, uid: string, spec: object): Pod {
  const pod = testPod(spec, { uid, name: uid });
  pods.push(pod);
  return pod;
}

function container(pod: Pod, name = 'app'): Container {
  const { initContainers = [], containers = [] } = podSpec(pod);
  const found = [...initContainers, ...containers].find((one) => one.name === name);
  assert.ok(found);
  return found;
}

test('a plugin registers, tells of its devices as they change, and pods get them until there are no more', async (t) => {
  const { bench, plugin } = await setUp(t);
  await plugin.start({ a: true, b: true });
  await has(bench, 2, 2);
  plugin.tell({ a: true, b: false, c: true });
  await has(bench, 3, 2);
  const [first, second] = [add(bench, 'u1', { containers: [asking(2)] }), add(bench, 'u2', { containers: [asking(1)] })];
  assert.equal(await bench.devices.admit(first), undefined);
  assert.deepEqual((await bench.devices.options(first, container(first))).env, new Map([['VENDOR_COM_CARD', 'a,c']]));
  const why = `requested number of devices unavailable for ${resource}. Requested: 1, Available: 0`;
  assert.equal(await bench.devices.admit(second), `Allocate failed due to ${why}, which is unexpected`);
  // What a pod had that has ended is another's.
  bench.pods.shift();
  assert.equal(await bench.devices.admit(second), undefined);
  assert.deepEqual(plugin.calls, ['allocate a c', 'allocate a']);
});

test('pods that come together never get the same device', async (t) => {
  const { bench, plugin } = await setUp(t, { options: { getPreferredAllocationAvailable: true }, preferred: ['b'] });
  await plugin.start({ a: true, b: true, c: true, d: true });
  await has(bench, 4, 4);
  const pods = ['u1', 'u2', 'u3', 'u4'].map((uid) => add(bench, uid, { containers: [asking(1)] }));
  const answers = await Promise.all(pods.map((pod) => bench.devices.admit(pod)));
  assert.deepEqual(answers, [undefined, undefined, undefined, undefined]);
  const got = await Promise.all(pods.map(async (pod) => (await bench.devices.options(pod, container(pod))).env.get('VENDOR_COM_CARD')));
  assert.deepEqual(got.toSorted(), ['a', 'b', 'c', 'd']);
  assert.equal(plugin.calls[0], 'prefer a b c d');
});

test('what a plugin gives with its devices, asked before each start if it wants to be', async (t) => {
  const extra = {
    mounts: [{ containerPath: '/lib/x', hostPath: '/x', readOnly: true }],
    devices: [{ containerPath: '/dev/x', hostPath: '/dev/null', permissions: 'rw' }],
    annotations: { k: 'v' },
    cdiDevices: [{ name: 'vendor.com/card=a' }],
  };
  const { bench, plugin } = await setUp(t, { options: { preStartRequired: true }, extra });
  await plugin.start({ a: true });
  await has(bench, 1, 1);
  const pod = add(bench, 'u1', { containers: [asking(1)] });
  assert.equal(await bench.devices.admit(pod), undefined);
  const options = await bench.devices.options(pod, container(pod));
  assert.deepEqual(
    [options.mounts, options.devices, options.annotations, options.cdiDevices],
    [
      [{ containerPath: '/lib/x', hostPath: '/x', readonly: true, propagation: 'private' }],
      extra.devices,
      { k: 'v' },
      ['vendor.com/card=a'],
    ],
  );
  assert.deepEqual(plugin.calls, ['allocate a', 'start a']);
});

test('init containers leave their devices to those after them', async (t) => {
  const { bench, plugin } = await setUp(t);
  await plugin.start({ a: true, b: true });
  await has(bench, 2, 2);
  const side = { ...asking(1, 'side'), restartPolicy: 'Always' };
  const pod = add(bench, 'u1', { initContainers: [asking(2, 'one'), side], containers: [asking(1)] });
  assert.equal(await bench.devices.admit(pod), undefined);
  assert.deepEqual(plugin.calls, ['allocate a b', 'allocate a', 'allocate b']);
});

test('what a plugin cannot give, and what it may not register, is told in its words and Kubernetes’', async (t) => {
  const { bench, plugin } = await setUp(t);
  await assert.rejects(
    plugin.start({}, 'v1alpha'),
    /requested API version "v1alpha" is not supported by kubelet. Supported version is \["v1beta1"\]/,
  );
  const native = new TestPlugin({ resource: 'x.kubernetes.io/card', root: bench.root });
  await assert.rejects(native.start({}), /the ResourceName "x.kubernetes.io\/card" is invalid/);
  native.stop();
  await plugin.start({ a: true });
  await has(bench, 1, 1);
  plugin.failure = 'it is on fire';
  const pod = add(bench, 'u1', { containers: [asking(1)] });
  const why = 'rpc error: code = Unknown desc = it is on fire';
  assert.equal(await bench.devices.admit(pod), `Allocate failed due to ${why}, which is unexpected`);
  plugin.failure = undefined;
  assert.equal(await bench.devices.admit(pod), undefined);
});

test('how devices are stands in the status of who has them; a plugin that is gone leaves nothing to get, then nothing at all', async (t) => {
  const { bench, plugin } = await setUp(t);
  await plugin.start({ a: true, b: true });
  await has(bench, 2, 2);
  const pod = add(bench, 'u1', { containers: [asking(1)] });
  await bench.devices.admit(pod);
  const status = (health: string) => new Map([['app', [{ name: resource, resources: [{ resourceID: 'a', health }] }]]]);
  assert.deepEqual(bench.devices.health(pod), status('Healthy'));
  plugin.tell({ a: false, b: true });
  await eventually(() => bench.changed.includes('u1'));
  assert.deepEqual(bench.devices.health(pod), status('Unhealthy'));
  plugin.stop();
  await has(bench, 2, 0);
  bench.pass(299_000);
  assert.deepEqual(bench.devices.amounts().get(resource), { capacity: 2, allocatable: 0 });
  bench.pass(1_001);
  assert.deepEqual(bench.devices.amounts().get(resource), { capacity: 0, allocatable: 0 });
  await plugin.start({ a: true });
  await has(bench, 1, 1);
});

test('a kubelet that starts anew knows who has what, and has plugins register anew', async (t) => {
  const { bench, plugin } = await setUp(t);
  await plugin.start({ a: true, b: true });
  await has(bench, 2, 2);
  const pod = add(bench, 'u1', { containers: [asking(1)] });
  await bench.devices.admit(pod);
  bench.known = false;
  await bench.restart();
  const socket = join(bench.root, 'device-plugins/vendor.com-card.sock');
  assert.equal(existsSync(socket), false);
  assert.deepEqual(bench.devices.amounts().get(resource), { capacity: 0, allocatable: 0 });
  assert.deepEqual(bench.devices.inUse(), new Map([[resource, 1]]));
  assert.equal((await bench.devices.options(pod, container(pod))).env.get('VENDOR_COM_CARD'), 'a');
  const fresh = add(bench, 'u2', { containers: [asking(1)] });
  const none = `no healthy devices present; cannot allocate unhealthy devices ${resource}`;
  assert.equal(await bench.devices.admit(fresh), `Allocate failed due to ${none}, which is unexpected`);
  plugin.stop();
  await eventually(() => existsSync(join(bench.root, 'device-plugins/kubelet.sock')));
  await plugin.start({ a: true, b: true });
  await has(bench, 2, 2);
  assert.equal(await bench.devices.admit(fresh), undefined);
  assert.equal(plugin.calls.at(-1), 'allocate b');
  const { Data } = JSON.parse(readFileSync(join(bench.root, 'device-plugins/kubelet_internal_checkpoint'), 'utf8'));
  assert.deepEqual(
    Data.PodDeviceEntries.map(({ PodUID, DeviceIDs }: { PodUID: string; DeviceIDs: object }) => [PodUID, DeviceIDs]),
    [
      ['u1', { '-1': ['a'] }],
      ['u2', { '-1': ['b'] }],
    ],
  );
});

test('a device plugin may register as other plugins do', async (t) => {
  const { bench, plugin } = await setUp(t);
  await plugin.announce({ a: true });
  bench.pass(1_000);
  await has(bench, 1, 1);
  plugin.stop();
  await has(bench, 1, 0);
});

test('who asks is told which pod has which devices, and which there are', async (t) => {
  const { bench, plugin } = await setUp(t);
  await plugin.start({ a: true, numa1: true, ill: false });
  await has(bench, 3, 2);
  const pod = add(bench, 'u1', { initContainers: [{ name: 'init' }], containers: [asking(2)] });
  await bench.devices.admit(pod);
  const client = new CriClient(join(bench.root, 'pod-resources/kubelet.sock'), systemClock);
  t.after(() => client.close());
  const { list, get, getAllocatableResources } = PodResourcesListerDefinition.methods;
  const name = 'v1.PodResourcesLister';
  const [a, numa1] = [
    { resourceName: resource, deviceIds: ['a'], topology: undefined },
    { resourceName: resource, deviceIds: ['numa1'], topology: { nodes: [{ ID: 1n }] } },
  ];
  const shown = { name: 'u1', namespace: 'default', containers: [{ name: 'app', devices: [a, numa1], dynamicResources: [] }] };
  assert.deepEqual(await client.call(name, list, {}, 5_000), { podResources: [shown] });
  assert.deepEqual(await client.call(name, get, { podName: 'u1', podNamespace: 'default' }, 5_000), { podResources: shown });
  assert.deepEqual(await client.call(name, getAllocatableResources, {}, 5_000), { devices: [a, numa1] });
  await assert.rejects(client.call(name, get, { podName: 'u2', podNamespace: 'default' }, 5_000), /pod u2 in namespace default not found/);
});
