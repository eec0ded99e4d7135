import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '@keelson/client';
import { configMap, namespace } from '@keelson/testing';
import {
  ConfigMap,
  CustomResourceDefinition,
  Deployment,
  Namespace,
  type ObjectMeta,
  Pod,
  ReplicaSet,
  ServiceAccount,
} from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';
import { createDeployment, createService, eventsAbout, podsOf, replicaSetsOf, settledAt } from '../src/workloads.ts';

const web = { namespace: 'default', name: 'web' };

async function started(t: { after(fn: () => Promise<void>): void }): Promise<Cluster> {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  return cluster;
}

test('a namespace takes everything in it along and refuses what is new', async (t) => {
  const slow = { model: { behaviour: () => ({ stopAfterMs: 5000 }) } };
  const cluster = await createCluster({ nodes: [slow, slow] });
  t.after(() => cluster.stop());
  await cluster.api.create(Namespace, namespace({ name: 'team' }));
  await cluster.until('it has a service account', () => cluster.history.get(ServiceAccount, 'default', 'team'));
  await createDeployment(cluster, { namespace: 'team' });
  await createService(cluster, 'web', 'team');
  await cluster.api.create(ConfigMap, configMap({ name: 'settings', namespace: 'team' }));
  await cluster.until('3 pods are ready', () => settledAt(cluster, 3, 'web', 'team'));
  await cluster.api.delete(Namespace, { name: 'team' });
  await cluster.until('it ends', () => cluster.history.get(Namespace, 'team')?.status?.phase === 'Terminating');
  await assert.rejects(
    cluster.api.create(ConfigMap, configMap({ name: 'late', namespace: 'team' })),
    (error: unknown) => error instanceof ApiError && error.code === 403 && /because it is being terminated/.test(error.message),
  );
  await cluster.until('it is gone', () => !cluster.history.get(Namespace, 'team'), 180_000);
  for (const kind of [ConfigMap, Deployment, ReplicaSet, Pod, ServiceAccount] as const) {
    assert.deepEqual(cluster.history.list<unknown>(kind, 'team'), [], kind.kind);
  }
  await cluster.until('nothing runs', async () => {
    const lists = await Promise.all([...cluster.nodes.values()].map(({ runtime }) => runtime.sandboxes.list()));
    return lists.flat().length === 0;
  });
  const faults = cluster.log.entries.filter(({ level, message }) => level === 'error' && message.startsWith('error syncing team/'));
  assert.deepEqual(faults, []);
});

test('foreground: the owner goes last', async (t) => {
  const cluster = await started(t);
  await createDeployment(cluster);
  await cluster.until('3 pods are ready', () => settledAt(cluster, 3));
  const gone: string[] = [];
  const waited = new Set<string | undefined>();
  cluster.history.onWrite(({ type, object }) => {
    const { finalizers } = object.metadata as ObjectMeta;
    if (finalizers?.includes('foregroundDeletion')) waited.add(object.kind);
    if (type === 'deleted' && ['Deployment', 'ReplicaSet', 'Pod'].includes(object.kind ?? '')) gone.push(object.kind ?? '');
  });
  await cluster.api.delete(Deployment, web, { propagationPolicy: 'Foreground' });
  await cluster.until('everything is gone', () => gone.length === 5, 120_000);
  assert.deepEqual(gone, ['Pod', 'Pod', 'Pod', 'ReplicaSet', 'Deployment']);
  assert.deepEqual(waited, new Set(['Deployment', 'ReplicaSet']));
});

test('orphan: what was owned stays, and is adopted by an owner of the same selector', async (t) => {
  const cluster = await started(t);
  await createDeployment(cluster);
  await cluster.until('3 pods are ready', () => settledAt(cluster, 3));
  const [set] = replicaSetsOf(cluster);
  const pods = podsOf(cluster).map(({ metadata }) => metadata.uid);
  await cluster.api.delete(Deployment, web, { propagationPolicy: 'Orphan' });
  await cluster.until('the Deployment is gone', () => !cluster.history.get(Deployment, 'web'));
  await cluster.advance(60_000);
  assert.deepEqual(
    podsOf(cluster).map(({ metadata }) => metadata.uid),
    pods,
  );
  assert.deepEqual(replicaSetsOf(cluster)[0]?.metadata.ownerReferences ?? [], []);
  const again = await createDeployment(cluster);
  await cluster.until('it is adopted', () => replicaSetsOf(cluster)[0]?.metadata.ownerReferences?.[0]?.uid === again.metadata.uid);
  await cluster.advance(60_000);
  assert.deepEqual(
    replicaSetsOf(cluster).map(({ metadata }) => metadata.uid),
    [set?.metadata.uid],
  );
  assert.deepEqual(
    podsOf(cluster).map(({ metadata }) => metadata.uid),
    pods,
  );
});

test('a pod whose owner never was is collected', async (t) => {
  const cluster = await started(t);
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'ghost', uid: '00000000-0000-4000-8000-000000000000', controller: true };
  await cluster.api.create(ConfigMap, {
    ...configMap({ name: 'orphan' }),
    metadata: { name: 'orphan', namespace: 'default', ownerReferences: [owner] },
  });
  await cluster.until('it is gone', () => !cluster.history.get(ConfigMap, 'orphan'));
});

test('an owner in another namespace is none, and what it owns in its own stays', async (t) => {
  const cluster = await started(t);
  await cluster.api.create(Namespace, namespace({ name: 'team' }));
  const owner = await cluster.api.create(ConfigMap, configMap({ name: 'owner', namespace: 'team' }));
  const { uid = '' } = owner.metadata;
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
  for (const place of ['default', 'team']) {
    const { metadata, ...rest } = configMap({ name: 'owned', namespace: place });
    await cluster.api.create(ConfigMap, { ...rest, metadata: { ...metadata, ownerReferences } });
  }
  await cluster.until('the stranger is gone', () => !cluster.history.get(ConfigMap, 'owned'));
  await cluster.advance(60_000);
  assert.ok(cluster.history.get(ConfigMap, 'owned', 'team'));
  const told = `ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: ${uid}] does not exist in namespace "default"`;
  assert.deepEqual(eventsAbout(cluster, 'owned'), [`OwnerRefInvalidNamespace: ${told}`]);
});

test('kinds come and go: the others are collected all the same', async (t) => {
  const cluster = await started(t);
  const passes = async (milliseconds: number): Promise<void> => {
    const then = cluster.clock.now() + milliseconds;
    await cluster.until('time passes', () => cluster.clock.now() >= then, 2 * milliseconds);
  };
  const names = { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', listKind: 'CronTabList' };
  const schema = { openAPIV3Schema: { type: 'object' } };
  const versions = [{ name: 'v1', served: true, storage: true, schema }];
  const metadata = { name: 'crontabs.stable.example.com' };
  const spec = { group: 'stable.example.com', scope: 'Namespaced', names, versions };
  await cluster.api.create(CustomResourceDefinition, { metadata, spec });
  await passes(60_000);
  await cluster.api.delete(CustomResourceDefinition, { name: metadata.name });
  await passes(60_000);
  await createDeployment(cluster);
  await cluster.until('3 pods are ready', () => settledAt(cluster, 3));
  await cluster.api.delete(Deployment, web, { propagationPolicy: 'Background' });
  await cluster.until('nothing is left', () => podsOf(cluster).length === 0, 120_000);
});
