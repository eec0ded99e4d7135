import assert from 'node:assert/strict';
import { test } from 'node:test';
import { neighbourGrant } from '@keelson/kubelet/network';
import { ClusterRole, ClusterRoleBinding, Lease, Node, type Pod } from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';
import { createDeployment, createService, endpointsOf, podsOf, readyPodsOf, settledAt } from '../src/workloads.ts';

function taintsOf(cluster: Cluster, name: string): string[] {
  return (cluster.history.get(Node, name)?.spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
}

function readyStatus(cluster: Cluster, name: string): string | undefined {
  return cluster.history.get(Node, name)?.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
}

async function runningOn(cluster: Cluster, node: string): Promise<string[]> {
  const all = await cluster.node(node).runtime.containers.list();
  return all.filter(({ phase }) => phase === 'running').map(({ labels }) => labels['io.kubernetes.pod.name'] ?? '');
}

/** A Deployment of 3 on three nodes, and the pod that is on node-1. */
async function spreadCluster(t: { after(fn: () => Promise<void>): void }): Promise<{ cluster: Cluster; lost: Pod }> {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  await createDeployment(cluster);
  await createService(cluster);
  await cluster.until('3 pods are ready', () => settledAt(cluster, 3) && endpointsOf(cluster).length === 3);
  const lost = podsOf(cluster).find(({ spec }) => spec?.nodeName === 'node-1');
  assert.ok(lost, 'one pod is on node-1');
  return { cluster, lost };
}

test('a node dies: not ready after the grace period, tainted, its pods evicted after 300 s and replaced elsewhere', async (t) => {
  const { cluster, lost } = await spreadCluster(t);
  const lease = (): string => String(cluster.history.get(Lease, 'node-1', 'kube-node-lease')?.spec?.renewTime);
  await cluster.advance(20_000);
  await cluster.node('node-1').stopKubelet();
  const lastSign = lease();

  await cluster.advance(35_000);
  assert.equal(readyStatus(cluster, 'node-1'), 'True', 'still within the grace period of 50 s');
  await cluster.until('the node is given up', () => readyStatus(cluster, 'node-1') === 'Unknown', 20_000);
  const lostAt = cluster.clock.now();
  assert.equal(lease(), lastSign);
  assert.ok(lostAt - Date.parse(lastSign) >= 50_000 && lostAt - Date.parse(lastSign) < 56_000, 'after node-monitor-grace-period');
  await cluster.until('it is tainted', () => taintsOf(cluster, 'node-1').length === 2, 10_000);
  assert.deepEqual(taintsOf(cluster, 'node-1'), ['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule']);
  await cluster.until('its pod is no endpoint any more', () => endpointsOf(cluster).length === 2, 10_000);

  await cluster.advance(290_000);
  assert.ok(
    podsOf(cluster).every(({ metadata }) => !metadata.deletionTimestamp),
    'nobody is evicted before 300 s',
  );
  await cluster.until(
    'its pod is evicted',
    () => podsOf(cluster).some(({ metadata }) => metadata.deletionTimestamp && metadata.uid === lost.metadata.uid),
    20_000,
  );
  const evictedAfter = cluster.clock.now() - lostAt;
  assert.ok(evictedAfter >= 299_000 && evictedAfter < 310_000, `evicted ${evictedAfter} ms after the taint`);
  await cluster.until('a third pod is ready elsewhere', () => readyPodsOf(cluster).length === 3, 20_000);
  assert.ok(readyPodsOf(cluster).every(({ spec }) => spec?.nodeName !== 'node-1'));
  assert.deepEqual(await runningOn(cluster, 'node-1'), [lost.metadata.name], 'nobody is there to stop its container');

  cluster.node('node-1').startKubelet();
  await cluster.until('the node is back', () => cluster.isReady('node-1') && taintsOf(cluster, 'node-1').length === 0);
  await cluster.until(
    'the evicted pod ends',
    async () => settledAt(cluster, 3) && (await runningOn(cluster, 'node-1')).length === 0,
    120_000,
  );
});

test('a node that comes back in time keeps its pods', async (t) => {
  const { cluster, lost } = await spreadCluster(t);
  await cluster.node('node-1').stopKubelet();
  await cluster.until('the node is given up', () => readyStatus(cluster, 'node-1') === 'Unknown', 120_000);
  await cluster.until('its pod is no endpoint any more', () => endpointsOf(cluster).length === 2);
  await cluster.advance(100_000);
  cluster.node('node-1').startKubelet();
  await cluster.until('the node is back', () => cluster.isReady('node-1') && taintsOf(cluster, 'node-1').length === 0);
  await cluster.until('its pod is ready again', () => settledAt(cluster, 3) && endpointsOf(cluster).length === 3);
  await cluster.advance(400_000);
  const again = podsOf(cluster).find(({ metadata }) => metadata.uid === lost.metadata.uid);
  assert.equal(again?.status?.containerStatuses?.[0]?.restartCount, 0);
  assert.ok(settledAt(cluster, 3));
});

test('a node that is cut off says that it is ready as soon as it can, and so do its pods', async (t) => {
  const { cluster, lost } = await spreadCluster(t);
  await cluster.advance(30_000);
  cluster.node('node-1').sever(true);
  await cluster.until('the node is given up', () => readyStatus(cluster, 'node-1') === 'Unknown', 120_000);
  await cluster.until('its pod is no endpoint any more', () => endpointsOf(cluster).length === 2);
  await cluster.advance(60_000);
  cluster.node('node-1').sever(false);
  await cluster.until('the node is ready', () => cluster.isReady('node-1') && taintsOf(cluster, 'node-1').length === 0, 15_000);
  await cluster.until('its pod is ready again', () => settledAt(cluster, 3) && endpointsOf(cluster).length === 3, 90_000);
  assert.ok(podsOf(cluster).some(({ metadata }) => metadata.uid === lost.metadata.uid));
  const condition = cluster.history.get(Node, 'node-1')?.status?.conditions?.find(({ type }) => type === 'Ready');
  assert.ok(cluster.clock.now() - Date.parse(String(condition?.lastTransitionTime)) < 30_000, 'it has not been ready all the time');
});

test('all nodes silent at once: nobody is evicted', async (t) => {
  const { cluster } = await spreadCluster(t);
  for (const node of cluster.nodes.values()) await node.stopKubelet();
  await cluster.advance(500_000);
  assert.ok(podsOf(cluster).length === 3 && podsOf(cluster).every(({ metadata }) => !metadata.deletionTimestamp));
  for (const node of cluster.nodes.values()) node.startKubelet();
  await cluster.until('all pods are ready again', () => settledAt(cluster, 3));
});

test('a node that is deleted: its pods are removed and replaced', async (t) => {
  const { cluster, lost } = await spreadCluster(t);
  await cluster.node('node-1').stopKubelet();
  await cluster.api.delete(Node, { name: 'node-1' });
  await cluster.until(
    'its pod is gone and another is ready',
    () => settledAt(cluster, 3) && !podsOf(cluster).some(({ metadata }) => metadata.uid === lost.metadata.uid),
    180_000,
  );
});

test('a kubelet that makes the pod network needs no leave to see other nodes, and leads to them once it has it', async (t) => {
  const ranges: string[] = [];
  let known: readonly string[] = [];
  const network = {
    setUp: async (podCIDRs: readonly string[]) => void ranges.push(...podCIDRs),
    connect: async (nodes: readonly Node[]) => {
      known = nodes.map(({ metadata }) => metadata.name ?? '').sort();
    },
  };
  const cluster = await createCluster({ nodes: 0 });
  t.after(() => cluster.stop());
  cluster.addNode({ network });
  cluster.addNode();
  await createDeployment(cluster);
  await cluster.until('3 pods are ready', () => settledAt(cluster, 3));
  assert.deepEqual([ranges.length > 0, known], [true, []]);
  const { role, binding } = neighbourGrant;
  await cluster.api.create(ClusterRole, role);
  await cluster.api.create(ClusterRoleBinding, binding);
  await cluster.until('it knows the other node', () => known.length === 2, 120_000);
  assert.deepEqual(known, ['node-1', 'node-2']);
});
