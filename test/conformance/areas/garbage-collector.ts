import assert from 'node:assert/strict';
import { sleep, systemClock } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { eventually } from '@keelson/testing';
import type { Pod, ReplicaSet, ReplicationController } from '@keelson/types';
import type { Context } from '../context.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-api-machinery] Garbage collector';
const merge = { 'content-type': 'application/strategic-merge-patch+json' };
/** Milliseconds in which a collector that takes what it should not would have taken it. */
const patience = 3000;
const waiting = { deadlineMs: 90_000 };

const paths = ({ namespace }: Context) => ({
  pods: `/api/v1/namespaces/${namespace}/pods`,
  rcs: `/api/v1/namespaces/${namespace}/replicationcontrollers`,
  deployments: `/apis/apps/v1/namespaces/${namespace}/deployments`,
  replicaSets: `/apis/apps/v1/namespaces/${namespace}/replicasets`,
});
const containers = [{ name: 'nginx', image: 'registry.k8s.io/e2e-test-images/nginx:1.14-4' }];

type Owned = KubeObject & Pick<Pod, 'metadata'>;
const list = async (c: Context, path: string): Promise<Owned[]> => (await c.must<{ items: Owned[] }>({ path })).items;
const remain = async (c: Context, counts: Readonly<Record<string, number>>): Promise<boolean> => {
  const found = await Promise.all(Object.keys(counts).map(async (path) => (await list(c, path)).length));
  return found.every((count, index) => count === Object.values(counts)[index]);
};

function owner(c: Context, name: string, replicas: number, labels: Record<string, string>): Promise<ReplicationController> {
  const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers } };
  const body = { metadata: { name }, spec: { replicas, selector: labels, template } };
  return c.must<ReplicationController>({ method: 'POST', path: paths(c).rcs, body });
}

async function settled(c: Context, { metadata, spec }: ReplicationController): Promise<void> {
  const path = `${paths(c).rcs}/${metadata.name}`;
  await eventually(async () => (await c.must<ReplicationController>({ path })).status?.replicas === spec?.replicas, waiting);
}

/** Half of what the nodes take, from ten to a hundred. */
async function many(c: Context): Promise<number> {
  const { items } = await c.must<{ items: { status: { allocatable: { pods: string } } }[] }>({ path: '/api/v1/nodes' });
  const room = items.reduce((sum, { status }) => sum + Number(status.allocatable.pods), 0);
  return Math.max(10, Math.min(100, Math.floor(room / 2)));
}

const drop = (c: Context, path: string, { metadata }: Owned, propagationPolicy: string): Promise<object> =>
  c.must({
    ...{ method: 'DELETE', path: `${path}/${metadata.name}` },
    body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy, preconditions: { uid: metadata.uid } },
  });

async function deployment(c: Context): Promise<{ made: Owned; replicaSet: ReplicaSet }> {
  const labels = { app: c.unique('gctest') };
  const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers } };
  const body = { metadata: { name: 'simpletest.deployment' }, spec: { replicas: 2, selector: { matchLabels: labels }, template } };
  const made = await c.must<Owned>({ method: 'POST', path: paths(c).deployments, body });
  const replicaSet = (await eventually(async () => (await list(c, paths(c).replicaSets))[0], waiting)) as ReplicaSet;
  return { made, replicaSet };
}

export const garbageCollector: Specs = {
  async [`${area} should delete pods created by rc when not orphaning`](c) {
    const { pods, rcs } = paths(c);
    const rc = await owner(c, 'simpletest.rc', 2, { gctest: 'delete-pods' });
    await eventually(async () => (await list(c, pods)).length > 0, waiting);
    await drop(c, rcs, rc, 'Background');
    await eventually(() => remain(c, { [rcs]: 0, [pods]: 0 }), waiting);
  },

  async [`${area} should orphan pods created by rc if delete options say so [Serial]`](c) {
    const { pods, rcs } = paths(c);
    const count = await many(c);
    const rc = await owner(c, 'simpletest.rc', count, { gctest: 'orphan-pods' });
    await settled(c, rc);
    await drop(c, rcs, rc, 'Orphan');
    await eventually(() => remain(c, { [rcs]: 0 }), waiting);
    await sleep(systemClock, patience);
    const left = await list(c, pods);
    assert.equal(left.length, count);
    for (const { metadata } of left) assert.deepEqual([metadata.ownerReferences ?? [], metadata.deletionTimestamp], [[], undefined]);
  },

  async [`${area} should delete RS created by deployment when not orphaning`](c) {
    const { pods, deployments, replicaSets } = paths(c);
    const { made } = await deployment(c);
    await drop(c, deployments, made, 'Background');
    await eventually(() => remain(c, { [deployments]: 0, [replicaSets]: 0, [pods]: 0 }), waiting);
  },

  async [`${area} should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan`](c) {
    const { pods, deployments, replicaSets } = paths(c);
    const { made, replicaSet } = await deployment(c);
    const path = `${replicaSets}/${replicaSet.metadata.name}`;
    const ready = async (): Promise<boolean> => {
      const { status } = await c.must<ReplicaSet>({ path });
      return (status?.observedGeneration ?? 0) >= (replicaSet.metadata.generation ?? 0) && status?.replicas === replicaSet.spec?.replicas;
    };
    await eventually(ready, waiting);
    await drop(c, deployments, made, 'Orphan');
    await eventually(() => remain(c, { [deployments]: 0 }), waiting);
    assert.deepEqual([(await list(c, replicaSets)).length, (await list(c, pods)).length], [1, 2]);
    for (const { metadata } of await list(c, replicaSets))
      assert.equal(
        metadata.ownerReferences?.find(({ controller }) => controller),
        undefined,
      );
  },

  async [`${area} should keep the rc around until all its pods are deleted if the deleteOptions says so [Serial]`](c) {
    const { pods, rcs } = paths(c);
    const rc = await owner(c, 'simpletest.rc', await many(c), { gctest: 'foreground' });
    await settled(c, rc);
    await drop(c, rcs, rc, 'Foreground');
    await eventually(async () => (await c.ask({ path: `${rcs}/simpletest.rc` })).status === 404, waiting);
    assert.deepEqual(await list(c, pods), []);
  },

  async [`${area} should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted [Serial]`](
    c,
  ) {
    const { pods, rcs } = paths(c);
    const count = await many(c);
    const leaving = await owner(c, 'simpletest-rc-to-be-deleted', count, { gctest: 'leaving' });
    const staying = await owner(c, 'simpletest-rc-to-stay', 0, { gctest: 'staying' });
    await settled(c, leaving);
    const half = Math.floor(count / 2);
    const { name, uid } = staying.metadata;
    const body = { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ReplicationController', name, uid }] } };
    for (const { metadata } of (await list(c, pods)).slice(0, half))
      await c.must({ method: 'PATCH', path: `${pods}/${metadata.name}`, headers: merge, body });
    await drop(c, rcs, leaving, 'Foreground');
    await eventually(async () => (await c.ask({ path: `${rcs}/${leaving.metadata.name}` })).status === 404, waiting);
    const left = await list(c, pods);
    assert.equal(left.length, half);
    for (const { metadata } of left) assert.deepEqual([metadata.deletionTimestamp, metadata.ownerReferences?.length], [undefined, 1]);
  },

  async [`${area} should not be blocked by dependency circle`](c) {
    const { pods } = paths(c);
    const made: Owned[] = [];
    for (const name of ['pod1', 'pod2', 'pod3']) {
      const body = { metadata: { name }, spec: { terminationGracePeriodSeconds: 0, containers } };
      made.push(await c.must<Owned>({ method: 'POST', path: pods, body }));
    }
    for (const [index, { metadata }] of made.entries()) {
      const { name, uid } = made.at(index - 1)?.metadata ?? {};
      const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true, blockOwnerDeletion: true }];
      await c.must({ method: 'PATCH', path: `${pods}/${metadata.name}`, headers: merge, body: { metadata: { ownerReferences } } });
    }
    await drop(c, pods, made[0] as Owned, 'Foreground');
    await eventually(() => remain(c, { [pods]: 0 }), waiting);
  },
};
