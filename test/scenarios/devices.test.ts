import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Api, ApiError } from '@keelson/client';
import { eventually } from '@keelson/testing';
import { Event, Pod, ResourceClaim, ResourceClaimTemplate, ResourceSlice, ServiceAccount } from '@keelson/types';
import { type ControllerCluster, startControllers } from './controllers-cluster.ts';

/** Claims of devices: made for pods, used by them, freed and removed; pods whose device breaks. The scheduler's part is played here. */

const namespace = 'default';
const devices = { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 } }] };
let cluster: ControllerCluster;
let api: Api;
before(async () => {
  const controllers = ['resourceclaim-controller', 'device-taint-eviction-controller', 'garbage-collector-controller', 'ttl-controller'];
  cluster = await startControllers({ controllers: [...controllers, 'serviceaccount-controller'] });
  api = cluster.api;
  await eventually(() => api.get(ServiceAccount, { name: 'default', namespace }));
  await api.create(ResourceClaimTemplate, { metadata: { name: 't', namespace }, spec: { spec: { devices } } });
});
after(() => cluster.stop());

function notFound(error: unknown): undefined {
  if (!(error instanceof ApiError && error.code === 404)) throw error;
}

async function usingPod(name: string): Promise<{ pod: Pod; claim: ResourceClaim }> {
  const spec = {
    automountServiceAccountToken: false,
    containers: [{ name: 'c', image: 'i', resources: { claims: [{ name: 'gpu' }] } }],
    resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }],
    terminationGracePeriodSeconds: 0,
  };
  await api.create(Pod, { metadata: { name, namespace }, spec });
  const pod = await eventually(async () => {
    const found = await api.get(Pod, { name, namespace });
    return found.status?.resourceClaimStatuses?.[0]?.resourceClaimName !== undefined && found.status.phase === 'Running' && found;
  });
  const claimName = pod.status?.resourceClaimStatuses?.[0]?.resourceClaimName ?? '';
  return { pod, claim: await api.get(ResourceClaim, { name: claimName, namespace }) };
}

async function allocate(claim: ResourceClaim, device: string): Promise<void> {
  const { name = '' } = claim.metadata;
  const finalizers = ['resource.kubernetes.io/delete-protection'];
  await api.patch(ResourceClaim, { name, namespace }, 'application/merge-patch+json', { metadata: { finalizers } });
  const result = { request: 'r', driver: 'gpu.example.com', pool: 'n1', device };
  const status = { allocation: { devices: { results: [result] } } };
  await api.patch(ResourceClaim, { name, namespace }, 'application/merge-patch+json', { status }, { subresource: 'status' });
}

function reserved(name: string): Promise<ResourceClaim> {
  return eventually(async () => {
    const found = await api.get(ResourceClaim, { name, namespace });
    return (found.status?.reservedFor ?? []).length > 0 && found;
  });
}

test('a claim is made from the template, once, used by its pod and gone when the pod is done', async () => {
  const { pod, claim } = await usingPod('web');
  assert.match(claim.metadata.name ?? '', /^web-gpu-[a-z0-9]{5}$/);
  assert.equal(claim.metadata.ownerReferences?.[0]?.uid, pod.metadata.uid);
  await allocate(claim, 'gpu0');
  const used = await reserved(claim.metadata.name ?? '');
  assert.deepEqual(used.status?.reservedFor, [{ resource: 'pods', name: 'web', uid: pod.metadata.uid }]);
  assert.equal((await api.list(ResourceClaim, { namespace })).items.length, 1);
  await api.patch(
    Pod,
    { name: 'web', namespace },
    'application/merge-patch+json',
    { status: { phase: 'Succeeded' } },
    { subresource: 'status' },
  );
  await eventually(async () => (await api.list(ResourceClaim, { namespace })).items.length === 0);
  await api.delete(Pod, { name: 'web', namespace });
});

test('a pod whose template is missing is told, and served when it comes', async () => {
  const resourceClaims = [{ name: 'gpu', resourceClaimTemplateName: 'late' }];
  const spec = { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }], resourceClaims };
  await api.create(Pod, { metadata: { name: 'early', namespace }, spec });
  const event = await eventually(async () =>
    (await api.list(Event, { namespace })).items.find(({ reason }) => reason === 'FailedResourceClaimCreation'),
  );
  assert.match(event.message ?? '', /^PodResourceClaim gpu: resource claim template "late": .* not found$/);
  await api.create(ResourceClaimTemplate, { metadata: { name: 'late', namespace }, spec: { spec: { devices } } });
  await eventually(async () => (await api.get(Pod, { name: 'early', namespace })).status?.resourceClaimStatuses?.[0]?.resourceClaimName);
});

test('a pod whose device gets a NoExecute taint has to go, and its claim with it', async () => {
  const { claim } = await usingPod('victim');
  await allocate(claim, 'gpu1');
  await reserved(claim.metadata.name ?? '');
  const pool = { name: 'n1', generation: 1, resourceSliceCount: 1 };
  const taints = [{ key: 'broken', effect: 'NoExecute' }];
  const spec = { driver: 'gpu.example.com', nodeName: 'n1', pool, devices: [{ name: 'gpu1', taints }] };
  await api.create(ResourceSlice, { metadata: { name: 's' }, spec });
  await eventually(async () => (await api.get(Pod, { name: 'victim', namespace }).catch(notFound)) === undefined, { deadlineMs: 15_000 });
  const { name = '' } = claim.metadata;
  await eventually(async () => (await api.get(ResourceClaim, { name, namespace }).catch(notFound)) === undefined, { deadlineMs: 15_000 });
});
