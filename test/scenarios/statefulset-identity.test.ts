import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pod, StatefulSet } from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';
import { isReady } from '../src/workloads.ts';

const namespace = 'default';
const labels = { app: 'db' };
const merge = 'application/merge-patch+json';
async function start(t: { after(fn: () => Promise<void>): void }, spec: object): Promise<Cluster> {
  const cluster = await createCluster({ nodes: 1 });
  t.after(() => cluster.stop());
  await createSet(cluster, spec);
  return cluster;
}

function createSet(cluster: Cluster, spec: object): Promise<StatefulSet> {
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'db:1' }] } };
  return cluster.api.create(StatefulSet, {
    metadata: { name: 'db', namespace },
    spec: { serviceName: 'db', replicas: 2, selector: { matchLabels: labels }, template, ...spec },
  } as StatefulSet);
}

const namesOf = (cluster: Cluster): string[] => cluster.history.list(Pod, namespace).map(({ metadata }) => metadata.name ?? '');
const ready = (cluster: Cluster, ...names: string[]): Promise<unknown> =>
  cluster.until(
    `${names} are ready`,
    () =>
      cluster.history.list(Pod, namespace).filter(isReady).length === names.length &&
      String(namesOf(cluster)) === String(names) &&
      cluster.history.get(StatefulSet, 'db')?.status?.availableReplicas === names.length,
    120_000,
  );

test('a set takes over pods and revisions that another left, and repairs what they are known by', async (t) => {
  const cluster = await start(t, {});
  await ready(cluster, 'db-0', 'db-1');
  const before = cluster.history.list(Pod, namespace).map(({ metadata }) => metadata.uid);
  const { updateRevision } = cluster.history.get(StatefulSet, 'db')?.status ?? {};
  await cluster.api.delete(StatefulSet, { name: 'db', namespace }, { propagationPolicy: 'Orphan' });
  await cluster.until('they are left', () => !cluster.history.get(StatefulSet, 'db'));
  await cluster.api.patch(Pod, { name: 'db-0', namespace }, merge, {
    metadata: { labels: { 'statefulset.kubernetes.io/pod-name': null } },
  });
  await createSet(cluster, { replicas: 3 });
  await ready(cluster, 'db-0', 'db-1', 'db-2');
  const pods = cluster.history.list(Pod, namespace);
  assert.deepEqual(
    pods.slice(0, 2).map(({ metadata }) => metadata.uid),
    before,
  );
  assert.equal(pods[0]?.metadata.labels?.['statefulset.kubernetes.io/pod-name'], 'db-0');
  assert.equal(cluster.history.get(StatefulSet, 'db')?.status?.updateRevision, updateRevision);
});

test('ordinals may start anywhere, and move', async (t) => {
  const cluster = await start(t, { ordinals: { start: 3 } });
  await ready(cluster, 'db-3', 'db-4');
  await cluster.api.patch(StatefulSet, { name: 'db', namespace }, merge, { spec: { ordinals: { start: 4 } } });
  await ready(cluster, 'db-4', 'db-5');
});
