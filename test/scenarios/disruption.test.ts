import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '@keelson/client';
import { Job, Pod, PodDisruptionBudget, type PodDisruptionBudgetSpec } from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';
import { createDeployment, createPod, eventsAbout, podsOf, readyPodsOf, scale, settledAt } from '../src/workloads.ts';

async function webCluster(t: { after(fn: () => Promise<void>): void }, replicas = 3): Promise<Cluster> {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  if (replicas === 0) return cluster;
  await createDeployment(cluster, { replicas });
  await cluster.until(`${replicas} pods are ready`, () => settledAt(cluster, replicas));
  return cluster;
}

function createBudget(cluster: Cluster, spec: PodDisruptionBudgetSpec, app = 'web'): Promise<PodDisruptionBudget> {
  const metadata = { name: app, namespace: 'default' };
  const object = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata };
  return cluster.api.create(PodDisruptionBudget, { ...object, spec: { selector: { matchLabels: { app } }, ...spec } });
}

const statusOf = (cluster: Cluster, name = 'web') => cluster.history.get(PodDisruptionBudget, name)?.status;

/** Healthy, wanted, expected and allowed. */
function countsOf(cluster: Cluster): (number | undefined)[] {
  const { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed } = statusOf(cluster) ?? {};
  return [currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed];
}

function counted(cluster: Cluster, ...counts: number[]): Promise<unknown> {
  return cluster.until(`the budget says ${counts}`, () => String(countsOf(cluster)) === String(counts));
}

/** The HTTP status of the answer. */
async function evict(cluster: Cluster, { metadata: { name, namespace } }: Pod): Promise<number> {
  const body = JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } });
  try {
    const response = await cluster.api.raw({ method: 'POST', path: `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, body });
    response.destroy();
    return 201;
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

test('evictions never leave a Deployment with fewer pods than its budget wants', async (t) => {
  const cluster = await webCluster(t);
  await createBudget(cluster, { maxUnavailable: 1 });
  await counted(cluster, 3, 2, 3, 1);
  let least = 3;
  cluster.history.onWrite(({ kind }) => {
    if (kind === 'v1/Pod') least = Math.min(least, readyPodsOf(cluster).length);
  });
  const old = podsOf(cluster);
  assert.deepEqual((await Promise.all(old.map((pod) => evict(cluster, pod)))).sort(), [201, 429, 429]);
  const left = new Set(old.map(({ metadata }) => metadata.name));
  await cluster.until(
    'all are moved',
    async () => {
      for (const pod of podsOf(cluster)) if (left.has(pod.metadata.name) && !pod.metadata.deletionTimestamp) await evict(cluster, pod);
      return !podsOf(cluster).some(({ metadata }) => left.has(metadata.name)) && settledAt(cluster, 3);
    },
    300_000,
  );
  assert.equal(least, 2);
  await counted(cluster, 3, 2, 3, 1);
  assert.equal(statusOf(cluster)?.disruptedPods, undefined);
});

test('a percentage is of what the Deployment wants, and a number of what there is', async (t) => {
  const cluster = await webCluster(t, 4);
  await createBudget(cluster, { minAvailable: '50%' });
  await counted(cluster, 4, 2, 4, 2);
  await scale(cluster, 6);
  await counted(cluster, 6, 3, 6, 3);
  await createPod(cluster, 'lone', {});
  await createBudget(cluster, { minAvailable: 1 }, 'lone');
  await cluster.until('the lone pod must stay', () => statusOf(cluster, 'lone')?.currentHealthy === 1);
  assert.equal(await evict(cluster, await cluster.api.get(Pod, { namespace: 'default', name: 'lone' })), 429);
  assert.deepEqual(
    statusOf(cluster, 'lone')?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    [['DisruptionAllowed', 'False', 'InsufficientPods']],
  );
});

test('an eviction that comes to nothing is forgotten after two minutes', async (t) => {
  const cluster = await webCluster(t);
  await createBudget(cluster, { minAvailable: 2 });
  await counted(cluster, 3, 2, 3, 1);
  const [pod] = podsOf(cluster);
  const name = pod?.metadata.name ?? '';
  const disruptedPods = { [name]: new Date(cluster.clock.now()).toISOString().replace('.000', '') };
  await cluster.api.patch(
    PodDisruptionBudget,
    { namespace: 'default', name: 'web' },
    'application/merge-patch+json',
    { status: { disruptedPods } },
    { subresource: 'status' },
  );
  const time = disruptedPods[name];
  const condition = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', lastTransitionTime: time };
  await cluster.api.patch(
    Pod,
    { namespace: 'default', name },
    'application/strategic-merge-patch+json',
    { status: { conditions: [condition] } },
    { subresource: 'status' },
  );
  await counted(cluster, 2, 2, 3, 0);
  await cluster.advance(110_000);
  assert.deepEqual(countsOf(cluster), [2, 2, 3, 0]);
  await counted(cluster, 3, 2, 3, 1);
  assert.ok(eventsAbout(cluster, name).includes("NotDeleted: Pod was expected by PDB default/web to be deleted but it wasn't"));
  const target = () => cluster.history.get(Pod, name)?.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  await cluster.until('the pod stays', () => target()?.status === 'False');
  assert.deepEqual([target()?.reason, target()?.observedGeneration], [undefined, 1]);
});

test('pods without a size make the budget say why it allows nothing', async (t) => {
  const cluster = await webCluster(t, 0);
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'app:1' }] },
  };
  const metadata = { name: 'batch', namespace: 'default' };
  await createBudget(cluster, { maxUnavailable: 1 });
  await counted(cluster, 0, 0, 0, 0);
  await cluster.api.create(Job, { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template } });
  await cluster.until('its pod is ready', () => readyPodsOf(cluster).length === 1);
  const failure = () => statusOf(cluster)?.conditions?.find(({ reason }) => reason === 'SyncFailed');
  const { message, observedGeneration } = await cluster.until('the budget says so', failure);
  assert.deepEqual([message, observedGeneration], ['jobs.batch does not implement the scale subresource', 1]);
  const [pod] = podsOf(cluster);
  assert.ok(pod);
  assert.equal(await evict(cluster, pod), 429);
});
