import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Api, ApiError } from '@keelson/client';
import { createCSR } from '@keelson/pki';
import { CertificateSigningRequest, CSINode, Node, Pod, ResourceSlice } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../../testing/fixture.ts';

let server: Fixture;
let n1: Api;
let uid = '';
before(async () => {
  server = await startServer();
  n1 = server.as('system:node:n1', ['system:nodes', 'system:authenticated']);
  uid =
    (await n1.create(Node, { metadata: { name: 'n1', labels: { 'kubernetes.io/hostname': 'n1', mine: 'x' } }, spec: {} })).metadata.uid ??
    '';
  await server.api.create(Node, { metadata: { name: 'n2' }, spec: {} });
});
after(() => server.close());

const namespace = 'default';

async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => '',
    (error: ApiError) => (error.code === 403 ? (error.message.split(' is forbidden: ').at(-1) ?? '') : String(error.code)),
  );
}

const patchNode = (metadata: object, spec: object = {}, name = 'n1') =>
  refusal(n1.patch(Node, { name }, 'application/merge-patch+json', { metadata, spec }));

test('a node changes itself, and not what others go by', async () => {
  assert.equal(await patchNode({ labels: { 'node.kubernetes.io/x': '1', 'kubelet.kubernetes.io/y': '1', free: '1' } }), '');
  assert.equal(await patchNode({}, {}, 'n2'), 'node "n1" is not allowed to modify node "n2"');
  assert.equal(await patchNode({}, { taints: [{ key: 'a', effect: 'NoSchedule' }] }), 'node "n1" is not allowed to modify taints');
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n2', uid };
  assert.equal(await patchNode({ ownerReferences: [owner] }), 'node "n1" is not allowed to modify ownerReferences');
  for (const label of [
    'node-role.kubernetes.io/master',
    'node-restriction.kubernetes.io/a',
    'a.node-restriction.kubernetes.io/a',
    'k8s.io/b',
  ])
    assert.equal(await patchNode({ labels: { [label]: '1' } }), `is not allowed to modify labels: ${label}`);
  const n3 = server.as('system:node:n3', ['system:nodes', 'system:authenticated']);
  const labels = { 'node-role.kubernetes.io/control-plane': '' };
  const made = refusal(n3.create(Node, { metadata: { name: 'n3', labels }, spec: {} }));
  assert.equal(await made, 'is not allowed to set the following labels: node-role.kubernetes.io/control-plane');
});

const owned = (over: object = {}) => ({ apiVersion: 'v1', kind: 'Node', name: 'n1', uid, controller: true, ...over });
const mirror = (name: string, ownerReferences: readonly object[], spec: object = {}) => {
  const metadata = { namespace, annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences };
  return refusal(n1.create(Pod, podOf(name, { metadata, spec: { nodeName: 'n1', ...spec } }) as Pod));
};

test('a node makes mirrors that are its own and name nothing', async () => {
  assert.equal(await mirror('fine', [owned()]), '');
  const owner = 'node "n1" can only create pods with an owner reference set to itself';
  assert.equal(await mirror('a', []), owner);
  assert.equal(await mirror('a', [owned({ name: 'n2' })]), owner);
  assert.equal(await mirror('a', [owned({ controller: false })]), owner.replace('an owner', 'a controller owner'));
  assert.equal(await mirror('a', [owned({ uid: 'x' })]), `node "n1" UID mismatch: expected x got ${uid}`);
  assert.equal(await mirror('a', [owned()], { nodeName: 'n2' }), 'node "n1" can only create pods with spec.nodeName set to itself');
  const containers = [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 's' } }] }];
  assert.equal(await mirror('a', [owned()], { containers }), 'node "n1" can not create pods that reference secrets');
  const plain = n1.create(Pod, podOf('plain', { metadata: { namespace }, spec: { nodeName: 'n1' } }) as Pod);
  assert.match(await refusal(plain), /error looking up service account|can only create mirror pods/);
});

test('a node reports on its own pods, and does not relabel them', async () => {
  const bound = (name: string, nodeName: string) => {
    const metadata = { namespace, annotations: { 'kubernetes.io/config.mirror': 'x' } };
    return server.api.create(Pod, podOf(name, { metadata, spec: { nodeName } }) as Pod);
  };
  await bound('here', 'n1');
  await bound('there', 'n2');
  const report = (name: string, patch: object) =>
    refusal(n1.patch(Pod, { name, namespace }, 'application/merge-patch+json', patch, { subresource: 'status' }));
  assert.equal(await report('here', { status: { phase: 'Running' } }), '');
  assert.equal(await report('here', { metadata: { labels: { a: 'b' } } }), 'node "n1" cannot update labels through pod status');
  assert.equal(
    await report('there', { status: { phase: 'Failed' } }),
    'node "n1" can only update status for pods with spec.nodeName set to itself',
  );
  const gone = refusal(n1.delete(Pod, { name: 'there', namespace }, { gracePeriodSeconds: 0 }));
  assert.equal(await gone, 'node "n1" can only delete pods with spec.nodeName set to itself');
});

test('a node asks for certificates in its own name alone', async () => {
  const ask = async (commonName: string, signerName: string) => {
    const { csrPem } = await createCSR({ commonName, organizations: ['system:nodes'], dnsNames: ['n1'] });
    const spec = { request: Buffer.from(csrPem).toString('base64'), signerName, usages: ['digital signature'] };
    return refusal(n1.create(CertificateSigningRequest, { metadata: { generateName: 'csr-' }, spec }));
  };
  for (const signer of ['kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving']) {
    assert.equal(await ask('system:node:n1', signer), '');
    assert.equal(await ask('system:node:n2', signer), 'can only create a node CSR with CN=system:node:n1');
  }
});

test('a node publishes drivers and devices of its own', async () => {
  const csi = (name: string) => refusal(n1.create(CSINode, { metadata: { name }, spec: { drivers: [] } } as unknown as CSINode));
  assert.deepEqual([await csi('n1'), await csi('n2')], ['', 'can only access CSINode with the same name as the requesting node']);
  const slice = (name: string, nodeName: string) => {
    const pool = { name: nodeName, generation: 1, resourceSliceCount: 1 };
    return refusal(
      n1.create(ResourceSlice, { metadata: { name }, spec: { driver: 'd.example.com', nodeName, pool } } as unknown as ResourceSlice),
    );
  };
  assert.equal(await slice('a', 'n1'), '');
  assert.equal(await slice('b', 'n2'), 'can only create ResourceSlice with the same NodeName as the requesting node');
  assert.equal(await refusal(n1.get(ResourceSlice, { name: 'a' })), '');
  const all = n1.deleteCollection(ResourceSlice, {});
  assert.match(await refusal(all), /can only list\/watch\/deletecollection resourceslices with spec\.nodeName field selector/);
  assert.equal(await refusal(n1.deleteCollection(ResourceSlice, { fieldSelector: 'spec.nodeName=n1' })), '');
});
