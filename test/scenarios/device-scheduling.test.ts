import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceClass, Node, Pod, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';
import { createPod, eventsAbout } from '../src/workloads.ts';

/** Pods that ask for devices: the scheduler chooses these along with the node. */

type Stop = { after(fn: () => Promise<void>): void };
const driver = 'gpu.example.com';
const namespace = 'default';

/** Two nodes, of which the second has devices by these names. */
async function clusterWith(t: Stop, devices: readonly string[]): Promise<Cluster> {
  const cluster = await createCluster({ nodes: [{}, {}] });
  t.after(() => cluster.stop());
  const { api } = cluster;
  const selectors = [{ cel: { expression: `device.driver == "${driver}"` } }];
  await api.create(DeviceClass, { metadata: { name: 'gpu' }, spec: { selectors } });
  const request = { name: 'r', exactly: { deviceClassName: 'gpu' } };
  await api.create(ResourceClaimTemplate, { metadata: { name: 't', namespace }, spec: { spec: { devices: { requests: [request] } } } });
  await api.create(ResourceSlice, sliceOf(devices));
  return cluster;
}

function sliceOf(names: readonly string[]): ResourceSlice {
  const pool = { name: 'node-2', generation: 1, resourceSliceCount: 1 };
  return { metadata: { name: 's' }, spec: { driver, nodeName: 'node-2', pool, devices: names.map((name) => ({ name })) } };
}

const using = (entry: object) => ({ resourceClaims: [{ name: 'gpu', ...entry }] });
const fromTemplate = using({ resourceClaimTemplateName: 't' });

const seen = (cluster: Cluster, name: string): Pod | undefined => cluster.history.get(Pod, name);
const refusals = (cluster: Cluster, name: string): string[] =>
  eventsAbout(cluster, name).filter((event) => event.startsWith('FailedScheduling'));

async function running(cluster: Cluster, name: string): Promise<Pod> {
  return cluster.until(`${name} runs`, () => {
    const pod = seen(cluster, name);
    return pod?.status?.phase === 'Running' && pod;
  });
}

async function claimOf(cluster: Cluster, pod: Pod): Promise<ResourceClaim> {
  return cluster.api.get(ResourceClaim, { name: pod.status?.resourceClaimStatuses?.[0]?.resourceClaimName ?? '', namespace });
}

test('a pod goes where its device is, and the next waits until that is free', async (t) => {
  const cluster = await clusterWith(t, ['d1']);
  await createPod(cluster, 'first', fromTemplate);
  const first = await running(cluster, 'first');
  assert.equal(first.spec?.nodeName, 'node-2');
  const claim = await claimOf(cluster, first);
  assert.deepEqual(claim.status?.reservedFor, [{ resource: 'pods', name: 'first', uid: first.metadata.uid }]);
  assert.deepEqual(claim.metadata.finalizers, ['resource.kubernetes.io/delete-protection']);
  const { allocationTimestamp, ...allocation } = claim.status?.allocation ?? {};
  assert.ok(allocationTimestamp);
  assert.deepEqual(allocation, {
    devices: { results: [{ request: 'r', driver, pool: 'node-2', device: 'd1' }] },
    nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-2'] }] }] },
  });
  await createPod(cluster, 'second', fromTemplate);
  const [why] = await cluster.until('it is told why', () => refusals(cluster, 'second').length > 0 && refusals(cluster, 'second'));
  const preemption = 'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.';
  assert.equal(why, `FailedScheduling: 0/2 nodes are available: 2 cannot allocate all claims. still not schedulable, ${preemption}`);
  await cluster.api.delete(Pod, { name: 'first', namespace });
  assert.equal((await running(cluster, 'second')).spec?.nodeName, 'node-2');
});

test('two pods share a claim, on the node where its device is', async (t) => {
  const cluster = await clusterWith(t, ['d1']);
  const spec = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } };
  await cluster.api.create(ResourceClaim, { metadata: { name: 'shared', namespace }, spec });
  for (const name of ['a', 'b']) await createPod(cluster, name, using({ resourceClaimName: 'shared' }));
  for (const name of ['a', 'b']) assert.equal((await running(cluster, name)).spec?.nodeName, 'node-2');
  const { status } = await cluster.api.get(ResourceClaim, { name: 'shared', namespace });
  assert.deepEqual(status?.reservedFor?.map(({ name }) => name).sort(), ['a', 'b']);
});

test('a pod waits in silence for its claim, and aloud for a class, a device and a node', async (t) => {
  const cluster = await clusterWith(t, []);
  await createPod(cluster, 'early', using({ resourceClaimName: 'late' }));
  await cluster.advance(5000);
  assert.deepEqual(refusals(cluster, 'early'), []);
  const spec = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'other' } }] } };
  await cluster.api.create(ResourceClaim, { metadata: { name: 'late', namespace }, spec });
  await cluster.until('it is told which class is missing', () =>
    refusals(cluster, 'early').some((event) =>
      event.includes('0/2 nodes are available: request r: device class other does not exist. no new claims to deallocate, '),
    ),
  );
  await cluster.api.create(DeviceClass, { metadata: { name: 'other' }, spec: {} });
  await cluster.until('it is told that there is no device', () =>
    refusals(cluster, 'early').some((event) => event.includes('2 cannot allocate all claims')),
  );
  const { metadata } = await cluster.api.get(ResourceSlice, { name: 's' });
  await cluster.api.update(ResourceSlice, { ...sliceOf(['d1']), metadata });
  assert.equal((await running(cluster, 'early')).spec?.nodeName, 'node-2');
});

test('a claim whose device is where its pod cannot go is freed for another', async (t) => {
  const cluster = await clusterWith(t, ['d1']);
  const spec = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } };
  await cluster.api.create(ResourceClaim, { metadata: { name: 'mine', namespace }, spec });
  await createPod(cluster, 'a', using({ resourceClaimName: 'mine' }));
  const pod = await running(cluster, 'a');
  assert.equal(pod.spec?.nodeName, 'node-2');
  await cluster.api.patch(Node, { name: 'node-2' }, 'application/merge-patch+json', { spec: { unschedulable: true } });
  const pool = { name: 'node-1', generation: 1, resourceSliceCount: 1 };
  await cluster.api.create(ResourceSlice, {
    metadata: { name: 's1' },
    spec: { driver, nodeName: 'node-1', pool, devices: [{ name: 'd2' }] },
  });
  await cluster.api.delete(Pod, { name: 'a', namespace });
  await cluster.until(
    'the claim is free',
    async () => (await cluster.api.get(ResourceClaim, { name: 'mine', namespace })).status?.reservedFor === undefined,
  );
  await createPod(cluster, 'b', using({ resourceClaimName: 'mine' }));
  assert.equal((await running(cluster, 'b')).spec?.nodeName, 'node-1');
});

test('a pod without claims that fits nowhere says that there is nothing to free', async (t) => {
  const cluster = await clusterWith(t, []);
  await createPod(cluster, 'large', { containers: [{ name: 'c', image: 'app:1', resources: { requests: { cpu: '999' } } }] });
  const [why] = await cluster.until('it is told why', () => refusals(cluster, 'large').length > 0 && refusals(cluster, 'large'));
  const preemption = 'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.';
  assert.equal(why, `FailedScheduling: 0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, ${preemption}`);
});

test('pods that come at once get a device each, and the last none', async (t) => {
  const cluster = await clusterWith(t, ['d1', 'd2']);
  const names = ['a', 'b', 'c'];
  await Promise.all(names.map((name) => createPod(cluster, name, fromTemplate)));
  await cluster.until('two run and one is refused', () => {
    const bound = names.filter((name) => seen(cluster, name)?.status?.phase === 'Running');
    return (
      bound.length === 2 && names.some((name) => refusals(cluster, name).some((event) => event.includes('2 cannot allocate all claims')))
    );
  });
  const claims = (await cluster.api.list(ResourceClaim, { namespace })).items;
  const devices = claims.flatMap(({ status }) => status?.allocation?.devices?.results?.map(({ device }) => device) ?? []);
  assert.deepEqual(devices.sort(), ['d1', 'd2']);
});

test('a pod is bound when its device is ready, and gets another when it never will be', async (t) => {
  const cluster = await clusterWith(t, []);
  const { metadata } = await cluster.api.get(ResourceSlice, { name: 's' });
  const slow = { bindingConditions: ['example.com/ready'], bindingFailureConditions: ['example.com/broken'], bindsToNode: true };
  const slice = sliceOf(['d1', 'd2']);
  const devices = slice.spec.devices?.map((device) => ({ ...device, ...slow }));
  await cluster.api.update(ResourceSlice, { ...slice, metadata, spec: { ...slice.spec, devices } });
  await createPod(cluster, 'a', fromTemplate);
  await cluster.until('it waits for its device', () =>
    eventsAbout(cluster, 'a').includes('BindingConditionsPending: waiting for binding conditions for device on node node-2'),
  );
  assert.equal(seen(cluster, 'a')?.status?.nominatedNodeName, 'node-2', 'it says where it is to go');
  assert.equal(seen(cluster, 'a')?.spec?.nodeName, undefined);
  const report = async (type: string): Promise<void> => {
    const pod = seen(cluster, 'a');
    assert.ok(pod);
    const claim = await claimOf(cluster, pod);
    const [given] = claim.status?.allocation?.devices?.results ?? [];
    assert.ok(given);
    const condition = { type, status: 'True', reason: 'Said', message: 'so', lastTransitionTime: '2026-01-01T00:00:00Z' };
    const status = { ...claim.status, devices: [{ driver, pool: given.pool, device: given.device, conditions: [condition] }] };
    await cluster.api.update(ResourceClaim, { ...claim, status }, { subresource: 'status' });
  };
  await report('example.com/broken');
  await cluster.until(
    'it is told what went wrong',
    () => refusals(cluster, 'a').some((event) => /binding failed: reason=Said, message="so"$/.test(event)),
    30_000,
  );
  await cluster.until('it has a device again', async () => {
    const pod = seen(cluster, 'a');
    const claim = pod && (await claimOf(cluster, pod));
    return claim?.status?.allocation !== undefined && claim.status.devices === undefined;
  });
  await report('example.com/ready');
  await cluster.until('it runs', () => seen(cluster, 'a')?.status?.phase === 'Running', 30_000);
});
