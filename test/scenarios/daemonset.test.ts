import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControllerRevision, DaemonSet, Node, Pod } from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';
import { isReady } from '../src/workloads.ts';

const namespace = 'default';
const labels = { app: 'agent' };

async function start(t: { after(fn: () => Promise<void>): void }, spec: object = {}, pod: object = {}): Promise<Cluster> {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'agent:1' }], ...pod } };
  await cluster.api.create(DaemonSet, {
    metadata: { name: 'agent', namespace },
    spec: { selector: { matchLabels: labels }, template, ...spec },
  } as DaemonSet);
  return cluster;
}

function daemons(cluster: Cluster): Pod[] {
  return cluster.history.list(Pod).filter(({ metadata }) => metadata.labels?.app === 'agent' && !metadata.deletionTimestamp);
}

const nodesOf = (cluster: Cluster): string[] =>
  daemons(cluster)
    .map(({ spec }) => spec.nodeName ?? '')
    .sort();
const status = (cluster: Cluster): DaemonSet['status'] => cluster.history.get(DaemonSet, 'agent', namespace)?.status;

async function settled(cluster: Cluster, count: number): Promise<void> {
  await cluster.until(
    `${count} daemons are there`,
    () => daemons(cluster).filter(isReady).length === count && status(cluster)?.numberAvailable === count,
  );
}

test('one daemon on each node, also where nobody else may be scheduled', async (t) => {
  const cluster = await start(t);
  await settled(cluster, 3);
  assert.deepEqual(nodesOf(cluster), ['node-1', 'node-2', 'node-3']);
  const { desiredNumberScheduled, currentNumberScheduled, updatedNumberScheduled, numberMisscheduled } = status(cluster) ?? ({} as never);
  assert.deepEqual([desiredNumberScheduled, currentNumberScheduled, updatedNumberScheduled, numberMisscheduled], [3, 3, 3, 0]);
  await cluster.api.patch(Node, { name: 'node-1' }, 'application/merge-patch+json', { spec: { unschedulable: true } });
  const gone = daemons(cluster).find(({ spec }) => spec.nodeName === 'node-1');
  await cluster.api.delete(Pod, { name: gone?.metadata.name ?? '', namespace }, { gracePeriodSeconds: 0 });
  await cluster.until('there is another', () =>
    daemons(cluster).some(({ spec, metadata }) => spec.nodeName === 'node-1' && metadata.name !== gone?.metadata.name),
  );
});

test('labels of nodes say where daemons are', async (t) => {
  const cluster = await start(t, {}, { nodeSelector: { color: 'blue' } });
  const paint = (name: string, color: string | null): Promise<Node> =>
    cluster.api.patch(Node, { name }, 'application/merge-patch+json', { metadata: { labels: { color } } });
  await cluster.until('it knows that it wants none', () => status(cluster)?.observedGeneration === 1);
  await paint('node-2', 'blue');
  await settled(cluster, 1);
  assert.deepEqual(nodesOf(cluster), ['node-2']);
  await paint('node-2', 'green');
  await cluster.until('it is gone', () => daemons(cluster).length === 0);
});

test('a change is rolled out one by one and can be taken back; revisions are kept', async (t) => {
  const cluster = await start(t);
  await settled(cluster, 3);
  let least = 3;
  cluster.history.onWrite(({ kind }) => {
    if (kind === 'v1/Pod') least = Math.min(least, daemons(cluster).filter(isReady).length);
  });
  const image = (name: string): Promise<DaemonSet> => {
    const template = { spec: { containers: [{ name: 'main', image: name }] } };
    return cluster.api.patch(DaemonSet, { name: 'agent', namespace }, 'application/strategic-merge-patch+json', { spec: { template } });
  };
  const all = (name: string): boolean =>
    daemons(cluster).length === 3 && daemons(cluster).every(({ spec }) => spec.containers[0]?.image === name);
  await image('agent:2');
  await cluster.until('all are new', () => all('agent:2') && status(cluster)?.updatedNumberScheduled === 3, 600_000);
  assert.equal(least, 2);
  await settled(cluster, 3);
  await image('agent:1');
  await cluster.until('all are as before', () => all('agent:1') && status(cluster)?.updatedNumberScheduled === 3, 600_000);
  const revisions = cluster.history.list(ControllerRevision);
  assert.deepEqual(revisions.map(({ revision }) => revision).sort(), [2, 3]);
});

test('a daemon that failed is replaced', async (t) => {
  const cluster = await start(t);
  await settled(cluster, 3);
  const [one] = daemons(cluster);
  const failed = { ...one, status: { ...one?.status, phase: 'Failed' } } as Pod;
  await cluster.api.update(Pod, failed, { subresource: 'status' });
  await cluster.until(
    'another took its place',
    () => daemons(cluster).length === 3 && daemons(cluster).every(({ metadata }) => metadata.uid !== one?.metadata.uid),
    120_000,
  );
});
