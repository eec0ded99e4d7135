import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Node, Pod } from '@keelson/types';
import { type Cluster, createCluster, type NodeParts } from '../src/index.ts';
import { createDeployment, createPod, edit, eventsAbout, isReady, podsOf, settledAt } from '../src/workloads.ts';

async function clusterOf(t: { after(fn: () => Promise<void>): void }, nodes: readonly NodeParts[]): Promise<Cluster> {
  const cluster = await createCluster({ nodes });
  t.after(() => cluster.stop());
  return cluster;
}

function refusal(cluster: Cluster, name: string): string | undefined {
  return eventsAbout(cluster, name).find((event) => event.startsWith('FailedScheduling'));
}

function nodeOf(cluster: Cluster, name: string): string | undefined {
  return cluster.history.get(Pod, name)?.spec?.nodeName;
}

test('a pod too large for any node waits, says why, and runs when a node is added', async (t) => {
  const cluster = await clusterOf(t, [{ cpus: 2 }, { cpus: 2 }]);
  await createPod(cluster, 'large', { containers: [{ name: 'main', image: 'app:1', resources: { requests: { cpu: '4' } } }] });
  const event = await cluster.until('the scheduler says why', () => refusal(cluster, 'large'));
  assert.match(event, /^FailedScheduling: 0\/2 nodes are available: 2 Insufficient cpu\./);
  const condition = await cluster.until('the pod says so', () =>
    cluster.history.get(Pod, 'large')?.status?.conditions?.find(({ type }) => type === 'PodScheduled'),
  );
  assert.equal(condition.reason, 'Unschedulable');
  await cluster.advance(60_000);
  assert.equal(nodeOf(cluster, 'large'), undefined);
  cluster.addNode({ cpus: 8 });
  await cluster.until('it runs on the new node', () => {
    const pod = cluster.history.get(Pod, 'large');
    return pod && isReady(pod) && pod.spec?.nodeName === 'node-3';
  });
});

test('taints keep pods away unless tolerated; a NoExecute taint sends them away', async (t) => {
  const cluster = await clusterOf(t, [{ taints: ['team=red:NoSchedule'] }, {}]);
  await createDeployment(cluster, { replicas: 4 });
  await cluster.until('4 pods are ready', () => settledAt(cluster, 4));
  assert.ok(podsOf(cluster).every(({ spec }) => spec?.nodeName === 'node-2'));
  const tolerations = [{ key: 'team', operator: 'Equal', value: 'red', effect: 'NoSchedule' }] as const;
  await createPod(cluster, 'red', {
    tolerations: [...tolerations],
    nodeName: undefined,
    nodeSelector: { 'kubernetes.io/hostname': 'node-1' },
  });
  await cluster.until('the tolerant pod runs there', () => podsOf(cluster, 'red').some(isReady));

  await edit(cluster, Node, { name: 'node-2' }, (node) => {
    node.spec = { ...node.spec, taints: [{ key: 'out', value: 'now', effect: 'NoExecute' }] };
  });
  const event = await cluster.until(
    'the pods are sent away and have nowhere to go',
    () => {
      const waiting = podsOf(cluster).filter(({ spec, metadata }) => !spec?.nodeName && !metadata.deletionTimestamp);
      return waiting.length === 4 && podsOf(cluster).length === 4 && refusal(cluster, waiting[0]?.metadata.name ?? '');
    },
    120_000,
  );
  assert.match(
    event,
    /0\/2 nodes are available: 1 node\(s\) had untolerated taint\(s\) ?\{out: now\}, 1 node\(s\) had untolerated taint\(s\) ?\{team: red\}|untolerated taint/,
  );
  await edit(cluster, Node, { name: 'node-2' }, (node) => {
    node.spec = { ...node.spec, taints: [] };
  });
  await cluster.until('they come back', () => settledAt(cluster, 4));
});

test('nodeSelector: only where the labels are, and when they appear', async (t) => {
  const cluster = await clusterOf(t, [{}, { labels: { disk: 'ssd' } }]);
  await createDeployment(cluster, { pod: { nodeSelector: { disk: 'ssd' } } });
  await cluster.until('3 pods are ready', () => settledAt(cluster, 3));
  assert.ok(podsOf(cluster).every(({ spec }) => spec?.nodeName === 'node-2'));
  await createPod(cluster, 'picky', { nodeSelector: { disk: 'nvme' } });
  const event = await cluster.until('it says why it waits', () => refusal(cluster, 'picky'));
  assert.match(event, /2 node\(s\) didn't match Pod's node affinity\/selector/);
  const patch = { metadata: { labels: { disk: 'nvme' } } };
  await cluster.api.patch(Node, { name: 'node-1' }, 'application/merge-patch+json', patch);
  await cluster.until('it runs where the label is now', () => podsOf(cluster, 'picky').some(isReady));
  assert.equal(nodeOf(cluster, 'picky'), 'node-1');
});

test('a cordoned node takes no new pods and keeps its own', async (t) => {
  const cluster = await clusterOf(t, [{}, {}]);
  await createDeployment(cluster, { replicas: 2 });
  await cluster.until('2 pods are ready', () => settledAt(cluster, 2));
  await cluster.api.patch(Node, { name: 'node-1' }, 'application/merge-patch+json', { spec: { unschedulable: true } });
  await createDeployment(cluster, { name: 'late', replicas: 3 });
  await cluster.until('3 more are ready', () => settledAt(cluster, 3, 'late'));
  assert.ok(podsOf(cluster, 'late').every(({ spec }) => spec?.nodeName === 'node-2'));
  assert.ok(settledAt(cluster, 2));
});
