import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import { ConfigMap, type Deployment, Namespace, Pod, ServiceAccount, type Status } from '@keelson/types';
import { deploymentOf, type Fixture, podOf, startServer } from '../testing/fixture.ts';

const clock = new SimulatedClock();
let server: Fixture;
before(async () => {
  server = await startServer({ clock });
  await server.api.create(ServiceAccount, { metadata: { name: 'default', namespace } });
});
after(() => server.close());

const namespace = 'default';
const maps = '/api/v1/namespaces/default/configmaps';
const merge = 'application/merge-patch+json';

async function configMap(name: string, finalizers: string[] = []): Promise<ConfigMap> {
  return server.api.create(ConfigMap, { metadata: { name, namespace, ...(finalizers.length > 0 ? { finalizers } : {}) } });
}

async function podOn(name: string, node: string | undefined, metadata: object = {}): Promise<Pod> {
  const spec = { terminationGracePeriodSeconds: 20, ...(node ? { nodeName: node } : {}) };
  return server.api.create(Pod, podOf(name, { metadata: { namespace, ...metadata }, spec }) as Pod);
}

test('a plain object goes at once, and a Status tells of it', async () => {
  const { metadata } = await configMap('plain');
  const { status, json } = await server.send('DELETE', `${maps}/plain`);
  assert.equal(status, 200);
  assert.deepEqual(json(), {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: 'plain', kind: 'configmaps', uid: metadata.uid },
  });
  assert.equal((await server.send('DELETE', `${maps}/plain`)).status, 404);
});

test('finalizers hold an object until the last is gone; none are added meanwhile', async () => {
  const key = { name: 'held', namespace };
  await configMap(key.name, ['example.com/a', 'example.com/b']);
  const held = (await server.api.delete(ConfigMap, key)) as ConfigMap;
  assert.deepEqual([held.metadata.deletionTimestamp, held.metadata.deletionGracePeriodSeconds], ['2026-01-01T00:00:00Z', 0]);
  assert.deepEqual(await server.api.delete(ConfigMap, key), held, 'a second delete changes nothing');
  const finalizers = (values: string[]) => server.api.patch(ConfigMap, key, merge, { metadata: { finalizers: values } });
  await assert.rejects(finalizers(['example.com/a', 'example.com/b', 'example.com/c']), {
    code: 422,
    message: /no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"example\.com\/c"\}/,
  });
  await finalizers(['example.com/b']);
  assert.equal((await server.api.get(ConfigMap, key)).metadata.finalizers?.length, 1);
  await finalizers([]);
  await assert.rejects(server.api.get(ConfigMap, key), { code: 404 });
});

test('what is not gone yet is accepted for those who ask in the old way that dependents go, too', async () => {
  await configMap('going', ['example.com/a']);
  assert.equal((await server.send('DELETE', `${maps}/going`)).status, 200);
  assert.equal((await server.send('DELETE', `${maps}/going`, { orphanDependents: false })).status, 202);
  await configMap('at-once');
  assert.equal((await server.send('DELETE', `${maps}/at-once`, { orphanDependents: false })).status, 200);
});

test('preconditions', async () => {
  const { metadata } = await configMap('conditional');
  const remove = (preconditions: object) =>
    server.send('DELETE', `${maps}/conditional`, { kind: 'DeleteOptions', apiVersion: 'v1', preconditions });
  const wrongUid = await remove({ uid: 'x' });
  assert.deepEqual(
    [wrongUid.status, wrongUid.json<Status>().message],
    [
      409,
      `Operation cannot be fulfilled on ConfigMap "conditional": the UID in the precondition (x) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    ],
  );
  assert.equal((await remove({ resourceVersion: '1' })).status, 409);
  assert.equal((await remove({ uid: metadata.uid, resourceVersion: metadata.resourceVersion })).status, 200);
});

test('propagation policies become finalizers for the garbage collector', async () => {
  const path = '/apis/apps/v1/namespaces/default/deployments';
  for (const [policy, expected] of [
    ['propagationPolicy=Orphan', ['orphan']],
    ['propagationPolicy=Foreground', ['foregroundDeletion']],
    ['orphanDependents=true', ['orphan']],
  ] as const) {
    await server.send('POST', path, deploymentOf('owner'));
    const held = (await server.send('DELETE', `${path}/owner?${policy}`)).json<Deployment>();
    assert.deepEqual(
      [held.metadata.finalizers, typeof held.metadata.deletionTimestamp, held.metadata.generation],
      [expected, 'string', 2],
      policy,
    );
    const background = await server.send('DELETE', `${path}/owner?propagationPolicy=Background`);
    assert.equal(background.json<Status>().status, 'Success', 'changing one’s mind lets it go');
  }
  await server.send('POST', path, deploymentOf('owner'));
  assert.equal((await server.send('DELETE', `${path}/owner`)).json<Status>().status, 'Success');
  const events = '/api/v1/namespaces/default/events';
  const event = { metadata: { name: 'told', finalizers: ['a.example.com/b'] }, involvedObject: { namespace: 'default' } };
  assert.equal((await server.send('POST', events, event)).status, 201);
  const told = await server.send('DELETE', `${events}/told?propagationPolicy=Foreground`);
  assert.deepEqual(told.json<Deployment>().metadata.finalizers, ['a.example.com/b'], 'nothing depends on an event');
});

test('delete options: from the body or the query, and checked', async () => {
  await configMap('options');
  const refuse = async (path: string, body: unknown, code: number, message: RegExp): Promise<void> => {
    const answer = await server.send('DELETE', `${maps}/options${path}`, body);
    assert.deepEqual([answer.status, message.test(answer.json<Status>().message ?? '')], [code, true], answer.text);
  };
  await refuse(
    '?propagationPolicy=Never',
    undefined,
    422,
    /^DeleteOptions\.meta\.k8s\.io "" is invalid: propagationPolicy: Unsupported value: "Never": supported values: "Foreground", "Background", "Orphan", "nil"$/,
  );
  await refuse(
    '',
    { propagationPolicy: 'Orphan', orphanDependents: true },
    422,
    /orphanDependents and deletionPropagation cannot be both set/,
  );
  await refuse('?dryRun=Maybe', undefined, 422, /dryRun: Unsupported value/);
  await refuse('', { dryRun: ['Maybe'] }, 422, /dryRun: Unsupported value/);
  await refuse('?gracePeriodSeconds=soon', undefined, 400, /strconv\.ParseInt: parsing "soon": invalid syntax/);
  await refuse('', '[]', 400, /json parse error/);
  await refuse('', '{', 400, /unexpected end of JSON input/);
  await refuse('', { kind: 'Pod', apiVersion: 'v1' }, 400, /Pod in version "v1" cannot be handled as a DeleteOptions/);
  await refuse(
    '',
    { gracePeriodSeconds: 'x' },
    400,
    /cannot unmarshal string into Go struct field DeleteOptions\.gracePeriodSeconds of type int64/,
  );
  assert.equal(
    (await server.send('DELETE', `${maps}/options`, { kind: 'DeleteOptions', apiVersion: 'apps/v1', dryRun: ['All'] })).status,
    200,
  );
  assert.equal((await server.send('GET', `${maps}/options`)).status, 200);
});

test('a pod on a node gets time, which can be shortened and not lengthened', async () => {
  const key = { name: 'graceful', namespace };
  await podOn(key.name, 'n1');
  const remove = async (seconds?: number) =>
    (await server.api.delete(Pod, key, seconds === undefined ? {} : { gracePeriodSeconds: seconds })) as Pod;
  const first = (await remove()).metadata;
  assert.deepEqual([first.deletionTimestamp, first.deletionGracePeriodSeconds, first.generation], ['2026-01-01T00:00:20Z', 20, 2]);
  await clock.advance(5_000);
  const longer = (await remove(60)).metadata;
  assert.deepEqual([longer.deletionTimestamp, longer.deletionGracePeriodSeconds], ['2026-01-01T00:00:20Z', 20]);
  const shorter = (await remove(10)).metadata;
  assert.deepEqual([shorter.deletionTimestamp, shorter.deletionGracePeriodSeconds], ['2026-01-01T00:00:10Z', 10]);
  const over = (await remove(3)).metadata;
  assert.deepEqual([over.deletionTimestamp, over.deletionGracePeriodSeconds], ['2026-01-01T00:00:05Z', 1], 'not into the past');
  await remove(0);
  await assert.rejects(server.api.get(Pod, key), { code: 404 });
});

test('a pod that nobody runs goes at once', async () => {
  await podOn('unscheduled', undefined);
  const { metadata } = (await server.api.delete(Pod, { name: 'unscheduled', namespace })) as Pod;
  assert.deepEqual([metadata.name, metadata.deletionGracePeriodSeconds, metadata.generation], ['unscheduled', 0, 2]);
  assert.ok(metadata.deletionTimestamp);
  await podOn('done', 'n1');
  await server.api.patch(Pod, { name: 'done', namespace }, merge, { status: { phase: 'Succeeded' } }, { subresource: 'status' });
  await server.api.delete(Pod, { name: 'done', namespace });
  assert.deepEqual((await server.api.list(Pod, { namespace })).items, []);
});

test('a collection is deleted by its selection', async () => {
  for (const [name, tier] of [
    ['c1', 'a'],
    ['c2', 'b'],
    ['c3', 'a'],
  ] as const)
    await server.api.create(ConfigMap, { metadata: { name, namespace, labels: { tier } } });
  const deleted = await server.send('DELETE', `${maps}?labelSelector=tier%3Da`);
  assert.deepEqual(
    [deleted.status, deleted.json<{ kind: string; items: unknown[] }>().kind, deleted.json<{ items: unknown[] }>().items.length],
    [200, 'ConfigMapList', 2],
  );
  const left = await server.api.list(ConfigMap, { namespace, labelSelector: 'tier' });
  assert.deepEqual(
    left.items.map(({ metadata }) => metadata.name),
    ['c2'],
  );
});

test('a namespace takes nothing new while it goes, and goes when it is finalized', async () => {
  const { api } = server;
  await api.create(Namespace, { metadata: { name: 'going' } });
  await api.create(ConfigMap, { metadata: { name: 'inside', namespace: 'going' } });
  await assert.rejects(api.delete(Namespace, { name: 'going' }, { preconditions: { uid: 'x' } }), {
    code: 409,
    message: /on namespaces "going": Precondition failed: UID in precondition: x, UID in object meta: /,
  });
  const going = (await api.delete(Namespace, { name: 'going' })) as Namespace;
  assert.deepEqual([going.status?.phase, going.spec?.finalizers], ['Terminating', ['kubernetes']]);
  assert.ok(going.metadata.deletionTimestamp && going.metadata.deletionGracePeriodSeconds === undefined, 'no time is told');
  const refused = await api.create(ConfigMap, { metadata: { name: 'late', namespace: 'going' } }).catch((error) => error);
  assert.deepEqual([refused.code, refused.status.details.causes[0].reason], [403, 'NamespaceTerminating']);
  assert.equal(
    refused.message,
    'configmaps "late" is forbidden: unable to create new content in namespace going because it is being terminated',
  );
  await api.update(Namespace, { ...going, spec: {} });
  assert.deepEqual(
    (await api.get(Namespace, { name: 'going' })).spec?.finalizers,
    ['kubernetes'],
    'finalizers only change through finalize',
  );
  const finalized = await server.send('PUT', '/api/v1/namespaces/going/finalize', {
    ...going,
    metadata: { name: 'going' },
    spec: { finalizers: [] },
  });
  assert.equal(finalized.status, 200);
  await assert.rejects(api.get(Namespace, { name: 'going' }), { code: 404 });
  await assert.rejects(api.create(ConfigMap, { metadata: { name: 'x', namespace: 'nowhere' } }), {
    code: 404,
    message: 'namespaces "nowhere" not found',
  });
  for (const name of ['default', 'kube-system', 'kube-public'])
    await assert.rejects(api.delete(Namespace, { name }), {
      code: 403,
      message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    });
});
