import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Api, ApiError } from '@keelson/client';
import { deployment, eventually, replicaSet, service } from '@keelson/testing';
import {
  ConfigMap,
  Deployment,
  EndpointSlice,
  Endpoints,
  Event,
  Namespace,
  Node,
  Pod,
  ReplicaSet,
  Service,
  ServiceAccount,
} from '@keelson/types';
import { type ControllerCluster, startControllers } from './controllers-cluster.ts';

let cluster: ControllerCluster;
let api: Api;

before(async () => {
  cluster = await startControllers({ config: { allocateNodeCIDRs: true, clusterCIDRs: ['10.244.0.0/16'] } });
  api = cluster.api;
});

after(() => cluster.stop());

async function namespace(name: string): Promise<string> {
  await api.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return name;
}

/** A builder's object as a client would send it. */
function fresh<T extends { metadata: object; status?: unknown }>(object: T): T {
  const { uid: _u, creationTimestamp: _c, ...metadata } = object.metadata as Record<string, unknown>;
  return { ...object, metadata, status: undefined };
}

const isRolledOut = (found: Deployment, wanted: number): boolean => {
  const { updatedReplicas = 0, availableReplicas = 0, replicas = 0, observedGeneration } = found.status ?? {};
  return observedGeneration === found.metadata.generation && [updatedReplicas, availableReplicas, replicas].every((one) => one === wanted);
};

function rolledOut(key: { name: string; namespace: string }, wanted: number): Promise<Deployment> {
  return eventually(
    async () => {
      const found = await api.get(Deployment, key);
      return isRolledOut(found, wanted) ? found : undefined;
    },
    { message: `${key.name} rolled out to ${wanted}`, deadlineMs: 10_000 },
  );
}

async function gone(ask: () => Promise<unknown>): Promise<void> {
  await eventually(async () => {
    try {
      await ask();
      return false;
    } catch (error) {
      return error instanceof ApiError && error.code === 404;
    }
  });
}

test('every namespace gets its service account and the root CA', async () => {
  await namespace('born');
  await eventually(() => api.get(ServiceAccount, { namespace: 'born', name: 'default' }));
  const { data } = await eventually(() => api.get(ConfigMap, { namespace: 'born', name: 'kube-root-ca.crt' }));
  assert.deepEqual(data, { 'ca.crt': 'CA' });
});

test('nodes get a pod range and lose the taint they registered with', async () => {
  const node = await eventually(async () => {
    const found = await api.get(Node, { name: 'n1' });
    return found.spec.podCIDR && !found.spec.taints?.length ? found : undefined;
  });
  assert.deepEqual(node.spec.podCIDRs, ['10.244.0.0/24']);
});

test('a deployment is made, updated, undone, scaled and deleted with all it owns', async () => {
  const ns = await namespace('rollout');
  const key = { name: 'web', namespace: ns };
  await api.create(Deployment, fresh(deployment({ ...key, replicas: 3 })));
  const first = await rolledOut(key, 3);
  assert.equal(first.metadata.annotations?.['deployment.kubernetes.io/revision'], '1');
  assert.deepEqual(first.status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`).sort(), [
    'Available=True MinimumReplicasAvailable',
    'Progressing=True NewReplicaSetAvailable',
  ]);
  const { spec: before } = first;
  const image = { spec: { template: { spec: { containers: [{ name: 'main', image: 'registry.local/app:2' }] } } } };
  await api.patch(Deployment, key, 'application/strategic-merge-patch+json', image);
  const second = await rolledOut(key, 3);
  assert.equal(second.metadata.annotations?.['deployment.kubernetes.io/revision'], '2');
  const sets = (await api.list(ReplicaSet, { namespace: ns })).items;
  assert.deepEqual(sets.map(({ spec }) => spec.replicas).sort(), [0, 3]);
  await api.patch(Deployment, key, 'application/merge-patch+json', { spec: { template: before.template } });
  const third = await rolledOut(key, 3);
  assert.equal(third.metadata.annotations?.['deployment.kubernetes.io/revision'], '3');
  assert.equal((await api.list(ReplicaSet, { namespace: ns })).items.length, 2);
  for (const replicas of [5, 1]) {
    await api.patch(Deployment, key, 'application/merge-patch+json', { spec: { replicas } });
    await rolledOut(key, replicas);
    await eventually(async () => (await api.list(Pod, { namespace: ns })).items.length === replicas);
  }
  const events = await eventually(async () => {
    const { items } = await api.list(Event, { namespace: ns });
    return items.some(({ message }) => message?.endsWith('from 5 to 1')) ? items : undefined;
  });
  assert.ok(
    events.some(
      ({ reason, message }) => reason === 'ScalingReplicaSet' && /^Scaled up replica set web-\w+ from 0 to 3$/.test(message ?? ''),
    ),
  );
  await api.delete(Deployment, key, { propagationPolicy: 'Background' });
  await eventually(async () => (await api.list(ReplicaSet, { namespace: ns })).items.length === 0);
  await eventually(async () => (await api.list(Pod, { namespace: ns })).items.length === 0);
});

test('a deleted pod is replaced, a relabelled one released and an orphan adopted', async () => {
  const ns = await namespace('claims');
  const key = { name: 'web', namespace: ns };
  await api.create(Deployment, fresh(deployment({ ...key, replicas: 2 })));
  await rolledOut(key, 2);
  const [one, two] = (await api.list(Pod, { namespace: ns })).items;
  await api.delete(Pod, { name: one?.metadata.name ?? '', namespace: ns });
  await api.patch(Pod, { name: two?.metadata.name ?? '', namespace: ns }, 'application/merge-patch+json', {
    metadata: { labels: { app: 'other' } },
  });
  await eventually(
    async () =>
      (await api.list(Pod, { namespace: ns, labelSelector: 'app=web' })).items.filter((pod) => !pod.metadata.deletionTimestamp).length ===
      2,
  );
  await eventually(
    async () => ((await api.get(Pod, { name: two?.metadata.name ?? '', namespace: ns })).metadata.ownerReferences?.length ?? 0) === 0,
  );
  await api.delete(Deployment, key, { propagationPolicy: 'Orphan' });
  await gone(() => api.get(Deployment, key));
  const [set] = (await api.list(ReplicaSet, { namespace: ns })).items;
  assert.deepEqual(set?.metadata.ownerReferences ?? [], []);
  await api.create(Deployment, fresh(deployment({ ...key, replicas: 2 })));
  await eventually(
    async () => (await api.get(ReplicaSet, { name: set?.metadata.name ?? '', namespace: ns })).metadata.ownerReferences?.length === 1,
  );
});

test('a ReplicaSet that is scaled down while its pods are made makes no more of them', async (t) => {
  const ns = await namespace('a-slip');
  const key = { namespace: ns, name: 'web' };
  await api.create(ReplicaSet, fresh(replicaSet({ ...key, replicas: 2 ** 31 - 1, selector: { app: 'web' } })));
  let [made, gone] = [0, 0];
  for await (const { type } of api.watch(Pod, { namespace: ns, signal: t.signal })) {
    if (type === 'ADDED') made += 1;
    if (type === 'DELETED') gone += 1;
    if (type === 'ADDED' && made === 100) await api.patch(ReplicaSet, key, 'application/merge-patch+json', { spec: { replicas: 3 } });
    if (made > 100 && made - gone === 3) break;
  }
  assert.ok(made < 1_500, `${made} pods were made`);
});

test('foreground deletion lets dependents go first', async () => {
  const ns = await namespace('foreground');
  const key = { name: 'web', namespace: ns };
  await api.create(Deployment, fresh(deployment({ ...key, replicas: 2 })));
  await rolledOut(key, 2);
  await api.delete(Deployment, key, { propagationPolicy: 'Foreground' });
  await gone(() => api.get(Deployment, key));
  assert.equal((await api.list(ReplicaSet, { namespace: ns })).items.length, 0);
  assert.equal((await api.list(Pod, { namespace: ns })).items.length, 0);
});

test('Recreate stops the old pods before it starts new ones', async () => {
  const ns = await namespace('recreate');
  const key = { name: 'web', namespace: ns };
  await api.create(Deployment, fresh(deployment({ ...key, replicas: 2, spec: { strategy: { type: 'Recreate' } } })));
  await rolledOut(key, 2);
  await api.patch(Deployment, key, 'application/strategic-merge-patch+json', {
    spec: { template: { metadata: { annotations: { v: '2' } } } },
  });
  await rolledOut(key, 2);
  const pods = (await api.list(Pod, { namespace: ns })).items;
  assert.deepEqual(
    pods.map(({ metadata }) => metadata.annotations?.v),
    ['2', '2'],
  );
});

test('a service lists the pods it selects, in slices and in Endpoints', async () => {
  const ns = await namespace('services');
  await api.create(Deployment, fresh(deployment({ name: 'web', namespace: ns, replicas: 3 })));
  const { spec, ...wanted } = fresh(service({ name: 'web', namespace: ns }));
  await api.create(Service, { ...wanted, spec: { ...spec, clusterIP: undefined, clusterIPs: undefined } });
  const slice = await eventually(async () => {
    const { items } = await api.list(EndpointSlice, { namespace: ns, labelSelector: 'kubernetes.io/service-name=web' });
    return items.length === 1 && items[0]?.endpoints?.filter(({ conditions }) => conditions?.ready).length === 3 ? items[0] : undefined;
  });
  assert.deepEqual(slice.ports, [{ name: '', port: 80, protocol: 'TCP' }]);
  assert.equal(slice.endpoints?.[0]?.zone, 'z1');
  await eventually(async () => (await api.get(Endpoints, { name: 'web', namespace: ns })).subsets?.[0]?.addresses?.length === 3);
  await api.delete(Service, { name: 'web', namespace: ns });
  await eventually(async () => (await api.list(EndpointSlice, { namespace: ns })).items.length === 0);
});

test('a deleted namespace takes everything with it', async () => {
  const ns = await namespace('ending');
  await api.create(Deployment, fresh(deployment({ name: 'web', namespace: ns, replicas: 3 })));
  await rolledOut({ name: 'web', namespace: ns }, 3);
  await api.delete(Namespace, { name: ns });
  await gone(() => api.get(Namespace, { name: ns }));
  assert.equal((await api.list(Pod, { namespace: ns })).items.length, 0);
  assert.equal((await api.list(Deployment, { namespace: ns })).items.length, 0);
});
