import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '@keelson/client';
import { ConfigMap, PersistentVolumeClaim, Pod, ResourceClaim, ResourceQuota, Service } from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';

const namespace = 'default';
const container = { name: 'main', image: 'app:1' };

async function clusterWith(t: { after(fn: () => Promise<void>): void }, hard: Record<string, string>, spec: object = {}): Promise<Cluster> {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  await cluster.api.create(ResourceQuota, { metadata: { name: 'quota', namespace }, spec: { hard, ...spec } });
  await cluster.until('the quota has been counted', () => usedOf(cluster) !== undefined);
  return cluster;
}

function usedOf(cluster: Cluster): Record<string, unknown> | undefined {
  return cluster.history.get(ResourceQuota, 'quota', namespace)?.status?.used;
}

function create(cluster: Cluster, name: string, resources?: object, spec: object = {}): Promise<Pod> {
  const containers = [{ ...container, ...(resources ? { resources } : {}) }];
  return cluster.api.create(Pod, { metadata: { name, namespace }, spec: { containers, ...spec } } as Pod);
}

test('pods are charged when they are made, refused when it is too much, and given back when they are gone', async (t) => {
  const cluster = await clusterWith(t, { pods: '2', 'requests.cpu': '1', 'limits.memory': '1Gi' });
  assert.deepEqual(usedOf(cluster), { pods: '0', 'requests.cpu': '0', 'limits.memory': '0' });
  const resources = { requests: { cpu: '400m' }, limits: { memory: '256Mi' } };
  await create(cluster, 'one', resources);
  assert.deepEqual((await cluster.api.get(ResourceQuota, { name: 'quota', namespace })).status?.used, {
    ...{ pods: '1', 'requests.cpu': '400m', 'limits.memory': '256Mi' },
  });
  await assert.rejects(create(cluster, 'bare'), {
    message: 'pods "bare" is forbidden: failed quota: quota: must specify limits.memory for: main; requests.cpu for: main',
  });
  await assert.rejects(create(cluster, 'big', { requests: { cpu: '700m' }, limits: { memory: '1Mi' } }), {
    message:
      'pods "big" is forbidden: exceeded quota: quota, requested: requests.cpu=700m, used: requests.cpu=400m, limited: requests.cpu=1',
  });
  await cluster.api.delete(Pod, { name: 'one', namespace }, { gracePeriodSeconds: 0 });
  await cluster.until('it is given back', () => usedOf(cluster)?.pods === '0');
});

test('scopes choose the pods a quota is about', async (t) => {
  const cluster = await clusterWith(t, { pods: '1' }, { scopes: ['BestEffort'] });
  await create(cluster, 'sized', { requests: { cpu: '1m' } });
  await create(cluster, 'best');
  await assert.rejects(create(cluster, 'second'), /exceeded quota: quota, requested: pods=1, used: pods=1, limited: pods=1/);
});

test('what one quota refuses, another is not charged for', async (t) => {
  const cluster = await clusterWith(t, { pods: '5' });
  const spec = { hard: { pods: '1' }, scopes: ['BestEffort'] };
  await cluster.api.create(ResourceQuota, { metadata: { name: 'second', namespace }, spec });
  await cluster.until('it has been counted', () => cluster.history.get(ResourceQuota, 'second', namespace)?.status?.used);
  await create(cluster, 'one');
  await assert.rejects(create(cluster, 'two'), /exceeded quota: second/);
  assert.deepEqual((await cluster.api.get(ResourceQuota, { name: 'quota', namespace })).status?.used, { pods: '1' });
});

test('claims of a class, and from one class to another', async (t) => {
  const scopes = (name: string) => ({ matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator: 'In', values: [name] }] });
  const hard = { persistentvolumeclaims: '1', 'requests.storage': '5Gi' };
  const cluster = await clusterWith(t, hard, { scopeSelector: scopes('gold') });
  const claim = (name: string, volumeAttributesClassName: string): Promise<PersistentVolumeClaim> =>
    cluster.api.create(PersistentVolumeClaim, {
      metadata: { name, namespace },
      spec: {
        storageClassName: '',
        volumeAttributesClassName,
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
      },
    });
  await claim('one', 'gold');
  assert.deepEqual((await cluster.api.get(ResourceQuota, { name: 'quota', namespace })).status?.used, {
    ...{ persistentvolumeclaims: '1', 'requests.storage': '1Gi' },
  });
  await assert.rejects(claim('two', 'gold'), /exceeded quota: quota, requested: persistentvolumeclaims=1/);
  await claim('three', 'silver');
  // Nobody else has a say in whether claims are bound.
  cluster.controllerManager.kill();
  const turn = async (name: string, volumeAttributesClassName: string): Promise<unknown> => {
    const present = await cluster.api.get(PersistentVolumeClaim, { name, namespace });
    const bound = await cluster.api.update(PersistentVolumeClaim, { ...present, status: { phase: 'Bound' } }, { subresource: 'status' });
    return cluster.api.update(PersistentVolumeClaim, { ...bound, spec: { ...bound.spec, volumeAttributesClassName } });
  };
  await assert.rejects(turn('three', 'gold'), /exceeded quota: quota/);
  await turn('one', 'silver');
  cluster.controllerManager.start();
  await cluster.until('the other class has given it back', () => usedOf(cluster)?.persistentvolumeclaims === '0');
});

test('devices by their class', async (t) => {
  const name = 'gold.deviceclass.resource.k8s.io/devices';
  const cluster = await clusterWith(t, { [name]: '2', 'count/resourceclaims.resource.k8s.io': '5' });
  const claim = (id: string, count: number): Promise<ResourceClaim> => {
    const requests = [{ name: 'r', exactly: { deviceClassName: 'gold', count } }];
    return cluster.api.create(ResourceClaim, { metadata: { name: id, namespace }, spec: { devices: { requests } } });
  };
  await claim('one', 1);
  await assert.rejects(claim('two', 2), /requested: gold\.deviceclass\.resource\.k8s\.io\/devices=2, used: .*=1, limited: .*=2/);
  assert.deepEqual(usedOf(cluster), { [name]: '1', 'count/resourceclaims.resource.k8s.io': '1' });
  await cluster.api.delete(ResourceClaim, { name: 'one', namespace });
  await cluster.until('it is given back', () => usedOf(cluster)?.[name] === '0');
});

test('services by their ports, and anything by its number', async (t) => {
  const cluster = await clusterWith(t, {
    services: '2',
    'services.nodeports': '1',
    'count/configmaps': '3',
    'count/deployments.apps': '0',
  });
  const service = (name: string, type: string): Service =>
    ({ metadata: { name, namespace }, spec: { type, ports: [{ port: 80 }] } }) as Service;
  await cluster.until(
    'what was there is counted',
    () => usedOf(cluster)?.services === '1' && usedOf(cluster)?.['count/configmaps'] === '1',
  );
  await cluster.api.create(Service, service('node', 'NodePort'));
  await assert.rejects(cluster.api.create(Service, service('more', 'ClusterIP')), /exceeded quota/);
  for (const name of ['a', 'b']) await cluster.api.create(ConfigMap, { metadata: { name, namespace } });
  await assert.rejects(
    cluster.api.create(ConfigMap, { metadata: { name: 'c', namespace } }),
    /requested: count\/configmaps=1, used: count\/configmaps=3/,
  );
  await cluster.api.delete(ConfigMap, { name: 'a', namespace });
  await cluster.until('it is counted again', () => usedOf(cluster)?.['count/configmaps'] === '2', 20_000);
});

test('64 clients at once get no more than there is', async (t) => {
  const cluster = await clusterWith(t, { pods: '10' });
  const results = await Promise.allSettled(Array.from({ length: 64 }, (_, n) => create(cluster, `racer-${n}`)));
  const refused = results.filter((result) => result.status === 'rejected');
  assert.equal(results.length - refused.length, 10);
  assert.ok(
    refused.every(({ reason }) => reason instanceof ApiError && reason.code === 403),
    String(refused[0]?.reason),
  );
});
