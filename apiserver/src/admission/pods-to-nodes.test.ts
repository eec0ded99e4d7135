import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Namespace, Node, Pod } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../testing/fixture.ts';

const zone = 'topology.kubernetes.io/zone';
const region = 'topology.kubernetes.io/region';

let server: Fixture;
before(async () => {
  server = await startServer({ disabledAdmission: ['ServiceAccount'] });
  await server.api.create(Namespace, { metadata: { name: 'a' } });
  const labels = { [zone]: 'z1', [region]: 'r1', disk: 'fast', 'kubernetes.io/os': 'linux' };
  const status = { allocatable: { cpu: '2', memory: '1Gi' } };
  await server.api.create(Node, { metadata: { name: 'near', labels }, spec: {}, status } as unknown as Node);
  await server.api.create(Node, { metadata: { name: 'plain' }, spec: {} } as Node);
});
after(() => server.close());

let count = 0;
async function make(labels: Record<string, string>, spec: object = {}): Promise<string> {
  const pod = podOf(`p${count++}`) as Pod;
  const metadata = { ...pod.metadata, namespace: 'a', labels };
  await server.api.create(Pod, { ...pod, metadata, spec: { ...pod.spec, ...spec } } as Pod);
  return metadata.name ?? '';
}

async function bind(name: string, node: string, metadata: object = {}): Promise<Pod> {
  const target = { kind: 'Node', name: node };
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, ...metadata }, target };
  const answer = await server.send('POST', `/api/v1/namespaces/a/pods/${name}/binding`, binding);
  assert.equal(answer.status, 201, answer.text);
  return server.api.get(Pod, { namespace: 'a', name });
}

test('a bound pod has the zone and region of its node as labels, over its own', async () => {
  const bound = await bind(await make({ app: 'a', [zone]: 'mine' }), 'near');
  assert.deepEqual(bound.metadata.labels, { app: 'a', [zone]: 'z1', [region]: 'r1' });
});

test("a binding's own labels and annotations go to the pod, the node's over them", async () => {
  const metadata = { labels: { [zone]: 'asked', extra: 'x', app: 'b' }, annotations: { note: 'n' } };
  const bound = await bind(await make({ app: 'a' }), 'near', metadata);
  assert.deepEqual(bound.metadata.labels, { app: 'b', extra: 'x', [zone]: 'z1', [region]: 'r1' });
  assert.equal(bound.metadata.annotations?.note, 'n');
});

test("a binding is nobody's field and no new generation, as upstream", async () => {
  const name = await make({ app: 'a' });
  const { metadata } = await server.api.get(Pod, { namespace: 'a', name });
  const bound = await bind(name, 'plain');
  assert.deepEqual([bound.spec.nodeName, bound.metadata.generation], ['plain', 1]);
  assert.deepEqual(bound.metadata.managedFields, metadata.managedFields);
});

test('nodes without such labels, and nodes that are not there, change nothing', async () => {
  assert.deepEqual((await bind(await make({ app: 'a' }), 'plain')).metadata.labels, { app: 'a' });
  assert.deepEqual((await bind(await make({ app: 'a' }), 'nowhere')).metadata.labels, { app: 'a' });
});

test('a pod that is made on a node has them too', async () => {
  const name = await make({ app: 'a', [region]: 'mine' }, { nodeName: 'near' });
  assert.deepEqual((await server.api.get(Pod, { namespace: 'a', name })).metadata.labels, { app: 'a', [zone]: 'z1', [region]: 'r1' });
});

test('a binding means one pod in one state', async () => {
  const name = await make({});
  const binding = (metadata: object) => ({ apiVersion: 'v1', kind: 'Binding', metadata, target: { kind: 'Node', name: 'plain' } });
  const send = (metadata: object) => server.send('POST', `/api/v1/namespaces/a/pods/${name}/binding`, binding({ name, ...metadata }));
  const stale = await send({ resourceVersion: '1' });
  assert.deepEqual([stale.status, /ResourceVersion in precondition: 1,/.test(stale.text)], [409, true]);
  assert.equal((await send({ uid: 'other' })).status, 409);
  assert.equal((await send({})).status, 201);
});

test('a bound pod is not resized beyond its node', async () => {
  const name = await make({}, { nodeName: 'near' });
  const resize = (cpu: string) =>
    server.send(
      'PATCH',
      `/api/v1/namespaces/a/pods/${name}/resize`,
      { spec: { containers: [{ name: (podOf('x') as Pod).spec.containers[0]?.name, resources: { requests: { cpu } } }] } },
      { 'content-type': 'application/strategic-merge-patch+json' },
    );
  assert.match(
    (await resize('3')).text,
    /Pod QOS Class may not change|Node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000/,
  );
});
