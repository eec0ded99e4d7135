import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Node, Pod, PodDisruptionBudget, PriorityClass, ReplicaSet } from '@keelson/types';
import { type Cluster, createCluster, type NodeParts } from '../src/index.ts';
import { createPod, eventsAbout } from '../src/workloads.ts';

/** Pods that make room for more important ones. */

type Stop = { after(fn: () => Promise<void>): void };

async function clusterOf(t: Stop, nodes: readonly NodeParts[]): Promise<Cluster> {
  const cluster = await createCluster({ nodes });
  t.after(() => cluster.stop());
  for (const [name, value] of Object.entries({ low: 1, mid: 10, high: 100 }))
    await cluster.api.create(PriorityClass, { metadata: { name }, value });
  return cluster;
}

const asking = (cpu: string, priorityClassName: string, more: object = {}) => ({
  containers: [{ name: 'main', image: 'app:1', resources: { requests: { cpu } } }],
  priorityClassName,
  terminationGracePeriodSeconds: 5,
  ...more,
});

/** Takes its time to end. */
const slow = (cpu: string) => ({
  ...asking(cpu, 'low', { terminationGracePeriodSeconds: 60 }),
  containers: [{ name: 'main', image: 'app:1', resources: { requests: { cpu } }, lifecycle: { preStop: { sleep: { seconds: 20 } } } }],
});

const seen = (cluster: Cluster, name: string): Pod | undefined => cluster.history.get(Pod, name);

async function running(cluster: Cluster, name: string): Promise<void> {
  await cluster.until(`${name} runs`, () => seen(cluster, name)?.status?.phase === 'Running');
}

test('a pod takes the place of a less important one, and nobody comes in between', async (t) => {
  const cluster = await clusterOf(t, [{ cpus: 4 }]);
  await createPod(cluster, 'victim', slow('3'));
  await running(cluster, 'victim');
  await createPod(cluster, 'important', asking('3', 'high'));
  await cluster.until('a node is nominated', () => seen(cluster, 'important')?.status?.nominatedNodeName === 'node-1');
  await cluster.until('the victim is told why', () =>
    seen(cluster, 'victim')?.status?.conditions?.some(
      ({ type, reason }) => type === 'DisruptionTarget' && reason === 'PreemptionByScheduler',
    ),
  );
  await cluster.until('the victim goes', () => seen(cluster, 'victim')?.metadata.deletionTimestamp !== undefined);
  await cluster.until('which is told', () =>
    eventsAbout(cluster, 'victim').some((event) => event.startsWith('Preempted: Preempted by pod ')),
  );
  await createPod(cluster, 'thief', asking('2', 'mid'));
  await cluster.until('the thief is refused', () => eventsAbout(cluster, 'thief').some((event) => event.startsWith('FailedScheduling')));
  await running(cluster, 'important');
  assert.equal(seen(cluster, 'important')?.status?.nominatedNodeName, undefined);
  assert.equal(seen(cluster, 'thief')?.spec?.nodeName, undefined);
  const said = eventsAbout(cluster, 'important').filter((event) => event.startsWith('FailedScheduling'));
  assert.equal(said[0], 'FailedScheduling: 0/1 nodes are available: 1 Insufficient cpu.');
});

test('a more important pod takes the nomination of another', async (t) => {
  const cluster = await clusterOf(t, [{ cpus: 4 }]);
  await createPod(cluster, 'victim', slow('4'));
  await running(cluster, 'victim');
  await createPod(cluster, 'first', asking('4', 'mid'));
  await cluster.until('the first is nominated', () => seen(cluster, 'first')?.status?.nominatedNodeName === 'node-1');
  await createPod(cluster, 'second', asking('4', 'high'));
  await cluster.until('the second is nominated', () => seen(cluster, 'second')?.status?.nominatedNodeName === 'node-1');
  await cluster.until('the first is no longer', () => seen(cluster, 'first')?.status?.nominatedNodeName === undefined);
  await running(cluster, 'second');
});

test('pods with a budget are spared where that is possible', async (t) => {
  const cluster = await clusterOf(t, [{ cpus: 4 }, { cpus: 4 }]);
  const on = (node: string) => ({ nodeSelector: { 'kubernetes.io/hostname': node } });
  await createPod(cluster, 'kept', asking('3', 'low', on('node-1')));
  await createPod(cluster, 'other', asking('3', 'mid', on('node-2')));
  await running(cluster, 'kept');
  await running(cluster, 'other');
  await cluster.api.patch(Pod, { name: 'kept', namespace: 'default' }, 'application/merge-patch+json', {
    metadata: { labels: { keep: 'yes' } },
  });
  const spec = { minAvailable: 1, selector: { matchLabels: { keep: 'yes' } } };
  await cluster.api.create(PodDisruptionBudget, { metadata: { name: 'keep', namespace: 'default' }, spec });
  await cluster.until('the budget counts', () => cluster.history.get(PodDisruptionBudget, 'keep')?.status?.currentHealthy === 1);
  await createPod(cluster, 'important', asking('3', 'high'));
  await running(cluster, 'important');
  assert.equal(seen(cluster, 'important')?.spec?.nodeName, 'node-2');
  assert.equal(seen(cluster, 'kept')?.metadata.deletionTimestamp, undefined);
});

test('whoever nominates a pod is heard as long as it fits there', async (t) => {
  const cluster = await clusterOf(t, [{ cpus: 4, taints: ['wait=yes:NoSchedule'] }]);
  await createPod(cluster, 'large', asking('5', 'low'));
  await createPod(cluster, 'small', asking('3', 'low'));
  const nominate = (name: string) =>
    cluster.api.patch(
      Pod,
      { name, namespace: 'default' },
      'application/strategic-merge-patch+json',
      { status: { nominatedNodeName: 'node-1' } },
      { subresource: 'status' },
    );
  await nominate('large');
  await cluster.advance(1000);
  await cluster.api.patch(Node, { name: 'node-1' }, 'application/merge-patch+json', { spec: { taints: null } });
  await running(cluster, 'small');
  await cluster.advance(400_000);
  assert.equal(seen(cluster, 'large')?.status?.nominatedNodeName, undefined, 'it is not kept where it cannot be');
});

test('as many go as spreading asks for, and no more', async (t) => {
  const cluster = await clusterOf(t, [{ cpus: 10 }, { cpus: 10 }]);
  const labelled = async (name: string, spec: ReturnType<typeof asking>): Promise<void> => {
    await cluster.api.create(Pod, { metadata: { name, namespace: 'default', labels: { spread: 'yes' } }, spec });
    await running(cluster, name);
  };
  await labelled('big', asking('9', 'high'));
  for (const name of ['low-1', 'low-2', 'low-3']) await labelled(name, asking('3', 'low'));
  const labelSelector = { matchLabels: { spread: 'yes' } };
  const constraint = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', labelSelector };
  await labelled('medium', asking('3', 'mid', { topologySpreadConstraints: [constraint] }));
  await cluster.advance(30_000);
  const left = cluster.history.list(Pod, 'default').map(({ metadata }) => metadata.name ?? '');
  assert.deepEqual(left.filter((name) => !name.startsWith('low')).sort(), ['big', 'medium']);
  assert.equal(left.filter((name) => name.startsWith('low')).length, 1, `of three one is left: ${left.join()}`);
});

test('what comes in the place of victims does not take their room, so that nobody is evicted twice', async (t) => {
  const cluster = await clusterOf(t, [{ cpus: 10 }]);
  const sets = { one: ['2', 'low'], two: ['3', 'mid'], three: ['4500m', 'late'] } as const;
  await cluster.api.create(PriorityClass, { metadata: { name: 'late' }, value: 50 });
  for (const [name, [cpu, priority]] of Object.entries(sets)) {
    const labels = { set: name };
    const template = { metadata: { labels }, spec: asking(cpu, priority) };
    const spec = { replicas: 1, selector: { matchLabels: labels }, template };
    await cluster.api.create(ReplicaSet, { metadata: { name, namespace: 'default' }, spec });
  }
  const of = (set: string): Pod[] => cluster.history.list(Pod, 'default').filter(({ metadata }) => metadata.labels?.set === set);
  await cluster.until('all run', () => Object.keys(sets).every((set) => of(set).some(({ status }) => status?.phase === 'Running')));
  const first = new Set(Object.keys(sets).flatMap((set) => of(set).map(({ metadata }) => metadata.uid)));
  const seenSince = new Map<string, string>();
  const look = (): boolean => {
    for (const set of Object.keys(sets))
      for (const { metadata } of of(set)) if (!first.has(metadata.uid)) seenSince.set(metadata.uid ?? '', set);
    return seen(cluster, 'four')?.status?.phase === 'Running';
  };
  await createPod(cluster, 'four', asking('5', 'high'));
  await cluster.until('it runs', look);
  for (let i = 0; i < 20; i++) {
    await cluster.advance(1000);
    look();
  }
  assert.deepEqual([...seenSince.values()].sort(), ['one', 'two']);
});
