import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelOptions } from '@keelson/kubelet/cri';
import { PersistentVolumeClaim, Pod, StatefulSet } from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';
import { isReady } from '../src/workloads.ts';

const namespace = 'default';
const labels = { app: 'db' };
const patch = 'application/strategic-merge-patch+json';

async function start(t: { after(fn: () => Promise<void>): void }, spec: object = {}, model: Partial<ModelOptions> = {}): Promise<Cluster> {
  const cluster = await createCluster({ nodes: [{ model }] });
  t.after(() => cluster.stop());
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'db:1' }] } };
  await cluster.api.create(StatefulSet, {
    metadata: { name: 'db', namespace },
    spec: { serviceName: 'db', replicas: 3, selector: { matchLabels: labels }, template, ...spec },
  } as StatefulSet);
  return cluster;
}

function pods(cluster: Cluster): Pod[] {
  return cluster.history.list(Pod).filter(({ metadata }) => metadata.labels?.app === 'db' && !metadata.deletionTimestamp);
}

const namesOf = (cluster: Cluster): string[] =>
  pods(cluster)
    .map(({ metadata }) => metadata.name ?? '')
    .sort();
const imagesOf = (cluster: Cluster): string[] => pods(cluster).map(({ spec }) => spec.containers[0]?.image ?? '');
const status = (cluster: Cluster): StatefulSet['status'] => cluster.history.get(StatefulSet, 'db', namespace)?.status;
const change = (cluster: Cluster, spec: object): Promise<StatefulSet> =>
  cluster.api.patch(StatefulSet, { name: 'db', namespace }, patch, { spec });
const image = (name: string): object => ({ template: { spec: { containers: [{ name: 'main', image: name }] } } });
const ready = (cluster: Cluster, count: number): boolean =>
  pods(cluster).length === count && pods(cluster).every(isReady) && status(cluster)?.readyReplicas === count;

test('pods come one after another with names of their own, and go from the last on', async (t) => {
  const cluster = await start(t);
  const order: string[] = [];
  cluster.history.onWrite(({ kind, type, object, before }) => {
    if (kind !== 'v1/Pod') return;
    const { name = '', deletionTimestamp } = (object as Pod).metadata;
    if (type === 'added') {
      assert.ok(
        pods(cluster).every((pod) => pod.metadata.name === name || isReady(pod)),
        'those before it are ready',
      );
      order.push(`+${name}`);
    } else if (deletionTimestamp && !(before as Pod).metadata.deletionTimestamp) order.push(`-${name}`);
  });
  await cluster.until('three are ready', () => ready(cluster, 3));
  await change(cluster, { replicas: 1 });
  await cluster.until('one is left', () => ready(cluster, 1));
  assert.deepEqual(order, ['+db-0', '+db-1', '+db-2', '-db-2', '-db-1']);
  const [first] = pods(cluster);
  assert.deepEqual(
    [first?.spec.hostname, first?.spec.subdomain, first?.metadata.labels?.['apps.kubernetes.io/pod-index']],
    ['db-0', 'db', '0'],
  );
});

test('one that is not ready holds up the others, unless they may go at once', async (t) => {
  const model: Partial<ModelOptions> = {
    behaviour: () => ({ exec: () => ({ stdout: Buffer.from(''), stderr: Buffer.from(''), exitCode: 1 }) }),
  };
  const template = {
    metadata: { labels },
    spec: { containers: [{ name: 'main', image: 'db:1', readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 } }] },
  };
  const ordered = await start(t, { template }, model);
  await ordered.until('the first runs', () => pods(ordered).some(({ status: found }) => found?.phase === 'Running'));
  await ordered.advance(30_000);
  assert.deepEqual(namesOf(ordered), ['db-0']);
  const parallel = await start(t, { template, podManagementPolicy: 'Parallel' }, model);
  await parallel.until('all are there', () => pods(parallel).length === 3);
  await change(parallel, { replicas: 0 });
  await parallel.until('none is', () => pods(parallel).length === 0, 120_000);
});

test('an update goes from the last pod down to the partition, and back', async (t) => {
  const cluster = await start(t, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } });
  await cluster.until('three are ready', () => ready(cluster, 3));
  const before = status(cluster)?.currentRevision;
  await change(cluster, image('db:2'));
  await cluster.until('the last one is new', () => ready(cluster, 3) && status(cluster)?.updatedReplicas === 1, 120_000);
  assert.deepEqual(imagesOf(cluster), ['db:1', 'db:1', 'db:2']);
  await cluster.api.delete(Pod, { name: 'db-0', namespace }, { gracePeriodSeconds: 0 });
  await cluster.until('the first is made anew as it was', () => ready(cluster, 3));
  assert.deepEqual(imagesOf(cluster), ['db:1', 'db:1', 'db:2']);
  await change(cluster, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } });
  await cluster.until(
    'all are new',
    () => ready(cluster, 3) && status(cluster)?.currentRevision === status(cluster)?.updateRevision,
    240_000,
  );
  assert.notEqual(status(cluster)?.currentRevision, before);
  await change(cluster, image('db:1'));
  await cluster.until('all are as before', () => ready(cluster, 3) && status(cluster)?.currentRevision === before, 240_000);
  assert.deepEqual(imagesOf(cluster), ['db:1', 'db:1', 'db:1']);
});

test('a pod that failed comes back under its name; its claims stay', async (t) => {
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '1Gi' } } },
  };
  const cluster = await start(t, { replicas: 1, volumeClaimTemplates: [claim] });
  await cluster.until('it is there', () => pods(cluster).length === 1);
  assert.ok(cluster.history.get(PersistentVolumeClaim, 'data-db-0', namespace));
  const [one] = pods(cluster);
  await cluster.api.update(Pod, { ...one, status: { ...one?.status, phase: 'Failed' } } as Pod, { subresource: 'status' });
  await cluster.until(
    'it is another',
    () => pods(cluster).some(({ metadata }) => metadata.name === 'db-0' && metadata.uid !== one?.metadata.uid),
    120_000,
  );
  await cluster.api.delete(StatefulSet, { name: 'db', namespace });
  await cluster.until('its pods go with it', () => pods(cluster).length === 0, 120_000);
  assert.ok(cluster.history.get(PersistentVolumeClaim, 'data-db-0', namespace), 'the data stays');
});

test('the status of a set that waits to be gone tells how many pods are left', async (t) => {
  const cluster = await start(t);
  await cluster.until('three are ready', () => ready(cluster, 3));
  const key = { name: 'db', namespace };
  await cluster.api.patch(StatefulSet, key, patch, { metadata: { finalizers: ['example.com/hold'] } });
  await cluster.api.delete(StatefulSet, key, { propagationPolicy: 'Foreground' });
  await cluster.until('no pods are left', () => pods(cluster).length === 0 && status(cluster)?.replicas === 0);
  assert.equal(status(cluster)?.readyReplicas, undefined);
  await cluster.advance(10_000);
  assert.equal(pods(cluster).length, 0, 'and none is made');
});
