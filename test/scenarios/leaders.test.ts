import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lease, Pod } from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';
import { createDeployment, createPod, isReady, podsOf, scale, settledAt } from '../src/workloads.ts';

function holder(cluster: Cluster): string | undefined {
  return cluster.history.get(Lease, 'kube-scheduler', 'kube-system')?.spec?.holderIdentity ?? undefined;
}

test('two schedulers: one leads; when it dies the other leads once the lease has run out', async (t) => {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  const second = cluster.createScheduler('scheduler-2');
  second.start();
  t.after(async () => second.kill());
  await cluster.advance(60_000);
  assert.equal(holder(cluster), 'scheduler-1');
  assert.deepEqual([cluster.scheduler.leads, second.leads], [true, false]);
  await createPod(cluster, 'first');
  await cluster.until('the first pod runs', () => podsOf(cluster, 'first').some(isReady));

  cluster.scheduler.kill();
  const died = cluster.clock.now();
  await createPod(cluster, 'second');
  await cluster.advance(10_000);
  assert.equal(cluster.history.get(Pod, 'second')?.spec?.nodeName, undefined, 'the lease of 15 s still stands');
  await cluster.until('the other leads', () => holder(cluster) === 'scheduler-2' && second.leads);
  const waited = cluster.clock.now() - died;
  assert.ok(waited >= 11_000 && waited < 21_000, `waited ${waited} ms`);
  await cluster.until('the second pod runs', () => podsOf(cluster, 'second').some(isReady), 5_000);
  assert.equal(cluster.history.get(Lease, 'kube-scheduler', 'kube-system')?.spec?.leaseTransitions, 1);

  cluster.scheduler.start();
  await cluster.advance(60_000);
  assert.deepEqual([cluster.scheduler.leads, second.leads], [false, true], 'who comes back waits');
});

test('an API server that is away longer than the lease: leaders give up, and all goes on when it is back', async (t) => {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  await createDeployment(cluster);
  await cluster.until('3 pods are ready', () => settledAt(cluster, 3));
  await cluster.stopServer();
  await cluster.advance(30_000);
  assert.deepEqual([cluster.scheduler.leads, cluster.controllerManager.leads], [false, false]);
  await cluster.startServer();
  await scale(cluster, 5);
  await cluster.until('5 pods are ready', () => settledAt(cluster, 5));
  assert.ok([...cluster.nodes.keys()].every((name) => cluster.isReady(name)));
});

test('connections that break cost nothing but a new watch', async (t) => {
  const cluster = await createCluster();
  t.after(() => cluster.stop());
  await createDeployment(cluster);
  for (let round = 0; round < 5; round++) {
    cluster.scheduler.cut();
    cluster.controllerManager.cut();
    for (const node of cluster.nodes.values()) node.cut();
    await scale(cluster, 3 + round);
    await cluster.until('the pods are ready', () => settledAt(cluster, 3 + round));
  }
});
