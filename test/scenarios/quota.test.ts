import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '@keelson/client';
import { ConfigMap, Pod, ResourceQuota, Service } from '@keelson/types';
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
