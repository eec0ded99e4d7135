import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import { ConfigMap, Lease, Node, PersistentVolume, PersistentVolumeClaim, Pod, Secret, ServiceAccount } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../../testing/fixture.ts';
import { NodeGraph } from './node-graph.ts';

let server: Fixture;
const namespace = 'default';
before(async () => {
  server = await startServer();
  const { api } = server;
  await api.create(ServiceAccount, { metadata: { name: 'default', namespace } });
  for (const name of ['own', 'others', 'mirrored', 'mount'])
    await api.create(Secret, { metadata: { name, namespace }, data: { key: 'eA==' } });
  await api.create(ConfigMap, { metadata: { name: 'own', namespace }, data: {} });
  for (const name of ['n1', 'n2']) await api.create(Node, { metadata: { name }, spec: {} });
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: '', volumeName: 'disk' };
  await api.create(PersistentVolumeClaim, { metadata: { name: 'claim', namespace }, spec: claim } as PersistentVolumeClaim);
  await api.create(PersistentVolume, {
    metadata: { name: 'disk' },
    spec: {
      ...{ accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, claimRef: { namespace, name: 'claim' } },
      csi: { driver: 'd.example.com', volumeHandle: 'v', nodeStageSecretRef: { name: 'mount', namespace } },
    },
  } as PersistentVolume);
  const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'own', key: 'key' } } }];
  const container = { name: 'main', image: 'i', env, envFrom: [{ configMapRef: { name: 'own' } }] };
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'claim' } }];
  await api.create(Pod, podOf('here', { metadata: { namespace }, spec: { nodeName: 'n1', containers: [container], volumes } }) as Pod);
  const other = { ...container, env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'others', key: 'key' } } }] };
  await api.create(Pod, podOf('there', { metadata: { namespace }, spec: { nodeName: 'n2', containers: [other] } }) as Pod);
  await api.create(Pod, podOf('unbound', { metadata: { namespace }, spec: { containers: [other] } }) as Pod);
});
after(() => server.close());

const kubelet = (name: string): Api => server.as(`system:node:${name}`, ['system:nodes', 'system:authenticated']);

async function verdict(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.code === 403 ? (error.message.split(': ').at(-1) ?? '') : String(error.code);
  }
}

const unrelated = "no relationship found between node 'n1' and this object";

test('a kubelet reads what pods on its node refer to, and nothing else of the kind', async () => {
  const n1 = kubelet('n1');
  assert.equal(await verdict(n1.get(Secret, { name: 'own', namespace })), 'ok');
  assert.equal(await verdict(n1.list(Secret, { namespace, fieldSelector: 'metadata.name=own' })), 'ok');
  assert.equal(await verdict(n1.get(ConfigMap, { name: 'own', namespace })), 'ok');
  assert.equal(await verdict(n1.get(Secret, { name: 'others', namespace })), unrelated);
  assert.equal(await verdict(n1.get(Secret, { name: 'absent', namespace })), unrelated);
  assert.equal(await verdict(n1.get(Secret, { name: 'own', namespace: 'kube-system' })), unrelated);
  assert.equal(await verdict(n1.list(Secret, { namespace })), 'No Object name found');
  assert.equal(await verdict(n1.list(Secret, {})), 'can only read namespaced object of this type');
  assert.equal(await verdict(n1.list(Secret, { namespace, fieldSelector: 'metadata.name!=own' })), 'No Object name found');
  assert.equal(await verdict(n1.delete(Secret, { name: 'own', namespace })), 'can only read resources of this type');
});

test('volumes are reached through claims, and their Secrets through them', async () => {
  const [n1, n2] = [kubelet('n1'), kubelet('n2')];
  assert.equal(await verdict(n1.get(PersistentVolumeClaim, { name: 'claim', namespace })), 'ok');
  assert.equal(await verdict(n1.get(PersistentVolume, { name: 'disk' })), 'ok');
  assert.equal(await verdict(n1.get(Secret, { name: 'mount', namespace })), 'ok');
  for (const call of [n2.get(PersistentVolume, { name: 'disk' }), n2.get(Secret, { name: 'mount', namespace })])
    assert.equal(await verdict(call), unrelated.replace('n1', 'n2'));
  assert.equal(await verdict(n1.list(PersistentVolume, {})), 'can only get individual resources of this type');
});

test('pods, leases and nodes', async () => {
  const n1 = kubelet('n1');
  assert.equal(await verdict(n1.get(Pod, { name: 'here', namespace })), 'ok');
  assert.equal(await verdict(n1.get(Pod, { name: 'there', namespace })), unrelated);
  assert.equal(await verdict(n1.list(Pod, { fieldSelector: 'spec.nodeName=n1' })), 'ok');
  for (const fieldSelector of ['spec.nodeName=n2', 'spec.nodeName!=n2', 'metadata.name=here', ''])
    assert.equal(
      await verdict(n1.list(Pod, { fieldSelector })),
      'can only list/watch pods with spec.nodeName field selector',
      fieldSelector,
    );
  const lease = (name: string, where = 'kube-node-lease') => verdict(n1.get(Lease, { name, namespace: where }));
  assert.equal(await lease('n1'), '404');
  assert.equal(await lease('n2'), 'can only access node lease with the same name as the requesting node');
  assert.equal(await lease('n1', 'kube-system'), 'can only access leases in the "kube-node-lease" system namespace');
  assert.equal(await verdict(n1.get(Node, { name: 'n1' })), 'ok');
  assert.equal(await verdict(n1.list(Node, { fieldSelector: 'metadata.name=n1' })), 'ok');
  assert.equal(await verdict(n1.get(Node, { name: 'n2' })), "node 'n1' cannot read 'n2', only its own Node object");
  assert.equal(await verdict(n1.list(Node, {})), "node 'n1' cannot read all nodes, only its own Node object");
  const alone = server.as('system:node:', ['system:nodes', 'system:authenticated']);
  assert.equal(await verdict(alone.list(Node, {})), 'unknown node for user "system:node:"');
  assert.notEqual(await verdict(server.as('system:node:n1').get(Secret, { name: 'own', namespace })), 'ok', 'the group is needed, too');
});

test('a relationship ends with the pod', async () => {
  const { api } = server;
  const containers = [{ name: 'main', image: 'i', envFrom: [{ secretRef: { name: 'others' } }] }];
  await api.create(Pod, podOf('brief', { metadata: { namespace }, spec: { nodeName: 'n1', containers } }) as Pod);
  const read = () => verdict(kubelet('n1').get(Secret, { name: 'others', namespace }));
  assert.equal(await read(), 'ok');
  await api.delete(Pod, { name: 'brief', namespace }, { gracePeriodSeconds: 0 });
  assert.equal(await read(), unrelated);
});

test('a mirror pod lets its node read nothing', async () => {
  const metadata = { namespace, annotations: { 'kubernetes.io/config.mirror': 'x' } };
  const containers = [{ name: 'main', image: 'i', envFrom: [{ secretRef: { name: 'mirrored' } }] }];
  await server.api.create(Pod, podOf('mirror', { metadata, spec: { nodeName: 'n1', containers } }) as Pod);
  assert.equal(await verdict(kubelet('n1').get(Secret, { name: 'mirrored', namespace })), unrelated);
  assert.equal(await verdict(kubelet('n1').get(Pod, { name: 'mirror', namespace })), 'ok');
});

test('whatever comes and goes, the graph knows what is left', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const draw = (below: number): number => Math.floor(random.next() * below);
    const pods = new Map<string, { node: string; references: string[] }>();
    const graph = new NodeGraph((node) =>
      [...pods.values()].filter((one) => one.node === node).map(({ references }) => new Set(references)),
    );
    const volumes = new Map<string, { claim: string; secrets: string[] }>();
    for (let step = 0; step < 60; step++) {
      const [pod, volume] = [`pod${draw(5)}`, `volume${draw(3)}`];
      const some = (kind: string): string[] => [0, 1, 2].filter(() => draw(2)).map((n) => `${kind}${n}`);
      const action = draw(4);
      if (action === 0) pods.delete(pod);
      if (action === 1) pods.set(pod, { node: `node${draw(2)}`, references: [...some('secret'), ...some('claim')] });
      if (action === 2) volumes.set(volume, { claim: `claim${draw(3)}`, secrets: some('secret') });
      if (action === 3) volumes.delete(volume);
      graph.setVolume(volume, volumes.get(volume));
      const node = `node${draw(2)}`;
      const direct = new Set([...pods.values()].filter((one) => one.node === node).flatMap(({ references }) => references));
      const mounted = [...volumes].filter(([, { claim }]) => direct.has(claim));
      const wanted = new Set([...direct, ...mounted.flatMap(([name, { secrets }]) => [name, ...secrets])]);
      for (const reference of ['secret0', 'secret1', 'secret2', 'claim0', 'claim1', 'volume0', 'volume1', 'volume2'])
        assert.equal(graph.reaches(node, reference), wanted.has(reference), `seed ${seed}, step ${step}: ${node} ${reference}`);
    }
  }
});
