import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Api, ApiError } from '@keelson/client';
import { eventually } from '@keelson/testing';
import {
  Event,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ServiceAccount,
  StorageClass,
  VolumeAttributesClass,
} from '@keelson/types';
import { type ControllerCluster, startControllers } from './controllers-cluster.ts';

/** What may not go while it is used, and what is only said: claims, classes of volume attributes, volumes that should grow. */

const namespace = 'default';
let cluster: ControllerCluster;
let api: Api;
before(async () => {
  cluster = await startControllers();
  api = cluster.api;
  await eventually(() => api.get(ServiceAccount, { name: 'default', namespace }));
});
after(() => cluster.stop());

function notFound(error: unknown): undefined {
  if (!(error instanceof ApiError && error.code === 404)) throw error;
}

async function boundClaim(name: string): Promise<void> {
  const size = { storage: '1Gi' };
  const accessModes = ['ReadWriteOnce'];
  const volume = { accessModes, capacity: size, storageClassName: 'slow', hostPath: { path: '/tmp/x' } };
  await api.create(PersistentVolume, { metadata: { name }, spec: volume });
  const spec = { accessModes, storageClassName: 'slow', resources: { requests: size } };
  await api.create(PersistentVolumeClaim, { metadata: { name, namespace }, spec });
  await eventually(async () => (await api.get(PersistentVolumeClaim, { name, namespace })).status?.phase === 'Bound');
}

test('whoever asks for more is told whom they wait for', async () => {
  await api.create(StorageClass, { metadata: { name: 'slow' }, provisioner: 'none', allowVolumeExpansion: true });
  await boundClaim('data');
  const change = { spec: { resources: { requests: { storage: '2Gi' } } } };
  await api.patch(PersistentVolumeClaim, { name: 'data', namespace }, 'application/merge-patch+json', change);
  const events = async () => (await api.list(Event, { namespace })).items.filter(({ reason }) => reason === 'ExternalExpanding');
  const [event] = await eventually(async () => (await events()).length > 0 && (await events()));
  assert.deepEqual([event?.type, event?.message], ['Normal', 'waiting for an external controller to expand this PVC']);
});

test('a claim stays while a pod that names it is there, even one that has ended', async () => {
  await boundClaim('used');
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'used' } }];
  await api.create(Pod, { metadata: { name: 'user', namespace }, spec: { containers: [{ name: 'c', image: 'i' }], volumes } });
  await eventually(async () => (await api.get(Pod, { name: 'user', namespace })).status?.phase === 'Running');
  const ended = { status: { phase: 'Succeeded' } };
  await api.patch(Pod, { name: 'user', namespace }, 'application/merge-patch+json', ended, { subresource: 'status' });
  await api.delete(PersistentVolumeClaim, { name: 'used', namespace });
  // Something that the controllers do only after they have looked at the claim.
  await boundClaim('later');
  assert.ok((await api.get(PersistentVolumeClaim, { name: 'used', namespace })).metadata.deletionTimestamp);
  await api.delete(Pod, { name: 'user', namespace }, { gracePeriodSeconds: 0 });
  await eventually(async () => (await api.get(PersistentVolumeClaim, { name: 'used', namespace }).catch(notFound)) === undefined);
});

test('a class of volume attributes stays while a claim names it', async () => {
  await api.create(VolumeAttributesClass, { metadata: { name: 'fast' }, driverName: 'd', parameters: { iops: '1' } });
  await eventually(async () => (await api.get(VolumeAttributesClass, { name: 'fast' })).metadata.finalizers?.length === 1);
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeAttributesClassName: 'fast' };
  await api.create(PersistentVolumeClaim, { metadata: { name: 'quick', namespace }, spec });
  await api.delete(VolumeAttributesClass, { name: 'fast' });
  assert.ok((await api.get(VolumeAttributesClass, { name: 'fast' })).metadata.deletionTimestamp);
  await api.delete(PersistentVolumeClaim, { name: 'quick', namespace });
  await eventually(async () => (await api.get(VolumeAttributesClass, { name: 'fast' }).catch(notFound)) === undefined);
});

test('nodes are told how long they may believe what they have read', async () => {
  const annotation = async () => (await api.get(Node, { name: 'n1' })).metadata.annotations?.['node.alpha.kubernetes.io/ttl'];
  await eventually(async () => (await annotation()) === '0');
});

test('a server without some kinds keeps none of the others waiting', async () => {
  const part = await startControllers({
    aggregated: ({ path }) =>
      path === '/apis' ? { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', items: [] } : undefined,
  });
  try {
    await eventually(() => part.api.get(ServiceAccount, { name: 'default', namespace }));
    await eventually(() =>
      part.api.get(Node, { name: 'n1' }).then(({ metadata }) => metadata.annotations?.['node.alpha.kubernetes.io/ttl']),
    );
  } finally {
    await part.stop();
  }
});
