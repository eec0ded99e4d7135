import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deployment, Pod, ReplicaSet } from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';
import {
  addressesOf,
  backendsOn,
  createDeployment,
  createService,
  edit,
  endpointsOf,
  isReady,
  podsOf,
  readyPodsOf,
  replicaSetsOf,
  scale,
  settledAt,
} from '../src/workloads.ts';

const web = { namespace: 'default', name: 'web' };

async function webCluster(t: { after(fn: () => Promise<void>): void }, replicas = 3): Promise<Cluster> {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  await createDeployment(cluster, { replicas });
  await cluster.until(`${replicas} pods are ready`, () => settledAt(cluster, replicas));
  return cluster;
}

function setImage(cluster: Cluster, image: string): Promise<Deployment> {
  return edit(cluster, Deployment, web, ({ spec }) => {
    const [first] = spec?.template.spec?.containers ?? [];
    if (first) first.image = image;
  });
}

function imagesOf(cluster: Cluster): Set<string | undefined> {
  return new Set(podsOf(cluster).map(({ spec }) => spec?.containers[0]?.image));
}

function rolledOut(cluster: Cluster): boolean {
  const { metadata, spec, status } = cluster.history.get(Deployment, 'web') ?? {};
  const { observedGeneration, updatedReplicas, replicas, availableReplicas } = status ?? {};
  const same = [updatedReplicas, replicas, availableReplicas].every((count) => count === spec?.replicas);
  return observedGeneration === metadata?.generation && same;
}

test('a Deployment of 3: running and ready, spread, behind its Service on every node', async (t) => {
  const cluster = await webCluster(t);
  assert.equal(new Set(podsOf(cluster).map(({ spec }) => spec?.nodeName)).size, 3, 'one pod on each node');
  const service = await createService(cluster);
  const addresses = addressesOf(readyPodsOf(cluster));
  await cluster.until('the Service has three endpoints', () => endpointsOf(cluster).length === 3);
  assert.deepEqual(endpointsOf(cluster), addresses);
  for (const node of cluster.nodes.keys()) {
    await cluster.until(`the rules of ${node} lead to them`, async () => (await backendsOn(cluster, node)).length === 3);
    assert.deepEqual(await backendsOn(cluster, node), addresses);
    assert.match(await cluster.node(node).rules.save(), new RegExp(`-d ${service.spec?.clusterIP}/32`));
  }
  await cluster.until('the status says so', () => rolledOut(cluster));
});

test('scale to 5 and to 1: pods and rules follow', async (t) => {
  const cluster = await webCluster(t);
  await createService(cluster);
  for (const replicas of [5, 1]) {
    await scale(cluster, replicas);
    await cluster.until(`${replicas} pods are ready`, () => settledAt(cluster, replicas), 120_000);
    await cluster.until('the rules follow', async () => (await backendsOn(cluster, 'node-1')).length === replicas);
    assert.deepEqual(await backendsOn(cluster, 'node-1'), addressesOf(readyPodsOf(cluster)));
  }
});

test('a rolling update never has less than replicas - maxUnavailable nor more than replicas + maxSurge; undo goes back', async (t) => {
  const cluster = await webCluster(t, 4);
  const seen = { fewest: 4, most: 4 };
  const leave = cluster.history.onWrite(({ kind }) => {
    if (kind !== 'v1/Pod') return;
    seen.fewest = Math.min(seen.fewest, readyPodsOf(cluster).length);
    seen.most = Math.max(seen.most, podsOf(cluster).filter(({ metadata }) => !metadata.deletionTimestamp).length);
  });
  await setImage(cluster, 'registry.local/app:2');
  await cluster.until('version 2 is rolled out', () => rolledOut(cluster) && settledAt(cluster, 4), 300_000);
  assert.deepEqual(imagesOf(cluster), new Set(['registry.local/app:2']));
  assert.deepEqual(seen, { fewest: 3, most: 5 });

  const [first] = replicaSetsOf(cluster);
  assert.equal(first?.spec?.replicas, 0);
  await edit(cluster, Deployment, web, ({ spec }) => {
    const template = structuredClone(first?.spec?.template);
    delete template?.metadata?.labels?.['pod-template-hash'];
    if (spec && template) spec.template = template;
  });
  await cluster.until('version 1 is back', () => rolledOut(cluster) && settledAt(cluster, 4), 300_000);
  leave();
  assert.deepEqual(imagesOf(cluster), new Set(['registry.local/app:1']));
  assert.deepEqual(seen, { fewest: 3, most: 5 });
  assert.equal(replicaSetsOf(cluster).length, 2, 'the old ReplicaSet serves again');
  assert.equal(replicaSetsOf(cluster).at(-1)?.metadata.annotations?.['deployment.kubernetes.io/revision'], '3');
});

test('a rolling update to an image that does not start stops at maxUnavailable', async (t) => {
  const cluster = await createCluster({
    nodes: [{ model: { images: [], registry: (image) => (image.endsWith(':bad') ? { ms: 10, error: 'not found' } : { ms: 10 }) } }],
  });
  t.after(() => cluster.stop());
  await createDeployment(cluster, { replicas: 4, spec: { progressDeadlineSeconds: 60 } });
  await cluster.until('4 pods are ready', () => settledAt(cluster, 4));
  await setImage(cluster, 'registry.local/app:bad');
  const failed = await cluster.until(
    'the Deployment says that it does not get on',
    () =>
      cluster.history.get(Deployment, 'web')?.status?.conditions?.find(({ type, status }) => type === 'Progressing' && status === 'False'),
    120_000,
  );
  assert.equal(failed.reason, 'ProgressDeadlineExceeded');
  assert.equal(readyPodsOf(cluster).length, 3);
  const waiting = podsOf(cluster).flatMap(({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason ?? []);
  assert.ok(waiting.length === 2 && waiting.every((reason) => /^(ErrImagePull|ImagePullBackOff)$/.test(reason)), String(waiting));
});

test('Recreate: no pod of the new version before the last of the old one is gone', async (t) => {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  await createDeployment(cluster, { spec: { strategy: { type: 'Recreate' } } });
  await cluster.until('3 pods are ready', () => settledAt(cluster, 3));
  const mixed: number[] = [];
  cluster.history.onWrite(({ kind, at }) => {
    if (kind === 'v1/Pod' && imagesOf(cluster).size > 1) mixed.push(at);
  });
  await setImage(cluster, 'registry.local/app:2');
  await cluster.until('version 2 is rolled out', () => rolledOut(cluster) && settledAt(cluster, 3), 300_000);
  assert.deepEqual(mixed, []);
});

test('a deleted pod is replaced', async (t) => {
  const cluster = await webCluster(t);
  const [victim] = podsOf(cluster);
  await cluster.api.delete(Pod, { namespace: 'default', name: victim?.metadata.name ?? '' });
  await cluster.until('another takes its place', () => settledAt(cluster, 3), 120_000);
  assert.ok(!podsOf(cluster).some(({ metadata }) => metadata.uid === victim?.metadata.uid));
  assert.ok(podsOf(cluster).every(isReady));
});

test('a deleted Deployment takes its ReplicaSets and pods along', async (t) => {
  const cluster = await webCluster(t);
  await cluster.api.delete(Deployment, web, { propagationPolicy: 'Background' });
  await cluster.until('nothing is left', () => cluster.history.list(ReplicaSet).length === 0 && podsOf(cluster).length === 0, 120_000);
  await cluster.until('nothing runs on the nodes', async () => (await sandboxes(cluster)) === 0);
});

async function sandboxes(cluster: Cluster): Promise<number> {
  const lists = await Promise.all([...cluster.nodes.values()].map(({ runtime }) => runtime.sandboxes.list()));
  return lists.flat().length;
}
