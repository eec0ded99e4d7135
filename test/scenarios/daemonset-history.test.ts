import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControllerRevision, DaemonSet, Pod } from '@keelson/types';
import { type Cluster, createCluster, type NodeParts } from '../src/index.ts';
import { eventsAbout, isReady } from '../src/workloads.ts';

const namespace = 'default';
const labels = { app: 'agent' };
const strategic = 'application/strategic-merge-patch+json';

async function start(t: { after(fn: () => Promise<void>): void }, spec: object = {}, node: NodeParts = {}): Promise<Cluster> {
  const cluster = await createCluster({ nodes: [node, node, node] });
  t.after(() => cluster.stop());
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'agent:1' }] } };
  await cluster.api.create(DaemonSet, {
    metadata: { name: 'agent', namespace, labels },
    spec: { selector: { matchLabels: labels }, template, ...spec },
  } as DaemonSet);
  await rolledOut(cluster);
  return cluster;
}

const all = (cluster: Cluster): Pod[] => cluster.history.list(Pod).filter(({ metadata }) => metadata.labels?.app === 'agent');
const revisions = (cluster: Cluster): ControllerRevision[] =>
  cluster.history.list(ControllerRevision).sort((a, b) => a.revision - b.revision);
const change = (cluster: Cluster, template: object, spec: object = {}): Promise<DaemonSet> =>
  cluster.api.patch(DaemonSet, { name: 'agent', namespace }, strategic, { spec: { ...spec, template } });
const image = (name: string): object => ({ spec: { containers: [{ name: 'main', image: name }] } });

/** As `kubectl rollout status` asks. */
async function rolledOut(cluster: Cluster): Promise<void> {
  await cluster.until(
    'it is rolled out',
    () => {
      const { metadata, status } = cluster.history.get(DaemonSet, 'agent') ?? {};
      const { observedGeneration, updatedNumberScheduled = 0, numberAvailable = 0, desiredNumberScheduled } = status ?? {};
      return (
        observedGeneration === metadata?.generation && updatedNumberScheduled === 3 && numberAvailable === 3 && desiredNumberScheduled === 3
      );
    },
    300_000,
  );
}

test('revisions that others make, copy and delete', async (t) => {
  const cluster = await start(t);
  const { api } = cluster;
  const [first] = revisions(cluster);
  assert.ok(first);
  assert.equal(first.metadata.ownerReferences?.[0]?.kind, 'DaemonSet');
  const { name, labels: carried, ownerReferences } = first.metadata;
  await cluster.advance(1_000);
  await api.create(ControllerRevision, { ...first, metadata: { name: 'copy', namespace, labels: carried, ownerReferences }, revision: 2 });
  await cluster.advance(5_000);
  assert.equal(revisions(cluster).length, 2, 'nobody looks before something happens to the set');
  await api.delete(ControllerRevision, { name: name ?? '', namespace });
  const before = all(cluster).map(({ metadata }) => metadata.uid);
  await change(cluster, { spec: { terminationGracePeriodSeconds: 1 } });
  await rolledOut(cluster);
  assert.deepEqual(
    revisions(cluster).map(({ revision }) => revision),
    [2, 3],
  );
  assert.ok(all(cluster).every(({ metadata }) => !before.includes(metadata.uid)));
  await api.deleteCollection(ControllerRevision, { namespace, labelSelector: 'app=agent' });
  await cluster.until('they are gone', () => revisions(cluster).length === 0);
  await api.patch(DaemonSet, { name: 'agent', namespace }, strategic, { metadata: { annotations: { looked: 'yes' } } });
  await cluster.until('the present one is there again', () => revisions(cluster).length === 1);
});

test('copies of the present revision become one, and daemons of the others its own', async (t) => {
  const cluster = await start(t, { updateStrategy: { type: 'OnDelete' } });
  const [first] = revisions(cluster);
  assert.ok(first);
  const own = { 'controller-revision-hash': 'copied', app: 'agent' };
  const { ownerReferences } = first.metadata;
  await cluster.api.create(ControllerRevision, {
    ...first,
    metadata: { name: 'copy', namespace, labels: own, ownerReferences },
    revision: 7,
  });
  await change(cluster, {}, { minReadySeconds: 1 });
  await cluster.until('one is left', () => revisions(cluster).length === 1);
  assert.equal(revisions(cluster)[0]?.metadata.name, 'copy');
  await cluster.until('all are of it', () =>
    all(cluster).every(({ metadata }) => metadata.labels?.['controller-revision-hash'] === 'copied'),
  );
  await rolledOut(cluster);
});

test('a bad image is taken back without touching daemons that never got it', async (t) => {
  const registry = (name: string) => ({ ms: 100, ...(name.startsWith('bad') ? { error: 'not found' } : {}) });
  const cluster = await start(t, {}, { model: { registry, images: [] } });
  const before = new Map(all(cluster).map(({ metadata }) => [metadata.name, metadata.uid]));
  await change(cluster, image('bad:1'));
  await cluster.until('one cannot start', () =>
    all(cluster).some(({ spec, metadata }) => spec.containers[0]?.image === 'bad:1' && !before.has(metadata.name)),
  );
  await cluster.advance(30_000);
  const kept = all(cluster).filter(isReady);
  assert.equal(kept.length, 2);
  await change(cluster, image('agent:1'));
  await rolledOut(cluster);
  const after = new Map(all(cluster).map(({ metadata }) => [metadata.name, metadata.uid]));
  assert.deepEqual(
    kept.map(({ metadata }) => after.get(metadata.name)),
    kept.map(({ metadata }) => metadata.uid),
  );
  assert.deepEqual(
    revisions(cluster).map(({ revision }) => revision),
    [2, 3],
  );
});

test('with surge, a node is never without a daemon that is ready', async (t) => {
  const cluster = await start(t, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
  let least = 3;
  let most = 3;
  cluster.history.onWrite(({ kind }) => {
    if (kind !== 'v1/Pod') return;
    least = Math.min(
      least,
      new Set(
        all(cluster)
          .filter(isReady)
          .map(({ spec }) => spec.nodeName),
      ).size,
    );
    most = Math.max(most, all(cluster).filter(({ metadata }) => !metadata.deletionTimestamp).length);
  });
  await change(cluster, image('agent:2'));
  await rolledOut(cluster);
  await cluster.until('the old ones are gone', () => all(cluster).length === 3, 60_000);
  assert.deepEqual([least, most], [3, 4]);
});

test('OnDelete: what somebody deletes comes back new; history is as long as wanted', async (t) => {
  const cluster = await start(t, { updateStrategy: { type: 'OnDelete' }, revisionHistoryLimit: 1 });
  for (const revision of [2, 3, 4]) {
    await change(cluster, image(`agent:${revision}`));
    await cluster.until('it is remembered', () => revisions(cluster).some((one) => one.revision === revision));
  }
  await cluster.until(
    'two are remembered besides the present one: the one in use, and none over it',
    () => revisions(cluster).length === 2,
  );
  assert.deepEqual(
    revisions(cluster).map(({ revision }) => revision),
    [1, 4],
  );
  const [one] = all(cluster);
  await cluster.api.delete(Pod, { name: one?.metadata.name ?? '', namespace });
  await cluster.until(
    'it comes back new',
    () => all(cluster).filter(({ spec, metadata }) => spec.containers[0]?.image === 'agent:4' && !metadata.deletionTimestamp).length === 1,
    120_000,
  );
});

test('a daemon that keeps failing is replaced later and later', async (t) => {
  const cluster = await start(t);
  const { api, clock } = cluster;
  await cluster.node('node-3').stopKubelet();
  const times: number[] = [];
  const stop = cluster.history.onWrite(({ kind, object, before }) => {
    const { metadata, spec } = object as Pod;
    if (kind !== 'v1/Pod' || spec.nodeName !== 'node-3' || (before as Pod | undefined)?.spec.nodeName) return;
    times.push(clock.now());
    const key = { name: metadata.name ?? '', namespace };
    void api.patch(Pod, key, strategic, { status: { phase: 'Failed' } }, { subresource: 'status' });
  });
  const one = all(cluster).find(({ spec }) => spec.nodeName === 'node-3');
  await api.delete(Pod, { name: one?.metadata.name ?? '', namespace }, { gracePeriodSeconds: 0 });
  await cluster.until('it failed six times', () => times.length === 6, 300_000);
  stop();
  const gaps = times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) / 1000));
  assert.deepEqual(gaps, [0, 1, 2, 4, 8]);
  const told = eventsAbout(cluster, 'agent');
  assert.ok(
    told.some((event) => /^FailedDaemonPod: Found failed daemon pod default\/agent-\w+ on node node-3, will try to kill it$/.test(event)),
  );
});
