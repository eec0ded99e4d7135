import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Api, ApiError } from '@keelson/client';
import { createCSR } from '@keelson/pki';
import { CertificateSigningRequest, ClusterRole, ClusterRoleBinding } from '@keelson/types';
import { type Fixture, startServer } from '../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
  await grant('approver', 'approve', ['kubernetes.io/kube-apiserver-client']);
  await grant('domain', 'approve', ['kubernetes.io/*']);
  await grant('signer', 'sign', ['kubernetes.io/kube-apiserver-client']);
});
after(() => server.close());

const apiGroups = ['certificates.k8s.io'];

/** A user of this name who may write all of a request, and has one verb on these signers. */
async function grant(name: string, verb: string, resourceNames: string[]): Promise<void> {
  const resources = ['certificatesigningrequests', 'certificatesigningrequests/approval', 'certificatesigningrequests/status'];
  const rules = [
    { apiGroups, resources, verbs: ['create', 'get', 'update', 'patch'] },
    { apiGroups, resources: ['signers'], verbs: [verb], resourceNames },
  ];
  await server.api.create(ClusterRole, { metadata: { name }, rules });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
  await server.api.create(ClusterRoleBinding, { metadata: { name }, roleRef, subjects: [{ kind: 'User', name }] });
}

async function make(api: Api, name: string, organizations: string[], signerName = 'kubernetes.io/kube-apiserver-client'): Promise<unknown> {
  const { csrPem } = await createCSR({ commonName: 'ann', organizations });
  const request = Buffer.from(csrPem).toString('base64');
  return api.create(CertificateSigningRequest, { metadata: { name }, spec: { request, signerName, usages: ['client auth'] } });
}

const approved = { type: 'Approved', status: 'True', reason: 'Fine', message: 'it is' };
const certificate = Buffer.from('-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n').toString('base64');
const set = (api: Api, name: string, subresource: string, status: object): Promise<unknown> =>
  api.patch(CertificateSigningRequest, { name }, 'application/merge-patch+json', { status }, { subresource });

async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => '',
    (error: ApiError) => `${error.code} ${error.message.split(' is forbidden: ').at(-1)}`,
  );
}

test('to approve needs approve on the signer, or on its domain', async () => {
  const name = 'approval';
  await make(server.api, name, []);
  const refused = '403 user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"';
  assert.equal(await refusal(set(server.as('signer'), name, 'approval', { conditions: [approved] })), refused);
  assert.equal(await refusal(set(server.as('approver'), name, 'approval', { conditions: [approved] })), '');
  await make(server.api, 'foreign', [], 'example.com/mine');
  for (const who of ['approver', 'domain'])
    assert.match(await refusal(set(server.as(who), 'foreign', 'approval', { conditions: [approved] })), /example\.com\/mine/);
  await make(server.api, 'own', []);
  assert.equal(await refusal(set(server.as('domain'), 'own', 'approval', { conditions: [approved] })), '');
});

test('to sign needs sign on the signer; the approver may not', async () => {
  const name = 'signing';
  await make(server.api, name, []);
  const refused = '403 user not permitted to sign requests with signerName "kubernetes.io/kube-apiserver-client"';
  assert.equal(await refusal(set(server.as('approver'), name, 'status', { certificate })), refused);
  assert.equal(await refusal(set(server.as('signer'), name, 'status', { certificate })), '');
  const patch = { metadata: { annotations: { a: 'b' } } };
  const annotate = server
    .as('approver')
    .patch(CertificateSigningRequest, { name }, 'application/merge-patch+json', patch, { subresource: 'status' });
  assert.equal(await refusal(annotate), '', 'what signs nothing needs no right to sign');
});

test('nobody is made a master by a certificate', async () => {
  const why = '403 use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed';
  assert.equal(await refusal(make(server.api, 'masters', ['system:masters'])), why);
  assert.equal(await refusal(make(server.api, 'masters', ['devs', 'system:masters'])), why);
  assert.equal(await refusal(make(server.api, 'others', ['system:masters'], 'example.com/mine')), '', 'of other signers nothing is known');
});

test('who asks is what the server says, then and later', async () => {
  const { csrPem } = await createCSR({ commonName: 'ann' });
  const spec = { request: Buffer.from(csrPem).toString('base64'), signerName: 'example.com/mine', usages: ['client auth'] };
  const api = server.as('approver', ['devs']);
  const made = await api.create(CertificateSigningRequest, {
    metadata: { name: 'forged' },
    spec: { ...spec, username: 'system:admin', groups: ['system:masters'], uid: '1', extra: { a: ['b'] } },
  });
  assert.deepEqual(
    [made.spec.username, made.spec.groups, made.spec.uid, made.spec.extra],
    ['approver', ['devs', 'system:authenticated'], undefined, undefined],
  );
  const forged = { ...made, spec: { ...made.spec, username: 'system:admin', groups: ['system:masters'] } };
  const next = await api.update(CertificateSigningRequest, forged);
  assert.equal(next.spec.username, 'approver');
  const tampered = `${csrPem.slice(0, 200)}${csrPem[200] === 'A' ? 'B' : 'A'}${csrPem.slice(201)}`;
  await assert.rejects(
    api.create(CertificateSigningRequest, {
      metadata: { name: 'tampered' },
      spec: { ...spec, request: Buffer.from(tampered).toString('base64') },
    }),
    { code: 422 },
  );
});
