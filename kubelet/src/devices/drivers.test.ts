import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { eventually } from '@keelson/testing';
import type { Container, Pod, ResourceClaim } from '@keelson/types';
import { CriClient } from '../cri/grpc/client.ts';
import { HealthStatus } from '../cri/grpc/codec/drahealth.ts';
import { PodResourcesListerDefinition } from '../cri/grpc/codec/podresources.ts';
import { testPod } from '../pod/testpod.ts';
import { type DeviceBench, deviceBench } from './testbench.ts';
import { TestClaimDriver, type TestClaimDriverOptions } from './testdriver.ts';

const name = 'gpu.test';
const device = (deviceName: string, requestNames: string[]) => ({
  poolName: 'p',
  deviceName,
  requestNames,
  cdiDeviceIds: [`test/gpu=${deviceName}`],
  shareId: undefined,
});
const fine = { devices: [device('one', ['r']), device('two', ['s'])], error: '' };

async function setUp(t: TestContext, given: Partial<TestClaimDriverOptions> = {}) {
  const bench = await deviceBench(t);
  const driver = new TestClaimDriver({ name, root: bench.root, prepared: { c1: fine }, ...given });
  t.after(() => driver.stop());
  return { bench, driver };
}

async function start(bench: DeviceBench, driver: TestClaimDriver): Promise<void> {
  await driver.start();
  bench.pass(1_000);
  await eventually(() => driver.registered.length > 0);
}

/** A claim that is allocated, and reserved for these pods. */
function claim({ claims }: DeviceBench, uids: readonly string[], change: object = {}): void {
  const status = {
    reservedFor: uids.map((uid) => ({ resource: 'pods', name: uid, uid })),
    allocation: { devices: { results: [{ driver: name }] } },
  };
  const one = { metadata: { name: 'c', namespace: 'default', uid: 'c1' }, spec: {}, status: { ...status, ...change } };
  claims.set('c', one as unknown as ResourceClaim);
}

function add({ pods }: DeviceBench, uid: string, request?: string): Pod {
  const containers = [{ name: 'app', image: 'i', resources: { claims: [{ name: 'gpu', request }] } }];
  const pod = testPod({ resourceClaims: [{ name: 'gpu', resourceClaimName: 'c' }], containers }, { uid, name: uid });
  pods.push(pod);
  return pod;
}

function container(pod: Pod): Container {
  const [found] = pod.spec?.containers ?? [];
  assert.ok(found);
  return found;
}

for (const version of ['v1', 'v1beta1'] as const) {
  test(`a claim’s devices are made ready once for all its pods, and given back after the last (${version})`, async (t) => {
    const { bench, driver } = await setUp(t, { version });
    await start(bench, driver);
    assert.deepEqual(driver.registered, [{ pluginRegistered: true, error: '' }]);
    claim(bench, ['u1', 'u2']);
    const [first, second] = [add(bench, 'u1', 's'), add(bench, 'u2')];
    await bench.devices.prepare(first);
    await bench.devices.prepare(second);
    assert.deepEqual((await bench.devices.options(first, container(first))).cdiDevices, ['test/gpu=two']);
    assert.deepEqual((await bench.devices.options(second, container(second))).cdiDevices, ['test/gpu=one', 'test/gpu=two']);
    await bench.devices.unprepare(first);
    assert.deepEqual(driver.calls, ['prepare c']);
    await bench.devices.unprepare(second);
    await bench.devices.unprepare(second);
    assert.deepEqual(driver.calls, ['prepare c', 'unprepare c']);
  });
}

test('a pod that comes while a claim is given back for the one before has it made ready anew', async (t) => {
  const { bench, driver } = await setUp(t);
  await start(bench, driver);
  claim(bench, ['u1', 'u2']);
  const [first, second] = [add(bench, 'u1'), add(bench, 'u2')];
  await bench.devices.prepare(first);
  const busy = Promise.withResolvers<void>();
  driver.busy = busy.promise;
  const leaving = bench.devices.unprepare(first);
  await eventually(() => driver.calls.includes('unprepare c'));
  const coming = bench.devices.prepare(second);
  busy.resolve();
  await Promise.all([leaving, coming]);
  assert.deepEqual(driver.calls, ['prepare c', 'unprepare c', 'prepare c']);
  assert.deepEqual((await bench.devices.options(second, container(second))).cdiDevices, ['test/gpu=one', 'test/gpu=two']);
});

test('why claimed devices are not ready, in the words of Kubernetes; what never began leaves nothing to give back', async (t) => {
  const { bench, driver } = await setUp(t, { prepared: { c1: { devices: [], error: 'no power' } } });
  const pod = add(bench, 'u1');
  const refused = (why: string) => assert.rejects(bench.devices.prepare(pod), { message: `prepare dynamic resources: ${why}` });
  await refused('fetch ResourceClaim c: resourceclaims.resource.k8s.io "c" not found');
  claim(bench, []);
  await refused('pod u1 (u1) is not allowed to use ResourceClaim c (c1)');
  claim(bench, ['u1'], { allocation: undefined });
  await refused('ResourceClaim c: not allocated');
  claim(bench, ['u1']);
  await refused(`DRA driver ${name} is not registered`);
  await bench.devices.unprepare(pod);
  await start(bench, driver);
  await refused('NodePrepareResources failed for ResourceClaim c: no power');
  driver.unprepared.c1 = { error: 'still in use' };
  await assert.rejects(bench.devices.unprepare(pod), {
    message: 'unprepare dynamic resources: NodeUnprepareResources failed for ResourceClaim c: still in use',
  });
  assert.deepEqual(driver.calls, ['prepare c', 'unprepare c']);
});

test('a claim that a driver says nothing of is not ready', async (t) => {
  const { bench, driver } = await setUp(t, { prepared: {} });
  await start(bench, driver);
  claim(bench, ['u1']);
  await assert.rejects(bench.devices.prepare(add(bench, 'u1')), /NodePrepareResources skipped 1 ResourceClaims/);
});

test('a driver of another interface is told that it is of no use', async (t) => {
  const { bench, driver } = await setUp(t, { version: 'v1alpha4' as never });
  await start(bench, driver);
  const [{ pluginRegistered, error } = { pluginRegistered: true, error: '' }] = driver.registered;
  assert.equal(pluginRegistered, false);
  assert.match(
    error,
    /^RegisterPlugin error -- plugin validation failed with err: invalid supported gRPC versions of DRA driver plugin gpu.test at endpoint .*: none of services supported by the plugin \(\["v1alpha4.DRAPlugin"\]\) are supported by the kubelet \(\["v1.DRAPlugin" "v1beta1.DRAPlugin"\]\)$/,
  );
});

test('a kubelet that starts anew knows which claims are in use, and gives back those of pods that are gone', async (t) => {
  const { bench, driver } = await setUp(t);
  await start(bench, driver);
  claim(bench, ['u1']);
  const pod = add(bench, 'u1');
  await bench.devices.prepare(pod);
  bench.known = false;
  bench.pods.length = 0;
  await bench.restart();
  await eventually(() => driver.registered.length > 1);
  assert.deepEqual((await bench.devices.options(pod, container(pod))).cdiDevices, ['test/gpu=one', 'test/gpu=two']);
  const entries = () => JSON.parse(JSON.parse(readFileSync(join(bench.root, 'dra_manager_state'), 'utf8')).Data).Entries;
  bench.pass(60_000);
  assert.deepEqual([driver.calls, entries().length], [['prepare c'], 1]);
  bench.known = true;
  await eventually(() => {
    bench.pass(60_000);
    return entries() === null;
  });
  assert.deepEqual(driver.calls, ['prepare c', 'unprepare c']);
});

test('the node offers nothing of drivers that are not there: at its start, and of one that is away for long', async (t) => {
  const { bench, driver } = await setUp(t);
  await eventually(() => bench.withdrawn.includes('spec.nodeName=n1'));
  await start(bench, driver);
  bench.pass(60_000);
  driver.crash();
  await eventually(() => {
    bench.pass(29_000);
    return bench.withdrawn.length > 1;
  });
  assert.deepEqual(bench.withdrawn, ['spec.nodeName=n1', `spec.nodeName=n1,spec.driver=${name}`]);
  driver.stop();
  bench.pass(1_000);
  await eventually(() => {
    bench.pass(30_000);
    return bench.withdrawn.length > 2;
  });
});

test('how claimed devices are stands in the status of who has them', async (t) => {
  const { bench, driver } = await setUp(t);
  await start(bench, driver);
  claim(bench, ['u1']);
  const pod = add(bench, 'u1', 'r');
  await bench.devices.prepare(pod);
  const status = (health: string, message: object = {}) =>
    new Map([['app', [{ name: 'claim:gpu/r', resources: [{ resourceID: 'test/gpu=one', health, ...message }] }]]]);
  assert.deepEqual(bench.devices.health(pod), status('Unknown'));
  const about = { device: { poolName: 'p', deviceName: 'one' } };
  await eventually(() => driver.tell([{ ...about, health: HealthStatus.HEALTHY }]));
  await eventually(() => bench.changed.includes('u1'));
  assert.deepEqual(bench.devices.health(pod), status('Healthy'));
  bench.changed.length = 0;
  driver.tell([{ ...about, health: HealthStatus.UNHEALTHY, message: 'too hot' }]);
  await eventually(() => bench.changed.includes('u1'));
  assert.deepEqual(bench.devices.health(pod), status('Unhealthy', { message: 'too hot' }));
});

test('who asks is told which claimed devices a pod has', async (t) => {
  const { bench, driver } = await setUp(t, { prepared: { c1: { devices: [{ ...device('one', []), shareId: 's1' }], error: '' } } });
  await start(bench, driver);
  claim(bench, ['u1']);
  await bench.devices.prepare(add(bench, 'u1'));
  const client = new CriClient(join(bench.root, 'pod-resources/kubelet.sock'), systemClock);
  t.after(() => client.close());
  const { podResources } = await client.call('v1.PodResourcesLister', PodResourcesListerDefinition.methods.list, {}, 5_000);
  const claimResources = [{ cdiDevices: [{ name: 'test/gpu=one' }], driverName: name, poolName: 'p', deviceName: 'one', shareId: 's1' }];
  assert.deepEqual(podResources[0]?.containers[0]?.dynamicResources, [{ claimName: 'c', claimNamespace: 'default', claimResources }]);
});
