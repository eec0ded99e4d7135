import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ClusterRole, ConfigMap, Deployment, Lease, Namespace, Node, Pod, Secret, Service, ServiceAccount } from '@keelson/types';
import { deploymentOf, type Fixture, podOf, startServer } from '../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
  await server.api.create(ServiceAccount, { metadata: { name: 'default', namespace: 'default' } });
});
after(() => server.close());

const namespace = 'default';

test('objects of several kinds live through create, get, list, update and delete', async () => {
  const { api } = server;
  const made = [
    [ConfigMap, { metadata: { name: 'one', namespace }, data: { a: '1' } }],
    [Secret, { metadata: { name: 'one', namespace }, stringData: { a: '1' } }],
    [Service, { metadata: { name: 'one', namespace }, spec: { ports: [{ port: 80 }] } }],
    [Pod, podOf('one') as Pod],
    [Deployment, deploymentOf('one') as Deployment],
    [Node, { metadata: { name: 'one' } }],
    [Namespace, { metadata: { name: 'one' } }],
    [ClusterRole, { metadata: { name: 'one' }, rules: [] }],
    [Lease, { metadata: { name: 'one', namespace }, spec: { holderIdentity: 'me' } }],
  ] as const;
  for (const [kind, object] of made) {
    const key = { name: 'one', namespace: kind.namespaced ? namespace : undefined };
    const created = await api.create(kind as typeof ConfigMap, { ...object, metadata: { ...object.metadata, ...key } } as ConfigMap);
    assert.match(created.metadata.uid ?? '', /^[0-9a-f-]{36}$/, kind.kind);
    assert.deepEqual(await api.get(kind as typeof ConfigMap, key), created, kind.kind);
    const { items } = await api.list(kind as typeof ConfigMap, { namespace: key.namespace, fieldSelector: 'metadata.name=one' });
    assert.deepEqual(items, [created], kind.kind);
    const updated = await api.update(kind as typeof ConfigMap, {
      ...created,
      metadata: { ...created.metadata, labels: { ...created.metadata.labels, x: 'y' } },
    });
    assert.notEqual(updated.metadata.resourceVersion, created.metadata.resourceVersion);
    assert.equal(updated.metadata.creationTimestamp, created.metadata.creationTimestamp);
    await assert.rejects(api.create(kind as typeof ConfigMap, { ...object, metadata: { ...object.metadata, ...key } } as ConfigMap), {
      code: 409,
      reason: 'AlreadyExists',
    });
    await api.delete(kind as typeof ConfigMap, key, { gracePeriodSeconds: 0 });
    if (kind !== Namespace) await assert.rejects(api.get(kind as typeof ConfigMap, key), { code: 404, reason: 'NotFound' });
  }
});

test('an update that changes nothing keeps the resourceVersion', async () => {
  const { api } = server;
  const map = await api.create(ConfigMap, { metadata: { name: 'same', namespace }, data: { a: '1' } });
  const { resourceVersion, ...metadata } = map.metadata;
  assert.equal((await api.update(ConfigMap, map)).metadata.resourceVersion, resourceVersion);
  assert.equal((await api.update<ConfigMap>(ConfigMap, { ...map, metadata })).metadata.resourceVersion, resourceVersion);
  const patched = await api.patch(ConfigMap, { name: 'same', namespace }, 'application/merge-patch+json', { data: { a: '1' } });
  assert.equal(patched.metadata.resourceVersion, resourceVersion);
});

test('an update that names an older version is a conflict, one that names none is not', async () => {
  const { api } = server;
  const first = await api.create(ConfigMap, { metadata: { name: 'contended', namespace } });
  await api.update(ConfigMap, { ...first, data: { a: '1' } });
  await assert.rejects(api.update(ConfigMap, { ...first, data: { a: '2' } }), {
    code: 409,
    reason: 'Conflict',
    message:
      'Operation cannot be fulfilled on configmaps "contended": the object has been modified; please apply your changes to the latest version and try again',
  });
  const updated = await api.update(ConfigMap, { metadata: { name: 'contended', namespace }, data: { a: '3' } });
  assert.deepEqual(updated.data, { a: '3' });
  const { resourceVersion: _any, ...rest } = first.metadata;
  const uid = { ...rest, uid: 'another' };
  await assert.rejects(api.update(ConfigMap, { ...first, metadata: uid }), {
    code: 409,
    reason: 'Conflict',
    message: /Precondition failed: UID in precondition: another/,
  });
  await assert.rejects(api.update(ConfigMap, { metadata: { name: 'absent', namespace } }), {
    code: 404,
    message: 'configmaps "absent" not found',
  });
});

test('kinds differ in whether an update may create, and whether it must name a version', async () => {
  const { send } = server;
  const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases/put';
  assert.equal((await send('PUT', leases, { metadata: { name: 'put' }, spec: { holderIdentity: 'a' } })).status, 201);
  const lease = await send('PUT', leases, { metadata: { name: 'put' }, spec: { holderIdentity: 'b' } });
  assert.equal(lease.status, 422);
  assert.equal(
    lease.json<{ message: string }>().message,
    'leases.coordination.k8s.io "put" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
  );
  const driver = await send('PUT', '/apis/storage.k8s.io/v1/csidrivers/absent', { metadata: { name: 'absent' }, spec: {} });
  assert.equal(driver.status, 404, driver.text);
  const runtime = await send('PUT', '/apis/node.k8s.io/v1/runtimeclasses/put', { metadata: { name: 'put' }, handler: 'h' });
  assert.equal(runtime.status, 201, runtime.text);
  const put = await send('PUT', '/apis/rbac.authorization.k8s.io/v1/clusterroles/put', { metadata: { name: 'put' }, rules: [] });
  assert.equal(put.status, 201);
  const again = await send('PUT', '/apis/rbac.authorization.k8s.io/v1/clusterroles/put', { metadata: { name: 'put' }, rules: [] });
  assert.equal(again.status, 200);
  const mismatch = await send('PUT', '/api/v1/namespaces/default/configmaps/a', { metadata: { name: 'b' } });
  assert.equal(mismatch.json<{ message: string }>().message, 'the name of the object (b) does not match the name on the URL (a)');
});

test('generateName draws names until one is free', async () => {
  const { api } = server;
  const names = new Set<string | undefined>();
  for (let i = 0; i < 20; i++) names.add((await api.create(ConfigMap, { metadata: { generateName: 'drawn-', namespace } })).metadata.name);
  assert.equal(names.size, 20);
  for (const name of names) assert.match(name ?? '', /^drawn-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  const long = await api.create(ConfigMap, { metadata: { generateName: 'x'.repeat(300), namespace } }).catch((error) => error);
  assert.equal(long.code, 422);
});

test('a dry run does everything but store', async () => {
  const { api } = server;
  const dry = await api.create(ConfigMap, { metadata: { name: 'dry', namespace }, data: { a: '1' } }, { dryRun: true });
  assert.match(dry.metadata.uid ?? '', /-/);
  assert.ok(!('resourceVersion' in dry.metadata));
  await assert.rejects(api.get(ConfigMap, { name: 'dry', namespace }), { code: 404 });
  await assert.rejects(api.create(ConfigMap, { metadata: { name: '-', namespace } }, { dryRun: true }), { code: 422 });
  const map = await api.create(ConfigMap, { metadata: { name: 'dry', namespace }, data: { a: '1' } });
  await assert.rejects(api.create(ConfigMap, { metadata: { name: 'dry', namespace } }, { dryRun: true }), {
    code: 409,
    reason: 'AlreadyExists',
  });
  const updated = await api.update(ConfigMap, { ...map, data: { a: '2' } }, { dryRun: true });
  assert.deepEqual(updated.data, { a: '2' });
  await api.delete(ConfigMap, { name: 'dry', namespace }, { dryRun: true });
  assert.deepEqual(await api.get(ConfigMap, { name: 'dry', namespace }), map);
});

test('generation counts changes of what is wanted, and of a Deployment’s annotations', async () => {
  const { api } = server;
  const key = { name: 'generations', namespace };
  const generation = async (patch: object, subresource?: string) =>
    (await api.patch(Deployment, key, 'application/merge-patch+json', patch, subresource ? { subresource } : {})).metadata.generation;
  assert.equal(
    (await api.create(Deployment, { ...(deploymentOf(key.name) as Deployment), metadata: { ...key, generation: 7 } })).metadata.generation,
    1,
  );
  assert.equal(await generation({ metadata: { labels: { a: 'b' } } }), 1);
  assert.equal(await generation({ spec: { replicas: 3 } }), 2);
  assert.equal(await generation({ metadata: { annotations: { a: 'b' } } }), 3);
  assert.equal(await generation({ status: { replicas: 3 } }, 'status'), 3);
  const service = await api.create(Service, { metadata: { name: 'ungenerated', namespace }, spec: { ports: [{ port: 80 }] } });
  assert.equal(service.metadata.generation, undefined);
});

test('status and spec are written through different doors', async () => {
  const { api } = server;
  const key = { name: 'doors', namespace };
  const status = { replicas: 9, conditions: [] };
  const created = await api.create(Deployment, { ...(deploymentOf(key.name) as Deployment), metadata: key, status });
  assert.deepEqual(created.status ?? {}, {});
  const main = await api.update(Deployment, { ...created, status: { replicas: 5 } });
  assert.equal(main.status?.replicas, undefined);
  assert.equal(main.metadata.resourceVersion, created.metadata.resourceVersion);
  const through = await api.update(
    Deployment,
    { ...created, spec: { ...created.spec, replicas: 77 }, status: { replicas: 5 } },
    { subresource: 'status' },
  );
  assert.deepEqual([through.spec?.replicas, through.status?.replicas], [1, 5]);
  assert.deepEqual(await api.get(Deployment, key), through);
  const got = await server.send('GET', '/apis/apps/v1/namespaces/default/deployments/doors/status');
  assert.deepEqual(got.json(), through);
  const merge = { 'content-type': 'application/merge-patch+json' };
  const marks = { metadata: { labels: { by: 'status' }, annotations: { by: 'status' } } };
  const marked = await server.send('PATCH', '/apis/apps/v1/namespaces/default/deployments/doors/status', marks, merge);
  const { labels, annotations } = marked.json<Deployment>().metadata;
  assert.deepEqual([labels?.by, annotations?.by], [undefined, 'status']);
});

test('scale is a view of what has replicas', async () => {
  const { api, send } = server;
  const created = await send('POST', '/apis/apps/v1/namespaces/default/deployments', deploymentOf('scaled', { replicas: 2 }));
  assert.equal(created.status, 201);
  const path = '/apis/apps/v1/namespaces/default/deployments/scaled/scale';
  type Scale = {
    kind: string;
    apiVersion: string;
    metadata: { name: string; resourceVersion: string };
    spec: { replicas?: number };
    status: { selector?: string; replicas: number };
  };
  const scale = (await send('GET', path)).json<Scale>();
  assert.deepEqual(
    [scale.kind, scale.apiVersion, scale.spec, scale.status],
    ['Scale', 'autoscaling/v1', { replicas: 2 }, { replicas: 0, selector: 'app=scaled' }],
  );
  const put = await send('PUT', path, { ...scale, spec: { replicas: 4 } });
  assert.deepEqual([put.status, put.json<Scale>().spec.replicas], [200, 4]);
  const stale = await send('PUT', path, { ...scale, spec: { replicas: 5 } });
  assert.equal(stale.status, 409);
  const patch = await send('PATCH', path, { spec: { replicas: 6 } }, { 'content-type': 'application/merge-patch+json' });
  assert.equal(patch.json<Scale>().spec.replicas, 6);
  const negative = await send('PATCH', path, { spec: { replicas: -1 } }, { 'content-type': 'application/merge-patch+json' });
  assert.deepEqual(
    [negative.status, negative.json<{ message: string }>().message],
    [422, 'Scale.autoscaling "scaled" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  );
  assert.equal((await api.get(Deployment, { name: 'scaled', namespace })).metadata.generation, 3);
});

test('twenty writers of one object: every patch counts', async () => {
  const { api } = server;
  const key = { name: 'busy', namespace };
  await api.create(ConfigMap, { metadata: key });
  await Promise.all(
    Array.from({ length: 8 }, (_, n) => api.patch(ConfigMap, key, 'application/merge-patch+json', { data: { [`k${n}`]: 'v' } })),
  );
  assert.equal(Object.keys((await api.get(ConfigMap, key)).data ?? {}).length, 8);
});
